"""A study whose tracking server goes away, or whose process is killed, is completed later."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from faulty_proxy import Fault, Proxy, proxy_before
from server_processes import Server, serving_copy
from studies import WINE

import sparse_lightning as sl
from sparse_lightning.cli import main
from sparse_lightning.tracking.store import Store
from sparse_lightning.training.progress import SilentProgress

pytestmark = pytest.mark.long

NETWORKS = 6
GROUPS = "regularizers.groups={L1: {}}"
MEASURES = ["group", "l1_weight", "seed", "connections", "squared_error"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Server]:
    with serving_copy(tmp_path_factory.mktemp("server"), empty_store) as server:
        yield server


@pytest.fixture(scope="module")
def expected(tmp_path_factory, make_job) -> pd.DataFrame:
    """The networks of the same study, tracked without faults."""
    return make_job(tmp_path_factory.mktemp("expected"), WINE, GROUPS).study.networks[MEASURES]


@pytest.fixture
def proxy(server: Server, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    with proxy_before(server.address) as proxy:
        yield proxy


class Leaving(SilentProgress):
    """The server goes away as soon as training begins, and is back at the n-th epoch if at all."""

    def __init__(self, proxy: Proxy, back: int | None = None):
        self.proxy, self.back, self.epochs, self.away = proxy, back, 0, False

    def start(self, stage: str, epochs: int, replicas: int) -> None:
        if not self.epochs:
            self.proxy.stop()
            self.away = True

    def advance(self) -> None:
        self.epochs += 1
        if self.epochs == self.back:
            self.proxy.start()


def project(name: str, *overrides: str) -> sl.Project:
    return sl.Project.parse(WINE, [GROUPS, f"name={name}", *overrides])


def check(server: Server, name: str, run_id: str, expected: pd.DataFrame) -> None:
    study = sl.Study.find(name, server.address)
    assert study.run_id == run_id
    pd.testing.assert_frame_equal(study.networks[MEASURES], expected)
    store = Store(server.address)
    runs = store.search([store.experiment(name).experiment_id], "")
    assert len(runs) == NETWORKS + 1
    assert {run.info.status for run in runs} == {"FINISHED"}
    report = {file.path for file in store.client.list_artifacts(run_id, "report")}
    assert "report/report.html" in report
    assert not Path("undelivered").exists()


def test_a_server_that_is_away_while_networks_train_is_no_matter(server, proxy, expected):
    leaving = Leaving(proxy, back=3)
    study = sl.run(project("away"), proxy.address, "out", leaving)
    assert leaving.away
    check(server, "away", study.run_id, expected)


def test_a_study_whose_server_stays_away_is_delivered_with_its_report(server, proxy, expected):
    with pytest.raises(sl.TrackingError) as caught:
        sl.run(project("gone", "tracking.patience=1"), proxy.address, "out", Leaving(proxy))
    told = str(caught.value)
    assert told.startswith(f"gone: the tracking store {proxy.address} lacks ")
    assert told.endswith("` completes the run and writes the report")
    command = told.partition("`sparse-lightning ")[2].partition("`")[0].split()
    assert not Path("out/report.html").exists()

    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert f"the tracking store {proxy.address} cannot be opened" in refused.stderr

    proxy.start()
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert f"report: {Path('out/report.html').resolve()}" in done.stdout
    run_id = sl.Study.find("gone", server.address).run_id
    assert f"records delivered to run {run_id}" in done.stdout
    check(server, "gone", run_id, expected)
    assert Path("out/report.html").is_file()

    again = CliRunner().invoke(main, ["deliver"])
    assert (again.exit_code, again.stdout) == (0, "nothing is undelivered\n")


def test_a_server_that_fails_while_the_report_reads_is_waited_for_by_deliver(
    server, proxy, expected, monkeypatch
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    read = []

    def choose(method: str, path: str, number: int) -> Fault | None:
        if "artifacts" in path and method == "GET":
            read.append(path)
        return Fault(500) if read else None

    proxy.choose = choose
    with pytest.raises(sl.TrackingError, match="has everything, but the run is not complete: "):
        sl.run(project("reading"), proxy.address, "out")
    proxy.choose = lambda method, path, number: None
    done = CliRunner().invoke(main, ["deliver"])
    assert done.exit_code == 0, done.output
    check(server, "reading", sl.Study.find("reading", server.address).run_id, expected)


@pytest.mark.parametrize("network", [1, 4])
def test_a_study_that_is_killed_while_networks_are_written_is_completed(
    server, proxy, expected, network
):
    """It dies when the server has made the run of a network whose answer it has not got."""
    name = f"killed {network}"
    made = []

    def choose(method: str, path: str, number: int) -> Fault | None:
        if path.endswith("/runs/create"):
            made.append(number)
        return Fault(lost=True) if len(made) > network else None

    proxy.choose = choose
    Path("study.yaml").write_text(WINE.replace("wine-small", name))
    command = [sys.executable, "-m", "sparse_lightning.cli", "run", "study.yaml", "--set", GROUPS]
    patience = ["--set", "tracking.patience=1000"]
    process = subprocess.Popen(
        [*command, *patience, "--tracking-uri", proxy.address, "--output", "out"],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        proxy.wait(lambda seen: len(made) > network, timeout=300)
        # All networks are kept by then: a server that fails does not stop the writing of them.
        (spool,) = Path("undelivered").iterdir()
        proxy.wait(lambda seen: b'"floor_epochs"' in (spool / "records.jsonl").read_bytes())
        busy = CliRunner().invoke(main, ["deliver"])
        assert busy.exit_code == 1
        assert "a job that still runs has it in hand" in busy.stderr
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    proxy.choose = lambda method, path, number: None
    done = CliRunner().invoke(main, ["deliver", str(spool)])
    assert done.exit_code == 0, done.output
    check(server, name, sl.Study.find(name, server.address).run_id, expected)
