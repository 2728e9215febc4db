"""What is kept of a study beside its report: begun, gone on with, refused, removed."""

import os
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest
import torch

from sparse_lightning.errors import CheckpointError, StudyInUseError, TrackingError, TrainingError
from sparse_lightning.project import Project
from sparse_lightning.training.checkpoints import FolderCheckpoints
from sparse_lightning.workflows.unfinished import identity_of, unfinished

SETTINGS = {"training.epochs": 3, "training.seeds": (1, 2)}


def stopped(folder, error=TrackingError, settings=SETTINGS, fresh=False):
    """Begin a study there that ends with an error."""
    job, ended = None, error("it ends here")

    def begin():
        nonlocal job
        with unfinished(folder, settings, fresh) as job:
            (job.folder / "fit").touch()
            raise ended

    with pytest.raises(error):
        begin()
    return job


def test_a_finished_study_leaves_nothing(tmp_path):
    with unfinished(tmp_path, SETTINGS, fresh=False) as job:
        assert not job.resumed
        assert job.folder.is_dir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [TrackingError, OSError, KeyboardInterrupt, ValueError])
def test_a_study_that_was_stopped_goes_on(tmp_path, error):
    first = stopped(tmp_path, error)
    with unfinished(tmp_path, SETTINGS, fresh=False) as job:
        assert job.resumed
        assert job.key == first.key
        assert (job.folder / "fit").exists()


def test_another_study_is_not_put_in_its_place(tmp_path):
    stopped(tmp_path)
    other = {**SETTINGS, "training.epochs": 4}
    message = r"other settings: training.epochs was 3 and is 4 now\. .* with --fresh, or name"
    with pytest.raises(CheckpointError, match=message), unfinished(tmp_path, other, False):
        raise AssertionError
    with unfinished(tmp_path, SETTINGS, fresh=False) as job:
        assert job.resumed


def test_how_long_a_store_is_waited_for_is_nothing_that_networks_depend_on():
    table = SimpleNamespace(digest="0" * 64)
    settings = {"table": {"source": "wine"}, "network": {"units": [2]}}
    patient = Project(**settings, tracking={"patience": 600})
    assert identity_of(patient, table) == identity_of(Project(**settings), table)
    longer = Project(**settings, training={"epochs": 7})
    assert identity_of(longer, table) != identity_of(Project(**settings), table)


def test_one_that_failed_by_its_settings_makes_place(tmp_path):
    first = stopped(tmp_path, TrainingError)
    again = stopped(tmp_path, TrainingError)
    assert again.resumed
    with unfinished(tmp_path, {**SETTINGS, "training.epochs": 4}, fresh=False) as job:
        assert not job.resumed
        assert job.key != first.key
        assert not (job.folder / "fit").exists()


def test_a_study_begins_anew_when_asked_to(tmp_path):
    first = stopped(tmp_path)
    with unfinished(tmp_path, SETTINGS, fresh=True) as job:
        assert not job.resumed
        assert job.key != first.key
        assert not (job.folder / "fit").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": "k"}', '{"key": 1, "made_with": []}'])
def test_what_describes_no_study_is_refused(tmp_path, content):
    job = stopped(tmp_path)
    (job.folder / "study.json").write_text(content)
    with (
        pytest.raises(CheckpointError, match=r"does not describe an unfinished study .* --fresh"),
        unfinished(tmp_path, SETTINGS, fresh=False),
    ):
        raise AssertionError


def test_the_second_of_two_at_once_is_refused(tmp_path):
    with unfinished(tmp_path, SETTINGS, fresh=False) as job:
        message = rf"another process is at work .* \(process {os.getpid()} on .*\); wait"
        for fresh in (False, True):
            with (
                pytest.raises(StudyInUseError, match=message),
                unfinished(tmp_path, SETTINGS, fresh),
            ):
                raise AssertionError
        assert job.folder.is_dir()


@pytest.mark.long
def test_a_dead_process_holds_no_folder(tmp_path):
    script = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from sparse_lightning.workflows.unfinished import unfinished\n"
        f"with unfinished(Path(sys.argv[1]), {SETTINGS}, False):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)])
    assert ended.returncode == -9
    with unfinished(tmp_path, SETTINGS, fresh=False) as job:
        assert job.resumed


def test_ctrl_c_says_how_to_go_on(tmp_path):
    with (
        pytest.raises(
            KeyboardInterrupt, match=r"is kept in .*unfinished; the same command goes on"
        ),
        unfinished(tmp_path, SETTINGS, fresh=False),
    ):
        raise KeyboardInterrupt


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_what_is_kept_is_its_owners_alone(tmp_path, umask):
    before = os.umask(umask)
    try:
        with suppress(TrackingError), unfinished(tmp_path, SETTINGS, False) as job:
            FolderCheckpoints(job.folder, job.key).write("a fit", {"weights": torch.ones(2)})
            lock = tmp_path / ".lock"
            assert lock.stat().st_mode & 0o777 == 0o600
            raise TrackingError("it ends here")
    finally:
        os.umask(before)
    kept = list(job.folder.iterdir())
    assert len(kept) == 2
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}
    assert job.folder.stat().st_mode & 0o777 == 0o700


def test_what_an_earlier_version_has_left_open_is_closed(tmp_path):
    job = stopped(tmp_path)
    job.folder.chmod(0o755)
    for file in job.folder.iterdir():
        file.chmod(0o644)
    again = stopped(tmp_path)
    assert again.resumed
    assert job.folder.stat().st_mode & 0o777 == 0o700
    (again.folder / "fit").unlink()
    assert {file.stat().st_mode & 0o777 for file in job.folder.iterdir()} == {0o600}
