"""A search by several processes with a shared PostgreSQL, some of which are killed."""

import os
import signal
import subprocess
import sys
from collections import Counter

import optuna
import pytest

from sparse_lightning.search.searching import search
from sparse_lightning.tracking import Store
from sparse_lightning.training.progress import SilentProgress
from sparse_lightning.workflows.searching import search_strengths

pytestmark = [pytest.mark.slow, pytest.mark.long]

GROUPS = ("L1", "sL1+KL")
OVERRIDES = ("search.sampler=qmc", "search.trials=32", "search.batch=8")


def told(name, group, storage):
    """What is known of the trials of a group, in the order of their numbers."""
    study = optuna.load_study(study_name=f"{name}/{group}", storage=storage)
    trials = study.get_trials()
    assert {trial.state for trial in trials} == {optuna.trial.TrialState.COMPLETE}
    return [(trial.params, trial.values) for trial in trials]


def check_runs(uri, trials, networks):
    """The store holds each trial once, each with its networks, and nothing half-written."""
    store = Store(uri)
    experiments = [e.experiment_id for e in store.client.search_experiments()]
    runs = store.search(experiments, "")
    kinds = {
        kind: [run for run in runs if run.data.tags.get("sparse_lightning.kind") == kind]
        for kind in ("search", "trial", "network")
    }
    numbers = Counter(
        (run.data.tags["optuna.study_name"], run.data.tags["optuna.trial_number"])
        for run in kinds["trial"]
    )
    assert numbers == {(f"small/{group}", str(n)): 1 for group in GROUPS for n in range(trials)}
    below = Counter(run.data.tags["mlflow.parentRunId"] for run in kinds["network"])
    assert below == {run.info.run_id: networks for run in kinds["trial"]}
    for run in (*kinds["trial"], *kinds["network"]):
        assert run.info.status == "FINISHED"
        assert "objective" in run.data.metrics or "squared_error" in run.data.metrics
    return kinds["search"]


@pytest.fixture
def workers(workplace):
    """A scheduler and four workers, each a process of its own: `(address, processes by name)`."""
    pytest.importorskip("distributed")
    file = workplace / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    folder = os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": folder}

    def start(program, *options):
        command = [sys.executable, "-m", f"distributed.cli.{program}", *options]
        return subprocess.Popen(command, env=settings, **quiet)

    processes = {
        "scheduler": start(
            "dask_scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(file)),
        )
    }
    try:
        for number in range(4):
            options = ("--no-nanny", "--nthreads", "1", "--name", f"worker-{number}")
            processes[f"worker-{number}"] = start(
                "dask_worker", *options, "--no-dashboard", "--scheduler-file", str(file)
            )
        from distributed import Client

        with Client(scheduler_file=str(file), timeout=60) as client:
            client.wait_for_workers(4, timeout=60)
            address = client.scheduler.address
        yield address, processes
    finally:
        for process in processes.values():
            process.kill()
            process.wait()


