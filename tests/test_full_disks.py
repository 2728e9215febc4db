"""A disk that is full, or read-only, ends a study with a message and no half-written thing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long

OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
NETWORKS = 6


@pytest.fixture
def on_small_disk(tmp_path: Path, empty_store: Path):
    """Run a study in which one place lies on a small disk: `on_small_disk(case)`."""
    trial = subprocess.run([*OWN_MOUNTS, "true"], capture_output=True, text=True, check=False)
    if trial.returncode:
        reason = f"this system does not let a process mount a disk of its own: {trial.stderr}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    disk, work = tmp_path / "disk", tmp_path / "work"
    disk.mkdir()
    work.mkdir()
    plain = {name: text for name, text in os.environ.items() if not name.startswith("MLFLOW_")}

    def run(case: str) -> dict[str, Any]:
        program = Path(__file__).with_name("full_disk_job.py")
        done = subprocess.run(
            [*OWN_MOUNTS, sys.executable, str(program), case, str(disk), str(empty_store)],
            cwd=work,
            env=plain,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("store", "database or disk is full"),
        ("artifacts", "No space left on device"),
        ("read-only", "(readonly database|Read-only file system)"),
    ],
)
def test_a_store_without_room_gets_everything_when_there_is_room(on_small_disk, case, why):
    found = on_small_disk(case)
    assert found["status"] == 1
    assert found["told"].startswith("UnfinishedError: wine-small: the tracking store sqlite:///")
    assert f" lacks {NETWORKS} of {NETWORKS} networks: " in found["told"]
    assert re.search(why, found["told"])
    assert found["told"].endswith(
        "/.unfinished, and the same command again goes on without training it again"
    )
    assert found["integrity"] == "ok"
    assert found["runs_then"] <= 2  # the study's, and a network's that is not whole
    assert found["partial"] == []
    assert (found["again"], found["trained_again"]) == (["", 0], False)
    assert found["networks"] == NETWORKS
    assert found["statuses"] == ["FINISHED"]
    assert found["report"]


def test_without_room_for_anything_both_places_are_named(on_small_disk):
    found = on_small_disk("store and report")
    assert found["status"] == 1
    assert found["told"].startswith("UnfinishedError: wine-small: the tracking store sqlite:///")
    place = r"is kept in .*/disk/report/\.unfinished as far as it could be written"
    assert re.search(rf"{place} \(No space left on device\)", found["told"])
    assert found["integrity"] == "ok"
    assert found["partial"] == []
    assert (found["again"], found["trained_again"]) == (["", 0], True)
    assert (found["networks"], found["report"]) == (NETWORKS, True)


def test_a_report_without_room_is_written_later(on_small_disk):
    found = on_small_disk("report")
    assert found["status"] == 1
    assert found["told"].startswith("ReportError: ")
    assert "the report cannot be written: No space left on device" in found["told"]
    assert f"`sparse-lightning report --study {found['study']}`" in found["told"]
    assert found["partial"] == []
    assert found["networks"] == NETWORKS
    assert (found["again"], found["report"]) == (["", 0], True)
