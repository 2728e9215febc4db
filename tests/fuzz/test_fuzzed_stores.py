"""Stores that hold what this package did not write: told as such, and nothing is unpickled."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostile import CASES, SECONDS, TEXTS, in_time, mutated, outcome, spoiled, texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored_studies import Stored

from sparse_lightning import Study
from sparse_lightning.integrations.exporting.logging import find_exported
from sparse_lightning.integrations.exporting.saving import save_exported
from sparse_lightning.page.networks import network_document
from sparse_lightning.tracking import Store

pytestmark = pytest.mark.long

API = "/sparse-lightning/api"
TASKS = ["sae", "classifier", "regressor", "pca"]
NUMBERS = ["nan", "inf", "-1", "0", "1e308", "1.5", "abc", "", "1" * 400, "[1]", "0x10", "2-x-2"]

cases = settings(
    max_examples=CASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


READERS = ["network", "network", "view", "export", "page"]


def read(study: Stored, reader: str, network: str) -> None:
    """One of the ways in which a finished study is read: by its numbers, networks or models."""
    uri, run_id = study.job.uri, study.job.study.run_id
    if reader == "export":
        outcome(lambda: find_exported(Store(uri), network))
        return
    if reader == "page":
        outcome(lambda: network_document(Store(uri), Store(uri).run(network), 0.01))
        return
    found = outcome(lambda: Study.load(run_id, uri))
    if found is not None and reader == "view":
        outcome(lambda: found.view())
    elif found is not None:
        outcome(lambda: found.indices)
        row = found.networks.iloc[-1]
        outcome(lambda: found.network(row["group"], row["l1_weight"], row["seed"]).mappings())


def networks_of(study: Stored) -> st.SearchStrategy[str]:
    return st.sampled_from(study.job.study.networks["run_id"].tolist())


FILES = st.sampled_from(
    ["project.yaml", "encoding.json", "target.json", "network.safetensors", "*", "*"]
)


@st.composite
def damages(draw: st.DrawFn, study: Stored) -> tuple[Path, bytes | None]:
    """A file of a study, and what stands in its place; None: a folder does."""
    name = draw(FILES)
    file = draw(
        st.sampled_from([f for f in study.artifacts if name in ("*", f.name)] or study.artifacts)
    )
    content = file.read_bytes()
    kind = draw(st.sampled_from(["spoiled", "mutated", "mutated", "foreign", "bytes", "folder"]))
    if kind == "mutated" and file.suffix == ".json":
        changed = draw(mutated(json.loads(content)))
        return file, json.dumps(changed, default=repr).encode()
    if kind == "foreign":
        return file, draw(st.sampled_from(study.artifacts)).read_bytes()
    if kind == "bytes":
        return file, draw(st.binary(max_size=64) | st.sampled_from([b"", b"null", b"[]", b"{}"]))
    if kind == "folder":
        return file, None
    return file, draw(spoiled(content, [b"null", b"NaN", b"1e999", b'"', b"[", b"{", b"\0" * 8]))


@cases
@given(st.data(), st.sampled_from(TASKS), st.sampled_from(READERS))
def test_damaged_files_are_told(stored: dict[str, Stored], data: Any, task: str, reader: str):
    study = stored[task]
    file, content = data.draw(damages(study))
    with study.damaged():
        file.unlink()
        if content is None:
            file.mkdir()
        else:
            file.write_bytes(content)
        read(study, reader, data.draw(networks_of(study)))


ROWS = {
    "params": ("key", "value"),
    "tags": ("key", "value"),
    "latest_metrics": ("key", "value"),
    "runs": ("run_uuid", "name"),
}


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, str, Any]:
    table = draw(st.sampled_from(sorted(ROWS)))
    if table == "latest_metrics":
        value = draw(st.sampled_from([-1.0, 0.0, 1e308, 0.5, None, 3e9, 1e15]))
    else:
        value = draw(st.sampled_from(NUMBERS + TEXTS) | texts)
    what = draw(st.sampled_from(["update", "update", "delete", "rename", "status"]))
    return table, what, value


@cases
@given(
    st.data(),
    st.sampled_from(TASKS),
    st.sampled_from(READERS),
    st.lists(changes(), min_size=1, max_size=3),
)
def test_damaged_rows_are_told(
    stored: dict[str, Stored], data: Any, task: str, reader: str, changed: list
):
    study = stored[task]
    with study.damaged() as live:
        for table, what, value in changed:
            rows = sorted(live.execute(f"select rowid, * from {table}").fetchall(), key=repr)
            number = data.draw(st.integers(0, max(len(rows) - 1, 0)))
            damage(live, table, what, value, rows[number][0] if rows else -1)
        read(study, reader, data.draw(networks_of(study)))


def damage(live: Any, table: str, what: str, value: Any, row: int) -> None:
    import sqlite3

    value = value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
    _, column = ROWS[table]
    try:
        if what == "delete" and table != "runs":
            live.execute(f"delete from {table} where rowid = ?", (row,))
        elif what == "rename" and table in ("params", "tags"):
            live.execute(f"update {table} set key = ? where rowid = ?", (value, row))
        elif what == "status":
            live.execute("update runs set status = 'KILLED' where rowid = ?", (row,))
        elif table == "latest_metrics" and value is None:
            live.execute("update latest_metrics set is_nan = 1 where rowid = ?", (row,))
        else:
            live.execute(f"update {table} set {column} = ? where rowid = ?", (value, row))
    except sqlite3.IntegrityError:
        pass  # the database itself refuses that


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, file: Path):
        self.file = file

    def __reduce__(self) -> tuple[Callable, tuple]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("task", TASKS)
def test_nothing_is_unpickled(stored: dict[str, Stored], tmp_path: Path, task: str):
    study, sprung = stored[task], tmp_path / "sprung"
    trap = pickle.dumps(Trap(sprung))
    network = study.job.study.networks["run_id"].iloc[-1]
    for file in study.artifacts:
        if {study.job.study.run_id, network}.isdisjoint(file.parts):
            continue
        with study.damaged():
            file.write_bytes(trap)
            for reader in dict.fromkeys(READERS):
                read(study, reader, network)
    assert not sprung.exists()
    pickle.loads(trap)
    assert sprung.exists()


def test_no_code_of_this_package_unpickles():
    import sparse_lightning

    folder = Path(sparse_lightning.__file__).parent
    words = (
        "pickle.load",
        "import pickle",
        "torch.load",
        "joblib",
        "cloudpickle",
        "allow_pickle=True",
    )
    for file in folder.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not [word for word in words if word in text], file


def test_an_exported_model_holds_no_pickle(stored: dict[str, Stored], tmp_path: Path):
    study = stored["sae"]
    network = find_exported(Store(study.job.uri), study.job.study.networks["run_id"].iloc[0])
    save_exported(network, tmp_path / "model", "pyfunc")
    assert not list((tmp_path / "model").rglob("*.pkl"))


PATHS = st.sampled_from(
    [
        "overview",
        "runs",
        "networks/{}",
        "networks/{}/history",
        "networks/{}/register",
        "",
        "nothing",
    ]
)
FILTERS = [
    *("metrics.x > 1", "params.`a b` = 'x'", "tags.x LIKE '%'", "attributes.status = 'FINISHED'"),
    *(
        "metrics.x >",
        "' or 1=1 --",
        "a and",
        "and",
        "()",
        "(" * 200,
        "metrics.x > 1 and " * 60,
        "like",
    ),
    *("attributes.start_time > 99999999999999999999", "metrics.x = 'nan'", "metrics.x > 1e999"),
    *("params.x IN ('a')", "params.x IN ()", "attributes.run_id IN (1)", "dataset.name = 'x'", ";"),
    *("metrics.`", 'params.x = "', "tags.'a'.b = 1", "attribute.run_id = NULL", "x NOT IN y", "*"),
]


@cases
@given(st.data())
def test_whatever_is_asked_of_the_page_is_answered(
    stored: dict[str, Stored], serve: Any, data: Any
):
    study = stored["sae"]
    client = serve(study.job.uri, study.job.folder / "mlruns")
    known = st.sampled_from([study.job.study.run_id, *study.job.study.networks["run_id"], "0" * 32])
    words = st.sampled_from(
        ["1", "0", "-1", "1" * 30, "٣", "²", "1e3", "nan", "inf", "0.01", *FILTERS]
    )
    word = known | words | texts
    path = data.draw(PATHS).format(data.draw(word)).encode("utf-8", "replace").decode()
    names = st.sampled_from(["experiment", "study", "filter", "threshold", "other"])
    query = data.draw(st.lists(st.tuples(names, word), max_size=4))
    query = [(name, text.encode("utf-8", "replace").decode()) for name, text in query]
    method = data.draw(st.sampled_from(["get", "get", "get", "get", "post", "put", "head"]))
    # The client takes a query in the path or beside it, not both.
    options: dict[str, Any] = {} if "?" in path else {"query_string": query}
    if method == "post":
        options["data"] = data.draw(
            st.binary(max_size=20) | st.sampled_from([b'{"name": "x"}', b'{"name": 1}'])
        )
        options["content_type"] = data.draw(st.sampled_from(["application/json", "text/plain", ""]))
    with in_time(SECONDS):
        answer = getattr(client, method)(f"{API}/{path}", **options)
    assert answer.status_code < 500, (path, query, answer.get_data(as_text=True)[:500])
