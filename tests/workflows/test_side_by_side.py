"""Several studies at a time, a process each: the networks of one process, and ends of all kinds."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

import sparse_lightning as sl
from sparse_lightning.tracking import Store
from sparse_lightning.training.progress import LineProgress
from sparse_lightning.workflows.side_by_side import run_all

SMALL = """\
table: {source: wine}
network: {units: [3]}
evaluation: {validation: 0, test: 0}
training: {epochs: 2, seeds: [1, 2], accelerator: cpu, floor: {max_cycles: 1}}
regularizers: {l1_weights: [0.001, 0.01], groups: {L1: {}}}
report: {bootstrap: 20}
"""

JOB = """\
import sys
from pathlib import Path
from sparse_lightning import Project
from sparse_lightning.workflows.side_by_side import run_all
from sparse_lightning.training.progress import LineProgress

if __name__ == "__main__":
    projects = {name: Project.parse(sys.argv[1], [f"name={name}"]) for name in ("one", "two")}
    try:
        list(run_all(projects, 2, sys.argv[2], Path("out"), LineProgress(), False))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
"""

ENDLESS = SMALL.replace("epochs: 2", "epochs: 100000")


def projects(**texts: str) -> dict[str, sl.Project]:
    return {name: sl.Project.parse(text, [f"name={name}"]) for name, text in texts.items()}


def begun(folder: Path, uri: str) -> subprocess.Popen:
    """Two studies without an end, both at work."""
    (folder / "job.py").write_text(JOB, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "job.py", ENDLESS, uri],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    waited = {"one, stage 1 of 1", "two, stage 1 of 1"}
    assert process.stderr is not None
    while waited:
        line = process.stderr.readline()
        assert line, "it ended"
        waited.discard(line.split(":")[0])
    return process


@pytest.mark.long
def test_two_at_a_time_are_those_of_one_after_the_other(workplace, capfd):
    torch_threads = torch.get_num_threads()
    for jobs in (1, 2):
        torch.set_num_threads(jobs)  # one in each process
        try:
            folder = workplace / f"out{jobs}"
            made = projects(one=SMALL, two=SMALL.replace("0.001", "0.002"))
            finished = list(run_all(made, jobs, Store().uri, folder, LineProgress(), False))
        finally:
            torch.set_num_threads(torch_threads)
        assert {study.name for study in finished} == {"one", "two"}
        assert all(study.seconds > 0 for study in finished)
        assert {sl.Study.load(study.run_id).project.name for study in finished} == {"one", "two"}
    for name in ("one", "two"):
        once, beside = (
            json.loads((workplace / f"out{jobs}" / name / "indices.json").read_text("utf-8"))
            for jobs in (1, 2)
        )
        for study in (once, beside):
            for group in study["groups"]:
                for marker in group["markers"]:
                    del marker["medoid"]  # the id of a run
        assert once["groups"] == beside["groups"]
    lines = capfd.readouterr().err.splitlines()
    for name in ("one", "two"):
        own = [line for line in lines if line.startswith(f"{name}, stage 1 of 1")]
        assert own[0].endswith("6 networks, 2 epochs")
        assert own[-1].startswith(f"{name}, stage 1 of 1: epoch 2 of 2")


@pytest.mark.long
def test_when_one_fails_the_other_does_not_go_on(workplace):
    made = projects(endless=ENDLESS, broken=SMALL.replace("units: [3]", "units: [30000000]"))
    with pytest.raises(sl.SparseLightningError):
        list(run_all(made, 2, Store().uri, workplace / "out", None, False))
    runs = Store().client.search_runs(["1", "2"])
    assert {run.data.tags["mlflow.runName"]: run.info.status for run in runs} == {}


@pytest.mark.long
@pytest.mark.parametrize("told", ["parent", "all"])
def test_an_interrupt_ends_all_of_them_as_it_ends_one(workplace, told):
    process = begun(workplace, uri := Store().uri.revealed())
    if told == "parent":
        os.kill(process.pid, signal.SIGINT)
    else:  # as a terminal does
        os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 0
    assert errors.splitlines()[-1] == "interrupted"
    assert "Traceback" not in errors
    runs = Store(uri).client.search_runs(["1", "2"])
    assert [run.info.status for run in runs] == ["KILLED", "KILLED"]
    for name in ("one", "two"):
        assert (workplace / "out" / name / ".unfinished" / "study.json").exists()


@pytest.mark.long
def test_they_die_with_the_process_that_they_work_for(workplace):
    process = begun(workplace, Store().uri.revealed())
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
