"""Whatever names a run, in a request or in another run, reads it for its users alone."""

from pathlib import Path
from typing import Any

import pytest
from stored_networks import network_run, study_run

from sparse_lightning.server.permissions import Everyone
from sparse_lightning.tracking import Store, finished_runs, names
from sparse_lightning.tracking.finished_runs import FinishedRun

API = "/sparse-lightning/api"
SECRET = "hush"
HEADERS = {"X-Sparse-Lightning": "1"}


class Some(Everyone):
    """A user who may read the runs of some experiments."""

    def __init__(self, experiments: set[str], hidden: set[str] = frozenset()):
        self.experiments, self.hidden = experiments, hidden

    def readable(self, experiments: Any) -> list[str]:
        return [number for number in experiments if number in self.experiments]

    def may_read(self, run_id: str) -> bool:
        return run_id not in self.hidden


class Place:
    """A store with a study of one's own and a foreign one, and runs that name the foreign one."""

    def __init__(self, folder: Path):
        self.store = Store(f"sqlite:///{folder}/mlflow.db")
        self.own = self.store.experiment("mine").experiment_id
        self.foreign = self.store.experiment(SECRET).experiment_id
        columns = [f"{SECRET} {place}" for place in range(3)]
        self.foreign_study = self.write(self.foreign, study_run(SECRET, columns))
        self.foreign_network = self.write(self.foreign, network_run(self.foreign_study, SECRET))
        self.study = self.write(self.own, study_run("mine", ["a", "b", "c"]))
        self.network = self.write(self.own, network_run(self.study))
        self.forged = [
            self.write(self.own, network_run(parent))
            for parent in (self.foreign_study, self.foreign_network)
        ]

    def write(self, experiment: str, run: FinishedRun) -> str:
        return finished_runs.write_runs(self.store, experiment, [run])[0]


@pytest.fixture
def place(workplace: Path) -> Place:
    return Place(workplace)


@pytest.fixture
def client(place: Place, serve: Any, page_api: Any, workplace: Path, monkeypatch: Any) -> Any:
    monkeypatch.setattr(page_api, "permissions", Some({place.own, "0"}))
    return serve(place.store.uri.revealed(), workplace / "mlruns")


def test_one_s_own_are_read(client: Any, place: Place):
    runs = client.get(f"{API}/runs?experiment={place.own}").json
    assert set(runs["ids"]) == {place.network, *place.forged}
    assert [study["name"] for study in runs["studies"]] == ["mine"]
    assert client.get(f"{API}/networks/{place.network}").json["layers"][0]["units"] == [
        *("a", "b", "c")
    ]
    overview = client.get(f"{API}/overview").json
    assert [study["name"] for study in overview["studies"]] == ["mine"]
    assert SECRET not in [one["name"] for one in overview["experiments"]]


def addresses(place: Place) -> list[str]:
    ids = [place.foreign_study, place.foreign_network, *place.forged]
    return [
        *("overview", f"runs?experiment={place.own}", f"columns?experiment={place.own}"),
        *(f"runs?experiment={place.own}&study={one}" for one in ids),
        *(f"{kind}?study={one}" for one in ids for kind in ("runs", "columns")),
        *(f"{kind}?experiment={place.foreign}" for kind in ("runs", "columns")),
        *(f"runs?experiment={place.own}&experiment={place.foreign}" for _ in "1"),
        *(f"networks/{one}" for one in ids),
        *(f"networks/{one}?threshold=0.1" for one in ids),
        *(f"networks/{one}/history" for one in ids),
        f"runs?experiment={place.own}&filter=tags.`mlflow.parentRunId`='{place.foreign_study}'",
        f"runs?experiment={place.own}&filter=attributes.run_id='{place.foreign_network}'",
    ]


def test_nothing_foreign_is_told(client: Any, place: Place):
    for address in addresses(place):
        answer = client.get(f"{API}/{address}")
        assert answer.status_code in (200, 404), address
        assert SECRET not in answer.text, address
    for run_id in (place.foreign_study, place.foreign_network, *place.forged):
        path = f"{API}/networks/{run_id}/register"
        answer = client.post(path, json={"name": "m"}, headers=HEADERS)
        assert (answer.status_code, SECRET in answer.text) == (404, False)
    assert not place.store.client.search_registered_models()


def test_foreign_and_missing_are_told_alike(client: Any, place: Place):
    for path in ("networks/{}", "networks/{}/history", "runs?study={}"):
        said = [
            client.get(f"{API}/{path.format(run_id)}").text.replace(run_id, "RUN")
            for run_id in (place.foreign_network, "0" * 32)
        ]
        assert said[0] == said[1]