class Killing(SilentProgress):
    """A progress that kills a worker that has a part in hand, in each of the first batches.

    Args:
        address: of the scheduler.
        processes: by name.
        most: how many are killed.
    """

    def __init__(self, address, processes, most):
        self.address, self.processes, self.most = address, processes, most
        self.killed = []
        self.ready = False

    def start(self, stage, epochs, replicas):
        self.ready = True

    def advance(self):
        from distributed import Client

        if not self.ready or len(self.killed) == self.most:
            return
        with Client(self.address, timeout=20, set_as_default=False) as client:
            names = {
                address: worker["name"]
                for address, worker in client.scheduler_info(n_workers=-1)["workers"].items()
            }
            busy = [names[address] for address, tasks in client.processing().items() if tasks]
        if busy:
            self.ready = False
            self.processes[busy[0]].send_signal(signal.SIGKILL)
            self.killed.append(busy[0])

    def close(self):
        pass


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of Dask's and its processes' own making
def test_workers_that_are_killed_cost_no_trial(make_project, postgresql, workers):
    address, processes = workers
    uri, storage = postgresql.create_database(), postgresql.create_database()
    progress = Killing(address, processes, most=2)
    project = make_project(*OVERRIDES, f"search.storage={storage}")
    searched = search_strengths(project, uri, progress=progress, scheduler=address, compare=False)
    assert len(set(progress.killed)) == 2
    assert searched.result.trained == 64
    assert searched.result.unfinished == 0
    (run,) = check_runs(uri, trials=32, networks=4)
    assert run.info.status == "FINISHED"

    search(make_project(*OVERRIDES, "search.storage=sqlite:///alone.db"), "sqlite:///alone-runs.db")
    for group in GROUPS:
        together = told("small", group, storage)
        alone = told("small", group, "sqlite:///alone.db")
        assert [params for params, _ in together] == [params for params, _ in alone]
        for (_, values), (_, values_alone) in zip(together, alone, strict=True):
            assert values == pytest.approx(values_alone, rel=1e-4)


JOINS = """
import os, signal
from sparse_lightning import Project
from sparse_lightning.search import trials, searching

train = trials.train_candidates_on
calls = iter(range(10))

def dies(*arguments):
    if next(calls) == {deaths}:
        os.kill(os.getpid(), signal.SIGKILL)
    return train(*arguments)

trials.train_candidates_on = dies
searching.search(Project.load("small.yaml", {overrides!r}), {uri!r})
"""


@pytest.mark.slow
def test_processes_that_join_a_search_share_it_and_take_over_from_the_dead(
    make_project, workplace, postgresql
):
    uri, storage = postgresql.create_database(), postgresql.create_database()
    Store(uri)  # makes MLflow's tables, which two processes at once must not
    overrides = [*OVERRIDES, "search.batch=4", f"search.storage={storage}"]
    script = JOINS.format(deaths=2, overrides=overrides, uri=uri)
    joined = [
        subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) for _ in range(2)
    ]
    result = search(make_project(*overrides), uri)
    for process in joined:
        _, said = process.communicate()
        assert process.returncode in (-signal.SIGKILL, 0), said.decode()
    # Those that died last may have left trials behind after this process was done.
    again = search(make_project(*overrides), uri)
    assert again.unfinished == 0
    assert [found.trials for found in again.groups] == [32, 32]
    assert result.trained + again.trained <= 64
    for group in GROUPS:
        study = optuna.load_study(study_name=f"small/{group}", storage=storage)
        assert sum(trial.state.name == "COMPLETE" for trial in study.get_trials()) == 32
    store = Store(uri)
    experiments = [e.experiment_id for e in store.client.search_experiments()]
    made = store.search(experiments, "tags.`sparse_lightning.kind` = 'trial'")
    numbers = Counter(
        (run.data.tags["optuna.study_name"], run.data.tags["optuna.trial_number"]) for run in made
    )
    assert len(numbers) == 64
    assert set(numbers.values()) == {1}


@pytest.mark.slow
def test_the_dashboard_of_optuna_shows_the_trials(make_project):
    dashboard = pytest.importorskip("optuna_dashboard")
    import json
    from wsgiref.util import setup_testing_defaults

    search(make_project("search.trials=2"))
    app = dashboard.wsgi(optuna.storages.RDBStorage("sqlite:///search.db"))

    def get(path):
        environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET"}
        setup_testing_defaults(environ)
        statuses = []
        body = b"".join(app(environ, lambda status, *_: statuses.append(status)))
        assert statuses == ["200 OK"]
        return json.loads(body)

    studies = get("/api/studies")["study_summaries"]
    assert {study["study_name"] for study in studies} == {"small/L1", "small/sL1+KL"}
    detail = get(f"/api/studies/{studies[0]['study_id']}")
    assert [trial["state"] for trial in detail["trials"]] == 2 * ["Complete"]
