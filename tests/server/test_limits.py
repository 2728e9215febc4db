"""What a request may cost: what is beyond is refused in the server's own words."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_networks import network_run, study_run, weights_of

from sparse_lightning.page import networks
from sparse_lightning.page import runs as page_runs
from sparse_lightning.server import limits, store
from sparse_lightning.server.answers import json_parts
from sparse_lightning.tracking import Store, columns, conditions, finished_runs, history, names
from sparse_lightning.tracking import limits as of_comparisons
from sparse_lightning.tracking.conditions import ConditionError, in_time, parsed
from sparse_lightning.tracking.finished_runs import FinishedRun

API = "/sparse-lightning/api"


class Place:
    """A store to write runs into, and the page over it."""

    def __init__(self, folder: Path, serve: Any):
        self.store = Store(f"sqlite:///{folder}/mlflow.db")
        self.experiment = self.store.experiment("e").experiment_id
        self.client = serve(self.store.uri.revealed(), folder / "mlruns")

    def write(self, *runs: FinishedRun) -> list[str]:
        return finished_runs.write_runs(self.store, self.experiment, list(runs))

    def network(self, columns: list[str], encoding: bytes | None = None, **files: bytes) -> Any:
        held = {} if encoding is None else {"encoding_json": encoding}
        (study,) = self.write(study_run("s", columns, **held))
        (network,) = self.write(network_run(study, **files))
        return self.client.get(f"{API}/networks/{network}")

    def runs(self, **query: Any) -> Any:
        return self.client.get(f"{API}/runs", query_string={"experiment": self.experiment, **query})


@pytest.fixture
def place(workplace: Path, serve: Any) -> Place:
    return Place(workplace, serve)


def test_filters_are_bounded(place: Place):
    place.write(FinishedRun("r", metrics=[("m", 0, 1.0)]))
    most = of_comparisons.MOST_COMPARISONS
    assert len(place.runs(filter=" and ".join(["metrics.m > 0"] * most)).json["ids"]) == 1
    for text in (
        " and ".join(["metrics.m > 0"] * (most + 1)),
        "metrics.m > 0 " * 1_000,
        "params.a = 'a\0b'",
        "a:=" * 1_000,
        "(" * 3_000,
    ):
        answer = place.runs(filter=text)
        assert answer.status_code == 400, answer.json


@given(st.text(max_size=50) | st.text("metricsparam.`'\"<>=()andINLIKE 0123456789", max_size=60))
def test_any_filter_is_one_or_refused(text: str):
    with suppress(ConditionError):
        assert isinstance(parsed(text), list)


def test_a_filter_that_takes_too_long_is_given_up(place: Place):
    from sqlalchemy import text

    endless = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    )
    with place.store.backend.ManagedSessionMaker() as session:
        with pytest.raises(ConditionError, match=r"more than 0\.1 seconds"), in_time(session, 0.1):
            session.execute(endless)
        with in_time(session, 0.1):
            assert session.execute(text("SELECT 1")).scalar() == 1
        assert session.execute(text("SELECT 2")).scalar() == 2


def test_names_that_few_runs_have_take_no_columns(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(columns, "MOST_EMPTY", 100)
    place.write(
        *(
            FinishedRun(
                str(number),
                metrics=[("shared", 0, 1.0), (f"own{number}", 0, 1.0)],
                params={"p": "x"},
            )
            for number in range(40)
        )
    )
    runs = place.runs().json
    assert runs["metrics"]["shared"] == [1.0] * 40
    assert runs["params"]["p"]["codes"] == [0] * 40
    assert len(runs["metrics"]) == 1 + 100 // 39
    assert runs["columns_left_out"] == 40 - 100 // 39


def test_the_most_common_columns_are_given(place: Place, monkeypatch: pytest.MonkeyPatch):
    place.write(FinishedRun("r", metrics=[(f"m{number}", 0, 1.0) for number in range(9)]))
    monkeypatch.setattr(columns, "MOST_COLUMNS", 4)
    runs = place.runs().json
    assert (list(runs["metrics"]), runs["columns_left_out"]) == (["m0", "m1", "m2", "m3"], 5)
    monkeypatch.setattr(of_comparisons, "MOST_NAMES", 8)
    assert place.runs().status_code == 413


def test_too_many_values_are_refused(place: Place, monkeypatch: pytest.MonkeyPatch):
    place.write(*[FinishedRun("r", metrics=[("m", 0, 1.0)], params={"p": "x" * 50})] * 3)
    assert place.runs().status_code == 200
    with monkeypatch.context() as patch:
        patch.setattr(of_comparisons, "MOST_VALUES", 4)
        assert place.runs().status_code == 413
    with monkeypatch.context() as patch:
        patch.setattr(of_comparisons, "MOST_TEXT", 100)
        answer = place.runs()
        assert (answer.status_code, "choose less" in answer.json["error"]) == (413, True)


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.floats(-9, 9)), max_size=9
    )
)
def test_columns_hold_what_the_rows_say(rows: list[tuple[str, str, float]]):
    heads = [columns.RunHead(run, run, "1", "FINISHED", 0) for run in "ab"]
    texts = [(run, name, str(value)) for run, name, value in rows]
    made = columns.columns_of(heads, rows, texts, ())
    for place, run in enumerate("ab"):
        last = {name: value for one, name, value in rows if one == run}
        assert {n: c[place] for n, c in made.metrics.items() if c[place] is not None} == last
        for name, column in made.params.items():
            code = column.codes[place]
            assert (column.levels[code] if code >= 0 else None) == (
                str(last[name]) if name in last else None
            )
    assert list(made.metrics) == sorted({name for run, name, _ in rows if run in "ab"})


def test_too_many_experiments_and_studies_are_refused(place: Place):
    for kind in ("experiment", "study"):
        query = [(kind, str(number)) for number in range(limits.MOST_NAMED + 1)]
        answer = place.client.get(f"{API}/runs", query_string=query)
        assert (answer.status_code, "at most 200" in answer.json["error"]) == (400, True)


def test_large_projects_are_not_read(place: Place, monkeypatch: pytest.MonkeyPatch):
    read: list[str] = []
    known = page_runs.read_project
    monkeypatch.setattr(
        page_runs, "read_project", lambda store, run_id: read.append(run_id) or known(store, run_id)
    )
    large = study_run("large", ["a"], project_yaml=b"#" * (limits.MOST_OF_PROJECTS + 1))
    small = study_run("small", ["a"])
    for study in place.write(large, small, large):
        place.write(network_run(study))
    answer = place.runs()
    assert answer.status_code == 200
    told = {one["name"]: one["groups"] for one in answer.json["studies"]}
    assert told["large"] == ["L1"]
    assert "MCP" in told["small"]
    monkeypatch.setattr(store, "MOST_OF_PROJECTS", 10)
    assert {one["name"]: one["groups"] for one in place.runs().json["studies"]}["small"] == ["L1"]


def test_large_files_are_not_read(place: Place, monkeypatch: pytest.MonkeyPatch):
    assert place.network(["a", "b", "c"]).status_code == 200
    monkeypatch.setattr(store, "LARGEST_FILE", 100)
    assert place.network(["a", "b", "c"]).status_code == 413


def test_large_runs_are_not_read(place: Place, monkeypatch: pytest.MonkeyPatch):
    (run_id,) = place.write(FinishedRun("r", params={str(number): "x" for number in range(30)}))
    path = f"{API}/networks/{run_id}/history"
    assert place.client.get(path).status_code == 200
    monkeypatch.setattr(store, "MOST_OF_A_RUN", 20)
    assert place.client.get(path).status_code == 413


def test_a_long_history_is_thinned(place: Place, monkeypatch: pytest.MonkeyPatch):
    long = [("long", step, step) for step in range(17)]
    (run_id,) = place.write(FinishedRun("r", metrics=[*long, ("one", 7, 1.0)]))
    monkeypatch.setattr(history, "MOST_POINTS", 5)
    told = place.client.get(f"{API}/networks/{run_id}/history").json["metrics"]
    assert told["one"] == {"steps": [7], "values": [1.0]}
    assert told["long"] == {"steps": [0, 4, 8, 12, 16], "values": [0, 4, 8, 12, 16]}


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.bool_])
def test_weights_are_floats(place: Place, kind: Any):
    weights = [np.ones(shape, kind) for shape in ((2, 3), (3, 2))]
    answer = place.network(["a", "b", "c"], network_safetensors=weights_of(*weights))
    assert answer.status_code == 422
    assert "is not what sparse-lightning writes" in answer.json["error"]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_weights_of_any_precision_are_read(place: Place, kind: Any):
    weights = [np.ones(shape, kind) for shape in ((2, 3), (3, 2))]
    answer = place.network(["a", "b", "c"], network_safetensors=weights_of(*weights))
    assert answer.json["connections"] == 12


def test_large_networks_are_not_looked_into(place: Place, monkeypatch: pytest.MonkeyPatch):
    units = networks.MOST_UNITS + 1
    wide = [np.ones((units, 3), np.float32), np.ones((3, units), np.float32)]
    answer = place.network(["a", "b", "c"], network_safetensors=weights_of(*wide))
    assert (answer.status_code, "sparse-lightning export" in answer.json["error"]) == (413, True)
    monkeypatch.setattr(networks, "MOST_WEIGHTS", 11)
    assert place.network(["a", "b", "c"]).status_code == 413


def test_of_very_many_columns_nothing_is_said(place: Place, monkeypatch: pytest.MonkeyPatch):
    assert len(place.network(["a", "b", "c"]).json["codes"]) == 2
    monkeypatch.setattr(networks, "MOST_SAID", 20)  # (2 · 2 codes + 3 columns) · 3 columns: 21
    told = place.network(["a", "b", "c"]).json
    assert (told["codes"], told["variables_read"], told["sentences"]) == (None, None, [])


def test_a_small_encoding_of_much_text_is_refused(place: Place):
    levels = [str(number) for number in range(10_000)]
    column = {"kind": "levels", "name": "x" * 10_000, "levels": levels, "numeric": False}
    column |= {"drop_first": False, "offsets": [0.0] * 10_000, "factors": [1.0] * 10_000}
    content = json.dumps({"version": 2, "variables": [column]}).encode()
    assert place.network(["a"], encoding=content).status_code == 422


SWEEPS = [
    "[]",
    '{"thresholds": 1}',
    '{"thresholds": [0.1], "connections": [1], "squared_error": [1, 2]}',
    '{"thresholds": [[]], "connections": [1], "squared_error": [1]}',
    '{"thresholds": [' + ",".join(["1"] * 1_001) + "]}",
    "[" * 900 + "]" * 900,
]


def test_a_damaged_sweep_is_told_as_such(place: Place):
    for sweep in SWEEPS:
        assert place.network(["a", "b", "c"], sweep_json=sweep.encode()).status_code == 422


def test_damage_and_absence_are_no_failures_of_the_server(place: Place):
    for files in ({"network_safetensors": b""}, {"input.errors_json": b"{"}):
        assert place.network(["a", "b", "c"], **files).status_code in (200, 422)
    assert place.network(["a", "b", "c"], encoding=b"\xff").status_code == 422
    (study,) = place.write(FinishedRun("s", tags={names.KIND: names.STUDY}))
    (network,) = place.write(network_run(study))
    assert place.client.get(f"{API}/networks/{network}?threshold=0.1").status_code == 422


@pytest.mark.parametrize(("name", "status"), [("a\ud800", 422), ("a\U0001f377", 200)])
def test_a_stored_text_is_one(place: Place, name: str, status: int):
    encoding = json.dumps(
        {
            "version": 2,
            "variables": [
                {"kind": "number", "name": one, "offsets": [0], "factors": [1]}
                for one in (name, "b", "c")
            ],
        }
    ).encode()
    answer = place.network(["a"], encoding=encoding)
    assert answer.status_code == status
    assert ("layers" in answer.json) == (status == 200)


texts = st.text(st.characters(codec=None), max_size=5)
documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)


@given(documents)
def test_what_is_written_is_json(document: Any):
    assert json.loads(b"".join(json_parts(document)).decode()) == document


def test_long_lists_are_written_in_parts():
    document = {"a": list(range(12_345)), "b": (), "c": [[1], [2]], "d": ["x"] * 10_000}
    parts = list(json_parts(document))
    assert json.loads(b"".join(parts)) == {**document, "b": []}
    assert max(map(len, parts)) < 40_000


def test_conditions_name_their_bounds():
    with pytest.raises(ConditionError, match=f"it may have {conditions.LONGEST_CONDITION}"):
        parsed("x" * (conditions.LONGEST_CONDITION + 1))


def test_thresholds_are_plain_numbers(place: Place):
    (study,) = place.write(study_run("s", ["a", "b", "c"]))
    (network,) = place.write(network_run(study))

    def status(text: str) -> int:
        path = f"{API}/networks/{network}"
        return place.client.get(path, query_string={"threshold": text}).status_code

    for text in ["1_0", "٣", " 1", "1 ", "0x1", "1e999", "nan", "-0.1", "", "." * 9]:
        assert status(text) == 400, text
    for text in ["0", "1e-3", ".5", "2."]:
        assert status(text) == 200, text
