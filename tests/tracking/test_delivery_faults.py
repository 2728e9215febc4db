"""A tracking server that fails in every way gets everything, in its order and once."""

import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faulty_proxy import Fault, Proxy, proxy_before
from mlflow.entities import Run
from server_processes import Server, serving_copy

from sparse_lightning.errors import TrackingError, UndeliveredError
from sparse_lightning.tracking.opened import OpenedRun
from sparse_lightning.tracking.runs import FinishedRun
from sparse_lightning.tracking.store import Store
from sparse_lightning.workflows.delivering import deliver

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
    monkeypatch.setattr("sparse_lightning.tracking.outbox.PAUSES", (0.01, 0.01))
    monkeypatch.setattr("sparse_lightning.tracking.opening.PAUSES", (0.01, 0.01))
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
    run.describe({"epochs": 3}, {"rows": 12.0}, {"told": "once"})
    run.text("text", "project.yaml")
    trials = run.runs(network(run.run_id, number, "trial") for number in range(TRIALS))
    run.runs(network(trial, number, "network") for trial in trials for number in range(NETWORKS))
    run.describe(metrics={"networks": 4.0})


def check(server: Server, name: str, run_id: str, status: str = "FINISHED") -> None:
    """The store holds all that `fill` has told, and holds it once."""
    store = Store(server.address)
    experiment = store.experiment(name).experiment_id
    found = {run.info.run_id: run for run in store.search([experiment], "")}
    run = found.pop(run_id)
    assert run.info.status == status
    assert (run.data.params, run.data.metrics) == ({"epochs": "3"}, {"rows": 12.0, "networks": 4.0})
    assert run.data.tags["told"] == "once"
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
    return OpenedRun.open(Store(proxy.address), "search", name, patience=patience)


def tell(run: OpenedRun, first: Callable[[], object], error: Exception | None = None) -> None:
    with run:
        first()
        fill(run)
        if error is not None:
            raise error


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
    assert not Path("undelivered").exists()


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


def test_a_job_goes_on_while_the_server_is_away(server, proxy, name):
    with job(proxy, name) as run:
        proxy.stop()
        fill(run)  # returns
        (spool,) = Path("undelivered").iterdir()
        assert (spool / "records.jsonl").stat().st_size > 0
        proxy.start()
    check(server, name, run.run_id)
    assert not Path("undelivered").exists()


def test_a_job_goes_on_while_the_server_takes_its_time(server, proxy, name):
    answered = threading.Event()
    with job(proxy, name) as run:
        proxy.choose = lambda method, path, number: Fault(until=answered)
        fill(run)  # returns, though nothing has been answered
        assert not answered.is_set()
        answered.set()
    check(server, name, run.run_id)


def test_what_is_undelivered_at_the_end_is_delivered_later(server, proxy, name):
    run = job(proxy, name, patience=0.5)
    with pytest.raises(UndeliveredError) as caught:
        tell(run, proxy.stop)
    (spool,) = Path("undelivered").iterdir()
    told = str(caught.value)
    assert re.match(rf"{name}: the tracking store {proxy.address} lacks \d+ records: ", told)
    assert told.endswith(f"`sparse-lightning deliver undelivered/{spool.name}` completes the run")
    with pytest.raises(TrackingError, match="cannot be opened"):
        deliver()
    proxy.start()
    (delivered,) = deliver()
    assert (delivered.name, delivered.run_id) == (name, run.run_id)
    check(server, name, run.run_id)
    assert not Path("undelivered").exists()
    assert deliver() == []


def test_a_job_that_fails_is_delivered_as_failed(server, proxy, name):
    run = job(proxy, name, patience=0.5)
    with pytest.raises(ZeroDivisionError):
        tell(run, proxy.stop, ZeroDivisionError())
    proxy.start()
    deliver(tracking_uri=server.address)
    check(server, name, run.run_id, "FAILED")


def test_a_run_that_was_deleted_keeps_nobody_waiting(server, proxy, name):
    run = job(proxy, name, patience=1e6)
    client = Store(server.address).client
    with pytest.raises(UndeliveredError, match=r"lacks \d+ records: .* must be in the 'active'"):
        tell(run, lambda: client.delete_run(run.run_id))
    with pytest.raises(UndeliveredError, match="must be in the 'active'"):
        deliver()
    client.restore_run(run.run_id)
    deliver()
    check(server, name, run.run_id)


def test_an_answer_that_comes_too_late_makes_no_second_run(server, proxy, name, monkeypatch):
    """The client gives a request up, looks, finds nothing and asks again; then both are done."""
    answered, held = threading.Event(), []

    def choose(method: str, path: str, number: int) -> Fault | None:
        if path.endswith("/runs/create") and not held:
            held.append(number)
            return Fault(until=answered)
        if path.endswith("/runs/update"):
            answered.set()
        return None

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    with job(proxy, name) as run:
        proxy.choose = choose
        fill(run)
        proxy.wait(lambda seen: answered.is_set())
    check(server, name, run.run_id)
