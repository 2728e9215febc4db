"""Studies, searches and a report at the same time, on one SQLite store."""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from killing import NETWORKS, SMALL, processes

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.soak]

SEARCH = SMALL + "search: {trials: 2, batch: 2, markers: 2, sampler: random}\n"


def work(folder: str, kind: str, name: str) -> None:
    """One of the jobs, in a process of its own."""
    from sparse_lightning import Project, Study, run, search_strengths

    os.chdir(folder)
    uri = f"sqlite:///{folder}/mlflow.db"
    output = Path(folder, "reports", name)
    if kind == "report":
        Study.find("before", uri).write_report(output)
    elif kind == "study":
        run(Project.parse(SMALL, [f"name={name}"]), uri, output)
    else:
        project = Project.parse(SEARCH, [f"name={name}", f"search.storage=sqlite:///{name}.db"])
        search_strengths(project, uri, output)


JOBS = [
    *(("study", "one"), ("study", "two")),
    *(("search", "first"), ("search", "second")),
    ("report", "again"),
]


def test_jobs_share_a_sqlite_store(empty_store, tmp_path, soak):
    from mlflow import MlflowClient

    pytest.importorskip("optuna")
    context = processes()
    for round_ in range(soak):
        folder = tmp_path / f"{round_}"
        folder.mkdir()
        shutil.copy(empty_store, folder)
        before = context.Process(target=work, args=(str(folder), "study", "before"))
        before.start()
        before.join()
        started = [context.Process(target=work, args=(str(folder), *job)) for job in JOBS]
        for process in started:
            process.start()
        for process in started:
            process.join()
        assert [process.exitcode for process in (before, *started)] == [0] * 6

        client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        experiments = {found.experiment_id: found.name for found in client.search_experiments()}
        runs = client.search_runs(list(experiments), max_results=5000)
        assert {run.info.status for run in runs} == {"FINISHED"}
        kinds = Counter(
            (experiments[run.info.experiment_id], run.data.tags["sparse_lightning.kind"])
            for run in runs
        )
        for name in ("before", "one", "two", "first-best", "second-best"):
            assert kinds[name, "study"] == 1
        for name in ("before", "one", "two"):
            assert kinds[name, "network"] == NETWORKS
        for name in ("first-search", "second-search"):
            assert kinds[name, "search"] == 1
            assert kinds[name, "trial"] == 2 * 2
        for _, name in JOBS:
            assert (folder / "reports" / name / "indices.json").is_file()
