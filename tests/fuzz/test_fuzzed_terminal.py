"""Names that a store, a table or a project file holds: a terminal gets visible signs only."""

import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner
from hostile import CASES, TEXTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored_studies import Stored
from studies import working_in

from sparse_lightning.cli import main

pytestmark = pytest.mark.long

SIGNS = ["\x1b]0;title\x07", "\x1b[2J", "\r", "\x9b31m", "\x7f", "\u202e", "\u200b", "\x08", "名前"]

names = st.lists(st.sampled_from([*SIGNS, *TEXTS]), min_size=1, max_size=3).map("".join)


def hidden(text: str) -> set[str]:
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return {sign for sign in text if unicodedata.category(sign) in kinds} - {"\n", "\t"}


def storable(text: str) -> str:
    """As a database, a file and the system's command lines hold it."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def check(place: Path, *words: str) -> str:
    with working_in(place):
        result = CliRunner().invoke(main, [str(word) for word in words])
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert not hidden(result.output), words
    return result.output


@settings(
    max_examples=max(8, CASES // 30),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=names.map(storable))
def test_what_a_store_holds(stored: dict[str, Stored], tmp_path: Path, name: str):
    study = stored["sae"]
    network = study.job.study.networks["run_id"].iloc[-1]
    uri = ("--tracking-uri", study.job.uri)
    with study.damaged() as database:
        database.execute("UPDATE runs SET name = ?", (name,))
        database.execute("UPDATE experiments SET name = ? WHERE experiment_id != 0", (name,))
        for tag in (
            "sparse_lightning.kind",
            "sparse_lightning.failure",
            "sparse_lightning.project",
        ):
            database.execute("DELETE FROM tags WHERE key = ? AND run_uuid = ?", (tag, network))
            database.execute("INSERT INTO tags VALUES (?, ?, ?)", (tag, name, network))
        for param in ("group", "dataset"):
            database.execute(
                "UPDATE params SET value = ? WHERE key = ? AND run_uuid = ?", (name, param, network)
            )
        check(tmp_path, "export", network, *uri)
        database.execute(
            "UPDATE tags SET value = 'network' WHERE key = ? AND run_uuid = ?",
            ("sparse_lightning.kind", network),
        )
        check(tmp_path, "export", network, *uri)
        check(tmp_path, "export", study.job.study.run_id, *uri)
        check(tmp_path, "report", "--study", study.job.study.run_id, *uri)
        check(tmp_path, "report", "--experiment", name or "x", "--x", "connections", *uri)
        check(tmp_path, "report", "--experiment", f"x{name}", *uri)
        check(tmp_path, "overview", study.job.study.run_id, "--title", name, *uri)


@settings(
    max_examples=max(20, CASES // 10),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=names.map(storable), other=names.map(storable))
def test_what_files_hold(tmp_path: Path, name: str, other: str):
    import yaml

    cells = [name.replace('"', '""'), other.replace('"', '""')]
    table = f'"{cells[0]}","{cells[1]}"\n1,2\n3,4\n5,7\n'
    (tmp_path / "my.csv").write_bytes(table.encode())
    fields = {
        "name": name,
        "table": {"source": "my.csv", "columns": [name, other]},
        "network": {"units": [1]},
        "regularizers": {"groups": {other: {"regularizer": name}}},
    }
    for left_out in ([], ["name"], ["name", "regularizers"]):
        kept = {field: value for field, value in fields.items() if field not in left_out}
        (tmp_path / "project.yaml").write_text(yaml.safe_dump(kept), encoding="utf-8")
        for overrides in ([], ["--set", f"report.title={other}"], ["--set", "table.columns=all"]):
            check(tmp_path, "check", "project.yaml", *overrides)
    check(tmp_path, "data", "show", name)
    check(tmp_path, "search", "project.yaml", "--group", other, "--storage", name)


@settings(
    max_examples=3,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=st.sampled_from(["L1\u202e\x1b", "\x9b31m 名前"]))
def test_what_jobs_print(sandbox: Path, name: str):
    import yaml

    fields = {
        "table": {"source": "wine"},
        "network": {"units": [1]},
        "training": {
            "epochs": 1,
            "seeds": [1, 2],
            "accelerator": "cpu",
            "floor": {"max_cycles": 1},
        },
        "regularizers": {"l1_weights": [0.001], "groups": {name: {"regularizer": "L1"}}},
        "report": {"bootstrap": 20},
        "search": {"trials": 1, "batch": 1, "markers": 2, "sampler": "random", "seeds": [3]},
    }
    (sandbox / "my.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
    said = check(sandbox, "search", "my.yaml", "--no-compare")
    assert "trial" in said or "must" in said