def test_a_run_may_be_hidden_in_a_readable_experiment(
    client: Any, place: Place, page_api: Any, monkeypatch: pytest.MonkeyPatch
):
    """MLflow can forbid runs as such, while experiments may be listed."""
    monkeypatch.setattr(page_api, "permissions", Some({place.own}, {place.network, place.study}))
    assert client.get(f"{API}/networks/{place.network}").status_code == 404
    assert client.get(f"{API}/networks/{place.network}/history").status_code == 404
    runs = client.get(f"{API}/runs?experiment={place.own}").json
    assert runs["studies"] == []


@pytest.mark.parametrize("where", ["gs://x/y", "s3://x/y", "foo://x", "models:/x/1", "/nowhere"])
def test_a_place_that_somebody_chose_is_no_failure_of_the_store(
    client: Any, place: Place, where: str, page_api: Any
):
    """Libraries for it may be missing, or it is none; MLflow lets every user choose one."""
    experiment = place.store.client.create_experiment(where, where)
    for run in (study_run("elsewhere", ["a"]), network_run(place.study)):
        made = place.store.client.create_run(experiment, tags=dict(run.tags))
        place.store.client.set_terminated(made.info.run_id)
        if run.tags[names.KIND] == names.STUDY:
            place.write(place.own, network_run(made.info.run_id))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_api, "permissions", Some({place.own, experiment}))
        runs = client.get(f"{API}/runs?experiment={place.own}")
        assert runs.status_code == 200
        assert {one["name"] for one in runs.json["studies"]} == {"mine", "elsewhere"}
        answer = client.get(f"{API}/networks/{made.info.run_id}?threshold=0.1")
        assert answer.status_code == 422, answer.json


def test_one_bad_run_costs_that_run_alone(client: Any, place: Place):
    for parent in ("0" * 32, "not/an id", "", "x" * 300, "٣", place.network):
        place.write(place.own, network_run(parent))
    damaged = study_run("torn", ["a"], project_yaml=b"\xff")
    study = place.write(place.own, damaged)
    place.write(place.own, network_run(study))
    odd = FinishedRun(
        "odd",
        tags={names.KIND: names.STUDY},
        params={"layers": f"3-{'9' * 400}-٣-x", "groups": ""},
        metrics=[("rows", 0, float("nan"))],
    )
    place.write(place.own, network_run(place.write(place.own, odd)))
    answer = client.get(f"{API}/runs?experiment={place.own}")
    assert answer.status_code == 200
    assert len(answer.json["ids"]) == 11
    assert {one["name"] for one in answer.json["studies"]} == {"mine", "torn", "odd"}


NUMBERS = ["01", "1 ", " 1", "+1", "1.0", "1_0", "١", "１", "-1", "9" * 30, "9" * 5000, "", "1\0"]


def test_experiments_are_spelled_as_mlflow_spells_them(client: Any):
    for number in NUMBERS:
        for kind in ("runs", "columns"):
            answer = client.get(f"{API}/{kind}", query_string={"experiment": number})
            assert answer.status_code == 404, number


def test_runs_are_spelled_as_mlflow_spells_them(client: Any, place: Place):
    known = place.study
    for run_id in [f"{known}{end}" for end in (" ", "\0", "'", "/", "%", "a" * 300)]:
        assert client.get(f"{API}/runs", query_string={"study": run_id}).status_code == 404
    for run_id in (f"\u0661{known}", known.upper()):
        assert client.get(f"{API}/runs", query_string={"study": run_id}).status_code == 404


def test_the_backend_is_told_to_nobody(
    client: Any, place: Place, serve: Any, workplace: Path, monkeypatch: pytest.MonkeyPatch
):
    """Neither by a missing parent nor by a store that fails."""
    place.write(place.own, network_run("0" * 32))
    (forged,) = place.store.search([place.own], "attributes.run_name = 'network'")[:1]
    for path in (
        f"runs?experiment={place.own}",
        f"networks/{forged.info.run_id}",
        f"networks/{'0' * 32}",
    ):
        assert "sqlite" not in client.get(f"{API}/{path}").text
    (workplace / "mlflow.db").write_bytes(b"no database")
    answer = client.get(f"{API}/runs?experiment={place.own}")
    assert answer.status_code == 502
    assert "mlflow.db" not in answer.text
