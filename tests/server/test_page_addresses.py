"""The page's addresses by Flask's test client."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load
from studies import Job

from sparse_lightning.tracking import Store, finished_runs, names, selecting
from sparse_lightning.tracking.finished_runs import FinishedRun
from sparse_lightning.tracking.limits import MOST_RUNS
from sparse_lightning.tracking.listing import count_left_out
from sparse_lightning.tracking.selecting import Selection, _from_api, read_columns

API = "/sparse-lightning/api"
HOSTILE = [
    "<script>alert(1)</script>",
    "\"quoted\" 'twice' \\ and a\nnew line",
    "\u202eright to left\u202c",
    "x" * 5000,
    "= 1 + 1; DROP TABLE runs; --",
]


def runs_of(texts: list[str]) -> list[FinishedRun]:
    return [
        FinishedRun(
            name=text[:250],
            params={"text": text, "number": str(place)},
            metrics=[("error", 1, 9.0), ("error", 2, place / 10), ("size", 0, float("nan"))],
            tags={"said": text, "mlflow.note.content": "long", "mlflow.user": "someone"},
        )
        for place, text in enumerate(texts)
    ]


@pytest.fixture
def made(workplace: Path) -> tuple[Store, str, list[str]]:
    """A store with runs that are as hostile as they come."""
    store = Store(f"sqlite:///{workplace}/mlflow.db")
    experiment = store.experiment(HOSTILE[0]).experiment_id
    return store, experiment, finished_runs.write_runs(store, experiment, runs_of(HOSTILE))


@pytest.fixture
def client(made: Any, serve: Any, workplace: Path) -> Any:
    return serve(made[0].uri.revealed(), workplace / "mlruns")


@pytest.fixture
def wine(wine_job: Job, serve: Any) -> Any:
    return serve(wine_job.uri, wine_job.folder / "mlruns")


def said(column: dict, place: int) -> str | None:
    code = column["codes"][place]
    return None if code < 0 else column["levels"][code]


def test_texts_pass_unchanged(client: Any, made: Any):
    _, experiment, ids = made
    runs = client.get(f"{API}/runs?experiment={experiment}").json
    assert runs["ids"] == ids
    assert runs["names"] == [text[:250] for text in HOSTILE]
    for place, text in enumerate(HOSTILE):
        assert said(runs["params"]["text"], place) == text
        assert said(runs["tags"]["said"], place) == text
    assert set(runs["tags"]) == {"said", "mlflow.user"}
    assert runs["params"]["number"]["levels"] == ["0", "1", "2", "3", "4"]
    assert runs["metrics"] == {"error": [0.0, 0.1, 0.2, 0.3, 0.4], "size": [None] * 5}
    assert (runs["studies"], runs["bootstrap"], runs["truncated"]) == ([], None, False)
    overview = client.get(f"{API}/overview").json
    assert {"id": experiment, "name": HOSTILE[0], "runs": 5} in overview["experiments"]


def test_tables_and_interface_say_the_same(client: Any, made: Any, wine_job: Job):
    store, experiment, _ = made
    tables = store.client._tracking_client.store
    for selection in (
        Selection([experiment]),
        Selection([experiment], condition="params.number != '1' and metrics.error < 0.4"),
        Selection([experiment], condition="attributes.run_name LIKE '%quoted%'"),
    ):
        expected = _from_api(tables, selection, MOST_RUNS)
        assert expected.ids
        assert read_columns(tables, selection) == expected
    study = Store(wine_job.uri)
    wine = Selection([study.run(wine_job.study.run_id).info.experiment_id])
    networks = Selection(wine.experiments, studies=[wine_job.study.run_id])
    tables = study.client._tracking_client.store
    for selection in (wine, networks):
        expected = _from_api(tables, selection, MOST_RUNS)
        assert len(expected.ids) == 26
        assert read_columns(tables, selection) == expected
    assert read_columns(tables, networks, most=10).truncated
    assert read_columns(tables, networks, most=10).ids == expected.ids[-10:]


def test_runs_that_are_left_out_are_counted_by_why(client: Any, made: Any):
    store, experiment, _ = made
    others = [
        FinishedRun("lost", metrics=[("error", 1, 0.1)], status="FAILED"),
        FinishedRun("stopped", status="KILLED"),
        FinishedRun("empty"),
        FinishedRun("study", tags={names.KIND: names.STUDY}),
        FinishedRun("mine", params={"number": "9"}, status="FAILED"),
    ]
    finished_runs.write_runs(store, experiment, others)
    store.client.create_run(experiment)
    address = f"{API}/runs?experiment={experiment}"
    counts = {"failed": 3, "running": 1, "without_metric": 1}
    assert client.get(address).json["left_out"] == counts
    tables = store.client._tracking_client.store
    for selection in (
        Selection([experiment]),
        Selection([experiment], condition="params.number = '9'"),
        Selection([experiment], unfinished=True),
        Selection([experiment], studies=["s"]),
    ):
        expected = count_left_out(tables, selection)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(selecting, "reads", lambda _: False)
            assert count_left_out(tables, selection) == expected
    assert count_left_out(tables, Selection([experiment], condition="params.number = '9'")) == {
        "failed": 1,
        "running": 0,
        "without_metric": 0,
    }


def test_an_infinite_metric_is_none(client: Any, made: Any):
    store, experiment, _ = made
    finished_runs.write_runs(
        store, experiment, [FinishedRun("far", metrics=[("error", 1, float("inf"))])]
    )
    runs = client.get(f"{API}/runs?experiment={experiment}").json
    assert runs["metrics"]["error"][-1] is None
    history = client.get(f"{API}/networks/{runs['ids'][-1]}/history").json
    assert history == {"metrics": {"error": {"steps": [1], "values": [None]}}}
    history = client.get(f"{API}/networks/{runs['ids'][3]}/history").json["metrics"]["error"]
    assert history == {"steps": [1, 2], "values": [9.0, 0.3]}


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("runs", 400, "name at least one"),
        ("runs?experiment=77", 404, "no experiment '77'"),
        ("runs?experiment=1%27%20or%201", 404, "no experiment"),
        ("runs?study=" + "0" * 32, 404, "no run"),
        ("runs?experiment=1&filter=metrics.error+like", 400, "Invalid clause"),
        ("runs?experiment=1&filter=nothing.like = 'this'", 400, "Invalid entity type"),
        (f"runs?experiment=1&filter=attributes.start_time > {10**20}", 400, f"with {10**20}, but"),
        (f"runs?experiment=1&filter=attributes.end_time < {-(10**20)}", 400, f"with {-(10**20)}"),
        ("networks/" + "0" * 32, 404, "no run"),
        ("networks/..%2f..%2fetc", 404, "no such address"),
        ("nothing", 404, "no such address"),
    ],
)
def test_what_is_asked_in_vain(client: Any, path: str, status: int, message: str):
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == status, answer.json
    assert message in answer.json["error"]


def test_other_methods_are_refused(client: Any):
    for path in (f"{API}/overview", f"{API}/runs", "/sparse-lightning/"):
        for method in ("post", "put", "delete", "patch"):
            answer = getattr(client, method)(path)
            assert (answer.status_code, list(answer.json)) == (405, ["error"])


def test_a_failure_tells_nothing_of_the_code(client: Any, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("sparse_lightning.server.api.overview_document", fail)
    answer = client.get(f"{API}/overview")
    assert answer.status_code == 500
    assert answer.json == {"error": "the server failed; its log says more"}


def test_large_answers_are_compressed(client: Any, made: Any):
    path = f"{API}/runs?experiment={made[1]}"
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.data)) == plain.json
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)


def test_a_study_is_told_whole(wine: Any, wine_job: Job):
    study = wine_job.study
    runs = wine.get(f"{API}/runs?study={study.run_id}").json
    networks = study.networks
    assert runs["ids"] == networks["run_id"].tolist()
    assert runs["metrics"]["connections"] == networks["connections"].tolist()
    assert [said(runs["params"]["group"], place) for place in range(26)] == networks[
        "group"
    ].tolist()
    (told,) = runs["studies"]
    floor = networks.loc[networks["group"] == "none", "squared_error"].min()
    assert (told["floor"], told["layers"], told["rows"]) == (floor, [12, 4, 12], 1599)
    assert told["groups"] == list(study.project.regularizers.groups)
    assert (told["connections_total"], told["index"]) == (96, "area_marker")
    assert runs["defaults"]["marker"] == ["params.l1_weight", "params.hidden_weight"]
    assert runs["bootstrap"]["seeds"] == 2
    assert np.array(runs["bootstrap"]["draws"]).shape == (50, 2)
    assert wine.get(f"{API}/overview").json["studies"][0]["run_id"] == study.run_id
    assert runs["parents"] == {"levels": [study.run_id], "codes": [0] * 26}
    assert (told["status"], told["rows_total"], told["columns"]) == ("FINISHED", 1599, 12)
    assert told["measures"] == {
        "squared_error": {"floor": told["floor"], "null_error": told["null_error"]}
    }
    recommended = study.recommended
    assert told["recommended"] == (None if recommended is None else recommended.run_id)


def test_a_filter_leaves_the_floor_where_it_is(wine: Any, wine_job: Job):
    address = f"{API}/runs?study={wine_job.study.run_id}"
    (told,) = wine.get(address).json["studies"]
    few = wine.get(f"{address}&filter=params.group%20%3D%20'L1'").json
    assert few["params"]["group"]["levels"] == ["L1"]
    assert few["studies"] == [told]
    # A study is told of, by its status, where no run of it is left.
    none = wine.get(f"{address}&filter=params.group%20%3D%20'no%20such'").json
    assert (none["ids"], none["studies"][0]["status"]) == ([], "FINISHED")


def test_a_network_is_told_whole(wine: Any, wine_job: Job):
    run = wine_job.children[0]
    told = wine.get(f"{API}/networks/{run.info.run_id}").json
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    stored = load((folder / names.WEIGHTS_FILE).read_bytes())
    weights = [stored["0.weight"], stored["2.weight"]]
    assert all(
        np.array_equal(np.float32(a), b) for a, b in zip(told["weights"], weights, strict=True)
    )
    assert told["connections"] == run.data.metrics["connections"]
    assert told["connections_total"] == 96
    assert [len(layer["units"]) for layer in told["layers"]] == [12, 4, 12]
    assert [layer["activation"] for layer in told["layers"]] == [None, "sigmoid", "sigmoid"]
    assert told["study"] == wine_job.study.run_id
    assert told["variables"][3] == {"name": "residual sugar", "inputs": [3]}
    assert len(told["losses"]) == len(told["variables_read"]) == 12
    assert [row["code"] for row in sorted(told["codes"], key=lambda row: row["code"])] == [
        *range(1, 5)
    ]
    sweep = told["sweep"]
    assert sweep["squared_error"][0] == pytest.approx(run.data.metrics["squared_error"], rel=1e-5)
    few = wine.get(f"{API}/networks/{run.info.run_id}?threshold=0.3").json
    place = sweep["thresholds"].index(0.3)
    assert few["connections"] == sweep["connections"][place]
    assert few["threshold"] == 0.3
    for wrong in ("-1", "nan", "inf", "much"):
        answer = wine.get(f"{API}/networks/{run.info.run_id}?threshold={wrong}")
        assert (answer.status_code, "threshold" in answer.json["error"]) == (400, True)
    study = wine.get(f"{API}/networks/{wine_job.study.run_id}")
    assert (study.status_code, "no network" in study.json["error"]) == (404, True)


@pytest.mark.slow
def test_components_and_old_studies_have_no_sweep(components_job: Job, serve: Any, tmp_path: Path):
    client = serve(components_job.uri, components_job.folder / "mlruns")
    told = client.get(f"{API}/networks/{components_job.children[0].info.run_id}").json
    assert told["sweep"] is None
    assert told["task"] == "pca"


def test_a_failed_network_is_not_looked_into(client: Any, made: Any):
    store, experiment, _ = made
    tags = {names.KIND: names.NETWORK, "mlflow.parentRunId": "s", names.FAILURE: "diverged: step 3"}
    failed = FinishedRun("failed", tags=tags, status="FAILED", params={"task": "sae"})
    (run_id,) = finished_runs.write_runs(store, experiment, [failed])
    answer = client.get(f"{API}/networks/{run_id}?threshold=0.1")
    assert answer.status_code == 404
    assert "diverged: step 3" in answer.json["error"]


class TestPage:
    @pytest.fixture
    def page(self, tmp_path: Path, page_api: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "page"
        (folder / "assets").mkdir(parents=True)
        (folder / "index.html").write_text("<title>page</title>")
        (folder / "assets" / "index-Bx81_aQz.js").write_text("1")
        (tmp_path / "secret.txt").write_text("a secret")
        (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
        monkeypatch.setattr(page_api, "page", folder)
        return folder

    def test_it_is_served_with_careful_headers(self, client: Any, page: Path):
        answer = client.get("/sparse-lightning/", buffered=True)
        assert answer.text == "<title>page</title>"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'" in policy
        assert "frame-ancestors 'self'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "private, no-cache"
        asset = client.get("/sparse-lightning/assets/index-Bx81_aQz.js", buffered=True)
        assert "immutable" in asset.headers["Cache-Control"]
        assert asset.mimetype == "text/javascript"
        assert client.get("/sparse-lightning").status_code in (301, 308)

    @pytest.mark.parametrize(
        "path",
        [
            "../secret.txt",
            "%2e%2e/secret.txt",
            "..%2fsecret.txt",
            "assets/../../secret.txt",
            "assets/%2e%2e/%2e%2e/secret.txt",
            "..%5csecret.txt",
            "/etc/passwd",
            "%2fetc%2fpasswd",
            "nothing.js",
        ],
    )
    def test_nothing_else_is_given(self, client: Any, page: Path, path: str):
        answer = client.get(f"/sparse-lightning/{path}", buffered=True)
        assert answer.status_code in (308, 404)
        assert "secret" not in answer.text
        assert "root:" not in answer.text

    def test_a_missing_page_is_told(self, client: Any, page_api: Any, page: Path):
        page_api.page = page / "assets"
        answer = client.get("/sparse-lightning/", buffered=True)
        assert answer.status_code == 501
        assert "holds no page" in answer.json["error"]


def test_the_server_reads_runs_without_torch():
    import subprocess

    code = (
        "import sys, sparse_lightning.server.app, sparse_lightning.server.api\n"
        "assert 'torch' not in sys.modules and 'pytorch_lightning' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
