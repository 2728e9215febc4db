"""The page's addresses in a real server: prefixes, proxied files, PostgreSQL, users."""

import shutil
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from postgres import PostgreSQL
from server_processes import ADMIN, AUTH, Server, serving
from studies import Job

from sparse_lightning.tracking import Store
from sparse_lightning.tracking.finished_runs import FinishedRun
from sparse_lightning.tracking.history import read_histories, read_history
from sparse_lightning.tracking.selecting import Selection, read_columns

pytestmark = [pytest.mark.slow, pytest.mark.long]

API = "sparse-lightning/api"
READER, STRANGER = ("reader", "reader's password 1"), ("stranger", "stranger's password 1")


@pytest.fixture(scope="module")
def store_copy(wine_job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store of the wine study, which tests may write into."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(wine_job.folder / "mlflow.db", folder)
    return folder


def networks(server: Server, study: str, auth: tuple[str, str] | None = None) -> list[str]:
    return server.get(f"{API}/runs?study={study}", auth).json()["ids"]


def test_everything_lies_under_the_prefix(
    store_copy: Path, wine_job: Job, monkeypatch: pytest.MonkeyPatch
):
    uri = f"sqlite:///{store_copy}/mlflow.db"
    arguments = ("--app-name", "sparse-lightning", "--backend-store-uri", uri)
    with serving(store_copy, *arguments, prefix="/ml") as server:
        overview = server.get(f"{API}/overview")
        assert overview.status_code == 200
        assert [study["name"] for study in overview.json()["studies"]] == ["wine-small"]
        run_id = networks(server, wine_job.study.run_id)[0]
        assert server.get(f"{API}/networks/{run_id}").json()["sweep"] is not None
        root = server.address.removesuffix("/ml")
        assert Server(root).get(f"{API}/overview").status_code == 404
        # MLflow's own pages and interface are as they were.
        assert "<title>MLflow</title>" in server.get("").text
        found = server.post("api/2.0/mlflow/experiments/search", {"max_results": 10}).json()
        assert "wine-small" in [experiment["name"] for experiment in found["experiments"]]
        foreign = {"Sec-Fetch-Site": "cross-site", "X-Sparse-Lightning": "1"}
        path = f"{API}/networks/{run_id}/register"
        assert server.post(path, {"name": "n"}, headers=foreign).status_code == 403
        check_reading(server, Store(uri), wine_job.study.run_id, monkeypatch)


def check_reading(server: Server, store: Store, study: str, monkeypatch: pytest.MonkeyPatch):
    """A client is told by the page's addresses what it would read from the database."""
    served = Store(server.address)
    experiment = store.run(study).info.experiment_id
    with monkeypatch.context() as patch:
        for name in ("search_runs", "get_metric_history"):
            patch.setattr(type(served.backend), name, None)
        for selection in (
            Selection([experiment], [study]),
            Selection([experiment], condition="params.seed = '1'"),
            Selection([experiment], unfinished=True),
        ):
            told = read_columns(served.backend, selection)
            assert told.ids
            assert told == read_columns(store.backend, selection)
        few = told.ids[:2]
        histories = read_histories(served.backend, few)
        assert histories == {run: read_history(store.backend, run) for run in few}
    wrong = Selection([experiment], condition="params.seed is 1")
    with pytest.raises(MlflowException, match="Invalid"):
        read_columns(served.backend, wrong)


def test_files_that_the_server_keeps_are_read(
    tmp_path: Path, postgresql: PostgreSQL, make_job, empty_store: Path
):
    """PostgreSQL behind the server, and a study whose files went through it."""
    from studies import WINE, working_in

    from sparse_lightning import Project, run

    uri = postgresql.create_database()
    arguments = ("--app-name", "sparse-lightning", "--backend-store-uri", uri)
    with serving(tmp_path, *arguments) as server:
        (tmp_path / "project.yaml").write_text(WINE)
        with working_in(tmp_path):
            project = Project.load(tmp_path / "project.yaml")
            study = run(project, server.address, tmp_path / "report")
        runs = server.get(f"{API}/runs?study={study.run_id}").json()
        assert runs["studies"][0]["groups"] == list(project.regularizers.groups)
        assert runs["bootstrap"]["seeds"] == 2
        filtered = f"{API}/runs?study={study.run_id}&filter=params.seed = '1'"
        assert len(server.get(filtered).json()["ids"]) == len(runs["ids"]) // 2
        inside = server.get(f"{API}/networks/{runs['ids'][0]}").json()
        assert inside["connections_total"] == 96
        assert inside["losses"] is not None
        made = server.register(runs["ids"][0], "kept by the server")
        assert (made.status_code, made.json()["version"]) == (200, "1"), made.text


def test_users_see_what_mlflow_lets_them(store_copy: Path, wine_job: Job):
    """One user may read all but one experiment, another none but by a grant."""
    from sparse_lightning.tracking import finished_runs

    uri = f"sqlite:///{store_copy}/mlflow.db"
    store = Store(uri)
    secret = store.experiment("secret").experiment_id
    (hidden,) = finished_runs.write_runs(
        store, secret, [FinishedRun("hidden", metrics=[("error", 1, 0.5), ("size", 1, 2.0)])]
    )
    study = wine_job.study.run_id
    wine = store.run(study).info.experiment_id
    (store_copy / "auth.ini").write_text(AUTH.format(default="READ", folder=store_copy))
    settings = {
        "MLFLOW_AUTH_CONFIG_PATH": str(store_copy / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key",
    }
    arguments = ("--app-name", "sparse-lightning-basic-auth", "--backend-store-uri", uri)
    with serving(store_copy, *arguments, settings=settings) as server:
        for path in ("", "assets/x.js", "api/overview", f"api/networks/{hidden}"):
            refused = server.get(f"sparse-lightning/{path}")
            assert refused.status_code == 401, path
            assert "Basic" in refused.headers["WWW-Authenticate"]
        assert server.get(f"{API}/overview", ("admin", "wrong")).status_code == 401
        assert server.register(hidden, "n").status_code == 401
        for name, password in (READER, STRANGER):
            body = {"username": name, "password": password}
            made = server.post("api/2.0/mlflow/users/create", body, ADMIN)
            assert made.status_code == 200, made.text
        grant(server, READER[0], secret, "DENY")
        grant(server, STRANGER[0], wine, "DENY")
        assert seen(server, ADMIN) == {"Default", "wine-small", "secret"}
        assert seen(server, READER) == {"Default", "wine-small"}
        assert seen(server, STRANGER) == {"Default", "secret"}
        assert server.get(f"{API}/overview", READER).json()["user"] == "reader"
        assert server.get(f"{API}/overview", STRANGER).json()["studies"] == []
        network = networks(server, study, READER)[0]
        for path in (
            f"{API}/runs?study={study}",
            f"{API}/columns?study={study}",
            f"{API}/runs?experiment={wine}",
            f"{API}/networks/{network}",
            f"{API}/networks/{network}/history",
        ):
            assert server.get(path, READER).status_code == 200, path
            assert server.get(path, STRANGER).status_code == 404, path
        assert server.get(f"{API}/runs?experiment={secret}", READER).status_code == 404
        assert server.get(f"{API}/networks/{hidden}/history", READER).status_code == 404
        both = f"{API}/runs?experiment={wine}&experiment={secret}"
        assert server.get(both, READER).status_code == 404
        assert server.get(f"{API}/runs?experiment={secret}", STRANGER).json()["ids"] == [hidden]
        check_registering(server, store, network, wine)


def check_registering(server: Server, store, network: str, wine: str) -> None:
    """Reading is not enough; the first version belongs to whoever made it."""
    before = store.run(network).outputs
    assert server.register(network, "mine", STRANGER).status_code == 404
    assert server.register(network, "mine", READER).status_code == 403
    assert store.run(network).outputs == before
    assert not store.client.search_registered_models()
    grant(server, READER[0], wine, "EDIT")
    first = server.register(network, "mine", READER)
    assert (first.status_code, first.json()["version"]) == (200, "1"), first.text
    assert first.json()["address"] == "#/models/mine/versions/1"
    assert server.register(network, "mine", READER).json()["version"] == "2"
    theirs = server.register(network, "of the admin", ADMIN)
    assert theirs.status_code == 200, theirs.text
    assert server.register(network, "of the admin", READER).status_code == 403
    version = store.client.get_model_version("mine", "1")
    assert version.run_id == network


def grant(server: Server, user: str, experiment: str, permission: str) -> None:
    body = {
        "username": user,
        "resource_type": "experiment",
        "resource_id": experiment,
        "permission": permission,
    }
    done = server.post("api/3.0/mlflow/users/permissions/grant", body, ADMIN)
    assert done.status_code == 200, done.text


def seen(server: Server, user: tuple[str, str]) -> set[str]:
    overview = server.get(f"{API}/overview", user).json()
    return {experiment["name"] for experiment in overview["experiments"]}
