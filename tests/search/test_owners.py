import subprocess
import sys

from sparse_lightning.search.owners import RELEASED, at_work, this_process


def test_this_process_is_at_work_until_it_lets_go():
    assert at_work(this_process())
    assert not at_work(RELEASED)


def test_a_process_that_ended_is_not_at_work():
    script = "from sparse_lightning.search.owners import this_process; print(this_process())"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert not at_work(ended.stdout.strip())


def test_a_number_that_is_used_again_is_another_process():
    host, number, _ = this_process().rsplit(" ", 2)
    assert not at_work(f"{host} {number} 12.00")


def test_of_other_machines_nothing_is_known():
    assert at_work("elsewhere 1 12.00")
