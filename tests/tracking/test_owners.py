import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

from sparse_lightning.errors import SearchError
from sparse_lightning.tracking import owners
from sparse_lightning.tracking.owners import RELEASED, Heartbeat, at_work, now, this_process


def test_this_process_is_at_work_until_it_lets_go():
    assert at_work(this_process(), {})
    assert not at_work(RELEASED, {})


def test_a_process_that_ended_is_not_at_work():
    script = "from sparse_lightning.tracking.owners import this_process; print(this_process())"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert not at_work(ended.stdout.strip(), {})


def test_a_number_that_is_used_again_is_another_process():
    host, number, _ = this_process().rsplit(" ", 2)
    assert not at_work(f"{host} {number} 12.00", {})


def test_a_process_elsewhere_is_at_work_as_long_as_it_says_so():
    elsewhere = "elsewhere 1 12.00"
    long_ago = (datetime.now(UTC) - owners.LEASE - timedelta(seconds=1)).isoformat()
    assert at_work(elsewhere, {elsewhere: now()})
    assert not at_work(elsewhere, {elsewhere: long_ago})
    assert not at_work(elsewhere, {})


def test_the_heart_beats_on_over_a_failure_and_stops_at_the_end(monkeypatch):
    monkeypatch.setattr(owners, "BEAT", 0.001)
    beats, enough = [], threading.Event()

    def beat():
        beats.append(len(beats))
        if len(beats) > 2:
            enough.set()
        raise SearchError("the storage is away for a moment")

    with Heartbeat(beat):
        assert enough.wait(20)
    assert not any("_go_on" in thread.name for thread in threading.enumerate())
