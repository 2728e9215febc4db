"""Studies that are killed: a small one, run in processes that have everything imported before."""

import json
import multiprocessing
import os
import signal
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path

# Imported once, by the process that the others are forked from.
import matplotlib.pyplot  # noqa: F401
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

import sparse_lightning.report.writing
import sparse_lightning.workflows.running  # noqa: F401

SMALL = """\
name: small
table: {source: wine}
network: {units: [4, 3]}
evaluation: {validation: 0, test: 0}
training:
  {epochs: 3, fine_tune_epochs: 3, seeds: [1, 2], accelerator: cpu, floor: {max_cycles: 3}}
regularizers: {l1_weights: [0.0001, 0.001], groups: {L1: {}, sL1: {}}}
report: {bootstrap: 20, structures: {groups: [L1]}}
"""

NETWORKS = 2 + 2 * 2 * 2


def processes() -> ForkServerContext:
    """Makes processes that begin in a few milliseconds with all of the package imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def run_small(folder: str, every: float, text: str = SMALL, fresh: bool = False) -> None:
    """Run the study in a folder that holds a store, as a process of its own does."""
    from sparse_lightning import Project, run
    from sparse_lightning.training import checkpoints

    checkpoints.EVERY = every
    os.chdir(folder)
    os.environ.pop("MLFLOW_RUN_ID", None)
    run(Project.parse(text), f"sqlite:///{folder}/mlflow.db", Path(folder, "report"), fresh=fresh)


def killed_after(context: ForkServerContext, seconds: float, *arguments) -> bool:
    """Start `run_small` and kill it after so many seconds; whether that left it unfinished."""
    process = context.Process(target=run_small, args=arguments)
    process.start()
    process.join(seconds)
    sent = process.exitcode is None
    process.kill()
    process.join()
    # It may have come to its end between the look and the signal.
    killed = sent and process.exitcode == -signal.SIGKILL
    assert killed or process.exitcode == 0
    report = Path(arguments[0], "report")
    # Killed after the last of what it had to do, a study is finished; the next one is another.
    done = (report / "indices.json").exists() and not (report / ".unfinished/study.json").exists()
    return killed and not done


def finished(context: ForkServerContext, *arguments) -> float:
    """Run `run_small` to its end; how many seconds it took."""
    began = time.monotonic()
    process = context.Process(target=run_small, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - began


def outcome(folder: Path, tidy: bool = True) -> dict:
    """What a finished study has left, but for ids and times, having seen that nothing is left over.

    Args:
        folder: that it was run in.
        tidy: whether it came to the end of its own accord, and removed what it had kept.

    Returns:
        The indices, and by its number what the store holds of each network.
    """
    from mlflow import MlflowClient
    from mlflow.entities import ViewType

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiments = [found.experiment_id for found in client.search_experiments()]
    runs = client.search_runs(experiments, max_results=1000)
    (study,) = [run for run in runs if run.data.tags["sparse_lightning.kind"] == "study"]
    networks = [run for run in runs if run is not study]
    assert {run.data.tags["mlflow.parentRunId"] for run in networks} <= {study.info.run_id}
    assert {run.info.status for run in runs} == {"FINISHED"}
    numbers = [int(run.data.tags["sparse_lightning.replica"]) for run in networks]
    assert sorted(numbers) == list(range(NETWORKS))

    # No folder of artifacts without its run, nothing kept that nobody needs.
    known = client.search_runs(experiments, run_view_type=ViewType.ALL, max_results=1000)
    artifacts = {path.name for path in folder.glob("mlruns/*/*")}
    assert artifacts == {run.info.run_id for run in known}
    if tidy:
        assert not {path.name for path in (folder / "report").iterdir() if path.name[0] == "."}

    text = (folder / "report" / "indices.json").read_text(encoding="utf-8")
    assert text.count(study.info.run_id) == 1
    names = {
        run.info.run_id: f"NETWORK {number}" for number, run in zip(numbers, networks, strict=True)
    }
    for id, name in {study.info.run_id: "STUDY", **names}.items():
        text = text.replace(id, name)
    return {
        "indices": text,
        "networks": {
            number: {
                "params": run.data.params,
                "history": [
                    [(point.step, point.value) for point in client.get_metric_history(id, name)]
                    for id in [run.info.run_id]
                    for name in sorted(run.data.metrics)
                ],
                "files": {
                    path.name: path.read_bytes()
                    for path in folder.glob(f"mlruns/*/{run.info.run_id}/artifacts/*")
                },
            }
            for number, run in zip(numbers, networks, strict=True)
        },
        "facts": {
            name: value
            for name, value in json.loads(json.dumps(study.data.metrics)).items()
            if not name.endswith("_seconds")
        },
    }
