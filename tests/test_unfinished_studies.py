"""A study whose tracking server goes away, or that is killed, is finished by the same again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from faulty_proxy import Fault, Proxy, proxy_before
from server_processes import Server, serving_copy
from studies import WINE

import sparse_lightning as sl
from sparse_lightning.cli import main
from sparse_lightning.errors import UnfinishedError
from sparse_lightning.tracking import retrying
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
        if not self.away:
            self.proxy.stop()
            self.away = True

    def advance(self) -> None:
        self.epochs += 1
        if self.epochs == self.back:
            self.proxy.start()


@pytest.fixture
def nothing_trains(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, training is an error."""

    def refuse(*_: object) -> None:
        raise AssertionError("it is trained again")

    return lambda: monkeypatch.setattr("sparse_lightning.training.grid_training.fit", refuse)


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
    assert Path("out/report.html").is_file()
    assert not Path("out/.unfinished").exists()


def test_a_server_that_is_away_while_networks_train_is_no_matter(server, proxy, expected):
    leaving = Leaving(proxy, back=3)
    study = sl.run(project("away"), proxy.address, "out", leaving)
    assert leaving.away
    check(server, "away", study.run_id, expected)


def test_a_server_that_is_away_when_training_ends_is_tried_until_it_is_back(
    server, proxy, expected, monkeypatch
):
    found, passing = [], retrying.passing

    def judged(error: BaseException) -> bool:
        found.append(error)
        if len(found) == 3:
            proxy.start()
        return passing(error)

    monkeypatch.setattr(retrying, "passing", judged)
    study = sl.run(project("late"), proxy.address, "out", Leaving(proxy))
    assert len(found) == 3
    check(server, "late", study.run_id, expected)


def test_a_study_whose_server_stays_away_is_finished_by_the_same_command(
    server, proxy, expected, nothing_trains, monkeypatch
):
    Path("study.yaml").write_text(WINE.replace("wine-small", "gone"))
    command = ["run", "study.yaml", "--set", GROUPS, "--set", "tracking.patience=1"]
    command += ["--tracking-uri", proxy.address, "--output", "out"]
    leaving = Leaving(proxy)
    with monkeypatch.context() as patch:
        terminal = "sparse_lightning.training.progress.terminal_progress"
        patch.setattr(terminal, lambda: leaving)
        ended = CliRunner().invoke(main, command)
    assert ended.exit_code == 1, ended.output
    (told,) = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    begin = (
        f"Error: gone: the tracking store {proxy.address} lacks {NETWORKS} of {NETWORKS} networks: "
    )
    assert told.startswith(begin)
    assert told.endswith(
        "; what was trained is kept in out/.unfinished, and the same command again goes on without "
        "training it again"
    )
    assert not Path("out/report.html").exists()

    nothing_trains()
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert f"the tracking store {proxy.address} cannot be opened" in refused.stderr

    proxy.start()
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert f"report: {Path('out/report.html').resolve()}" in done.stdout
    check(server, "gone", sl.Study.find("gone", server.address).run_id, expected)


def test_a_server_that_fails_while_the_report_reads_is_asked_by_the_same_again(
    server, proxy, expected, nothing_trains, monkeypatch
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    read = []

    def choose(method: str, path: str, number: int) -> Fault | None:
        if "artifacts" in path and method == "GET":
            read.append(path)
        return Fault(500) if read else None

    proxy.choose = choose
    with pytest.raises(UnfinishedError, match=r"has every network, but not its report: .* kept in"):
        sl.run(project("reading"), proxy.address, "out")
    proxy.choose = lambda method, path, number: None
    nothing_trains()
    study = sl.run(project("reading"), proxy.address, "out")
    check(server, "reading", study.run_id, expected)


@pytest.mark.parametrize("network", [1, 4])
def test_a_study_that_is_killed_while_networks_are_written_is_finished(
    server, proxy, expected, nothing_trains, network
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
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    proxy.choose = lambda method, path, number: None
    nothing_trains()
    study = sl.run(sl.Project.load("study.yaml", [GROUPS]), proxy.address, "out")
    check(server, name, study.run_id, expected)
