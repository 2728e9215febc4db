"""Work beside the process: done once the block has ended, by whomever, or its error is raised."""

import os
import threading

import pytest

from sparse_lightning.report import writing as module
from sparse_lightning.report.writing import beside


@pytest.fixture(params=["forked", "here"])
def forked(request, monkeypatch):
    """Whether a copy of the process works, whatever threads the tests have."""
    monkeypatch.setattr(module, "_can_fork", lambda: request.param == "forked")
    return request.param == "forked"


def test_the_work_is_done_when_the_block_has_ended(forked, tmp_path):
    file = tmp_path / "pid"
    with beside(lambda: file.write_text(str(os.getpid()))):
        pass
    assert (int(file.read_text()) != os.getpid()) == forked


@pytest.mark.usefixtures("forked")
def test_an_error_of_the_work_is_raised_here(tmp_path, capfd):
    with (
        pytest.raises(FileNotFoundError, match="nowhere"),
        beside(lambda: (tmp_path / "nowhere" / "file").write_text("")),
    ):
        pass
    assert capfd.readouterr() == ("", "")


def test_an_error_of_the_block_ends_the_work(monkeypatch):
    monkeypatch.setattr(module, "_can_fork", lambda: True)
    with pytest.raises(ZeroDivisionError), beside(threading.Event().wait):
        raise ZeroDivisionError


def test_a_process_that_hangs_is_ended_and_its_work_done_here(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_can_fork", lambda: True)
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    parent = os.getpid()

    def work():
        if os.getpid() != parent:
            threading.Event().wait()
        (tmp_path / "done").touch()

    with beside(work):
        pass
    assert (tmp_path / "done").exists()


def test_a_process_with_other_threads_is_not_forked():
    leave = threading.Event()
    other = threading.Thread(target=leave.wait)
    other.start()
    found = module._can_fork()
    leave.set()
    other.join()
    assert found is False
