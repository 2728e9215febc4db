"""A tracking server that fails in every way gets everything, in its order and once."""

import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest
from faulty_proxy import Fault, Proxy, proxy_before
from mlflow.entities import Run
from server_processes import Server, serving_copy

from sparse_lightning.errors import TrackingError, UnfinishedError
from sparse_lightning.tracking.finished_runs import FinishedRun
from sparse_lightning.tracking.job_run import OpenedRun
from sparse_lightning.tracking.store import Store

pytestmark = pytest.mark.long

TRIALS, NETWORKS = 2, 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Server]:
    with serving_copy(tmp_path_factory.mktemp("server"), empty_store) as server:
        yield server


@pytest.fixture
def proxy(server: Server, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Before the server; the pauses of MLflow's client are left out."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    monkeypatch.setattr("sparse_lightning.tracking.retrying.PAUSES", (0.01, 0.01))
    with proxy_before(server.address) as proxy:
        yield proxy


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return request.node.name


def network(parent: str, number: int, kind: str) -> FinishedRun:
    return FinishedRun(
        f"{kind} {number}",
        {"seed": str(number)},
        [("error", step, 1 / step) for step in (1, 2, 3)],
        {
            "mlflow.parentRunId": parent,
            "sparse_lightning.kind": kind,
            "sparse_lightning.replica": str(number),
        },
        files={"weights": bytes([number]) * 5000, "small.json": b"{}"},
    )


def fill(run: OpenedRun) -> None:
    """What a job tells: its own run, trials below it and networks below these."""
    describe(run)
    trials = [network(run.run_id, number, "trial") for number in range(TRIALS)]
    parents = run.runs(trials, TRIALS, "trials")
    networks = [network(one, number, "network") for one in parents for number in range(NETWORKS)]
    run.runs(networks, len(networks), "networks")
    run.describe(metrics={"networks": 4.0})


def describe(run: OpenedRun) -> None:
    run.describe({"epochs": 3}, {"rows": 12.0}, {"told": "once"})
    run.text("text", "project.yaml")


def check(server: Server, name: str, run_id: str, status: str = "FINISHED") -> None:
    """The store holds all that `fill` has told, and holds it once."""
    store = Store(server.address)
    experiment = store.experiment(name).experiment_id
    found = {run.info.run_id: run for run in store.search([experiment], "")}
    run = found.pop(run_id)
    assert run.info.status == status
    assert (run.data.params, run.data.metrics) == ({"epochs": "3"}, {"rows": 12.0, "networks": 4.0})
    assert run.data.tags["told"] == "once"
    for metric in run.data.metrics:
        assert len(store.client.get_metric_history(run_id, metric)) == 1
    assert [file.path for file in store.client.list_artifacts(run_id)] == ["project.yaml"]
    trials = below(found, run_id)
    assert [one.info.run_name for one in trials] == ["trial 0", "trial 1"]
    for trial in trials:
        networks = below(found, trial.info.run_id)
        assert [one.info.run_name for one in networks] == ["network 0", "network 1"]
    assert len(found) == TRIALS * (1 + NETWORKS)
    starts = [one.info.start_time for one in found.values()]
    assert len(set(starts)) == len(starts)
    for one in found.values():
        assert one.info.status == "FINISHED"
        points = store.client.get_metric_history(one.info.run_id, "error")
        assert [(point.step, point.value) for point in points] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
        files = {file.path: file.file_size for file in store.client.list_artifacts(one.info.run_id)}
        assert files == {"weights": 5000, "small.json": 2}


def below(runs: dict[str, Run], parent: str) -> list[Run]:
    found = [run for run in runs.values() if run.data.tags["mlflow.parentRunId"] == parent]
    return sorted(found, key=lambda run: run.info.start_time)


def job(proxy: Proxy, name: str, patience: float = 60) -> OpenedRun:
    """Begin the job, or go on with it."""
    return OpenedRun(Store(proxy.address), "search", name, key=name, patience=patience)


def tell(run: OpenedRun, first: Callable[[], object], error: Exception | None = None) -> None:
    with run:
        first()
        fill(run)
        if error is not None:
            raise error


def tell_again(server: Server, proxy: Proxy, name: str, run_id: str) -> None:
    """What the same command again does."""
    with job(proxy, name) as again:
        assert (again.run_id, again.resumed) == (run_id, True)
        fill(again)
    check(server, name, run_id)


@pytest.mark.parametrize("seed", range(3))
def test_faults_at_random_leave_everything_once(server, proxy, name, seed):
    dice = random.Random(seed)

    def choose(method: str, path: str, number: int) -> Fault | None:
        if number < 4 or dice.random() < 0.6:  # the store is opened first
            return None
        return dice.choice([Fault(lost=True), Fault(500), Fault(429), Fault(503)])

    proxy.choose = choose
    with job(proxy, name) as run:
        fill(run)
    assert proxy.faults > 5
    check(server, name, run.run_id)


def test_every_answer_that_can_be_lost_is_lost_once(server, proxy, name):
    times: Counter[str] = Counter()

    def choose(method: str, path: str, number: int) -> Fault | None:
        # MLflow's client asks for the version of a server once and does without.
        times[path] += 1
        return Fault(lost=True) if number > 3 and times[path] % 2 else None

    proxy.choose = choose
    with job(proxy, name) as run:
        fill(run)
    check(server, name, run.run_id)


def test_a_server_that_is_away_for_a_while_is_tried_until_it_is_back(server, proxy, name):
    with job(proxy, name) as run:
        proxy.stop()
        threading.Timer(3, proxy.start).start()
        fill(run)
    check(server, name, run.run_id)


def test_nothing_that_can_be_written_later_waits_for_a_server_that_is_away(server, proxy, name):
    with job(proxy, name) as run:
        proxy.stop()
        describe(run)  # returns
        proxy.start()
        fill(run)
    check(server, name, run.run_id)


def test_nor_for_one_that_takes_its_time(server, proxy, name, monkeypatch):
    monkeypatch.setattr("sparse_lightning.tracking.retrying.AT_ONCE", 1)
    answered = threading.Event()
    with job(proxy, name) as run:
        proxy.choose = lambda method, path, number: Fault(until=answered)
        began = monotonic()
        describe(run)  # returns, though nothing has been answered
        assert monotonic() - began < 10
        assert not answered.is_set()
        answered.set()
        fill(run)
    check(server, name, run.run_id)


def test_what_a_store_lacks_at_the_end_it_gets_by_the_same_again(server, proxy, name):
    run = job(proxy, name, patience=0.5)
    with pytest.raises(UnfinishedError) as caught:
        tell(run, proxy.stop)
    place = re.escape(f"{name}: the tracking store {proxy.address}")
    assert re.match(f"{place} lacks a part of its description: ", str(caught.value))
    with pytest.raises(TrackingError, match="cannot be opened"):
        job(proxy, name)
    proxy.start()
    tell_again(server, proxy, name, run.run_id)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_refuses_in_the_midst_gets_the_rest_by_the_same_again(
    server, proxy, name, status
):
    made = []

    def choose(method: str, path: str, number: int) -> Fault | None:
        made.append(path.endswith("/runs/create"))
        return Fault(status) if sum(made) > 4 else None

    proxy.choose = choose
    run = job(proxy, name, patience=0.5)
    with pytest.raises(UnfinishedError, match=r"lacks 3 of 4 networks: "):
        tell(run, lambda: None)
    proxy.choose = lambda method, path, number: None
    tell_again(server, proxy, name, run.run_id)


def test_a_job_that_fails_without_its_server_says_its_own_error(server, proxy, name):
    run = job(proxy, name, patience=0.5)

    def fails() -> None:
        with run:
            proxy.stop()
            describe(run)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    proxy.start()
    with pytest.raises(ZeroDivisionError):
        tell(job(proxy, name), lambda: None, ZeroDivisionError())
    check(server, name, run.run_id, "FAILED")


def test_a_run_that_was_deleted_keeps_nobody_waiting(server, proxy, name):
    run = job(proxy, name, patience=1e6)
    client = Store(server.address).client
    with pytest.raises(UnfinishedError, match=r"lacks a part .* must be in the 'active'"):
        tell(run, lambda: client.delete_run(run.run_id))
    client.restore_run(run.run_id)
    tell_again(server, proxy, name, run.run_id)


@pytest.mark.parametrize("first", [0, 1])
def test_an_answer_that_comes_too_late_makes_no_second_run(server, proxy, name, monkeypatch, first):
    """The client gives a request up, looks, finds nothing and asks again; then both are done.

    That is the request for the job's own run, or for the first one below it.
    """
    answered, asked = threading.Event(), []

    def choose(method: str, path: str, number: int) -> Fault | None:
        if path.endswith("/runs/create"):
            asked.append(number)
            if len(asked) == first + 1:
                return Fault(until=answered)
        if path.endswith("/runs/update") and len(asked) > first + 1:
            answered.set()
        return None

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    proxy.choose = choose
    with job(proxy, name) as run:
        fill(run)
        proxy.wait(lambda seen: answered.is_set())
    check(server, name, run.run_id)
