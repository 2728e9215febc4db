"""What a job adds to the run that it has open."""

import pytest

from sparse_lightning.tracking import Store, finished_runs
from sparse_lightning.tracking.finished_runs import FinishedRun
from sparse_lightning.tracking.job_run import OpenedRun


def test_only_the_files_of_the_report_are_added(workplace):
    folder = workplace / "mine"
    (folder / "figures").mkdir(parents=True)
    for name in ("report.html", "figures/a.png", "tax.txt", "figures/photo.jpg"):
        (folder / name).write_text(name)
    with OpenedRun(Store(), "study", "mine") as run:
        run.report(folder, ["report.html", "figures/*.png"])
    client = Store().client
    assert [file.path for file in client.list_artifacts(run.run_id)] == ["report"]
    found = {file.path for file in client.list_artifacts(run.run_id, "report")}
    assert found == {"report/report.html", "report/figures"}
    figures = client.list_artifacts(run.run_id, "report/figures")
    assert [file.path for file in figures] == ["report/figures/a.png"]


def trial(parent: str, study: str) -> FinishedRun:
    tags = {
        "mlflow.parentRunId": parent,
        "sparse_lightning.kind": "trial",
        "optuna.study_name": study,
        "optuna.trial_number": "0",
    }
    return FinishedRun(study, tags=tags)


def network(parent: str) -> FinishedRun:
    return FinishedRun(
        "network", tags={"mlflow.parentRunId": parent, "sparse_lightning.replica": "0"}
    )


@pytest.mark.parametrize("in_bulk", [True, False])
def test_what_is_forgotten_goes_with_the_runs_below_it(workplace, monkeypatch, in_bulk):
    if not in_bulk:
        monkeypatch.setattr(finished_runs, "takes", lambda store: False)
    store = Store()
    with OpenedRun(store, "search", "mine") as run:
        trials = [trial(run.run_id, "it's/L1"), trial(run.run_id, "mine/L1")]
        run.runs(map(network, run.runs(trials, 2, "trials")), 2, "networks")
        run.forget({"optuna.study_name": "it's/L1", "optuna.trial_number": "0"})
    found = {one.info.run_id: one for one in store.search([run.experiment_id], "")}
    assert found.pop(run.run_id).info.status == "FINISHED"
    (below,) = [one for one in found.values() if one.info.run_name == "network"]
    parent = found.pop(below.data.tags["mlflow.parentRunId"])
    assert parent.info.run_name == "mine/L1"
    assert len(found) == 1
