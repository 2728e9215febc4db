"""Names that would lead elsewhere: whole jobs write into their own folders and nowhere else."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hostile import CASES, TEXTS, in_time, texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparse_lightning._files import write_atomically
from sparse_lightning.cli import main
from sparse_lightning.cli.reporting import folder_of
from sparse_lightning.errors import InputError
from sparse_lightning.report.writing import writable

pytestmark = pytest.mark.long

names = st.sampled_from([text for text in TEXTS if text.isprintable()]) | texts
allowed = st.sampled_from(
    [
        *("a..b", "<b>", "=cmd", "[red]", "$x$", "%s", "{0}", "~root", "-rf", "--set", "a*?"),
        *('a"b', "a:b", "C:", "'; ls", "`ls`", "$(ls)", "é" * 120, "figures", "report.html"),
    ]
)
"""Names that are taken, and must be harmless."""
OWN = ("mlruns", "mlflow.db", "reports", "case.yaml", "my.csv")
"""What a job may write in its working folder."""


def snapshot(folder: Path) -> dict[str, Any]:
    """Every file outside of what is a job's own, with its content; links are not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder).parts
        if within[:2] == ("outside", "work") and within[2:3] and within[2].startswith(OWN):
            continue
        what = path.readlink() if path.is_symlink() else path.is_file() and path.read_bytes()
        found[str(path)] = what
    return found


@settings(max_examples=max(3, CASES // 100), suppress_health_check=list(HealthCheck))
@given(
    name=allowed | names,
    groups=st.lists(allowed, min_size=1, max_size=2, unique=True),
    columns=names,
    title=allowed,
)
def test_a_job_writes_into_its_own_folders_only(
    sandbox: Path, name: str, groups: list[str], columns: str, title: str
):
    rows = [[1, 2, 3], [2, 1, 5], [3, 5, 1], [4, 4, 4], [5, 0, 2], [6, 1, 1]]
    quoted = columns.replace('"', '""')
    text = "\n".join([f'"{quoted}",b,c', *(",".join(map(str, row)) for row in rows)])
    (sandbox / "my.csv").write_bytes(text.encode("utf-8", "replace"))
    fields = {
        "name": name,
        "table": {"source": "my.csv"},
        "network": {"units": [2]},
        "training": {
            **{"epochs": 25, "learning_rate": 0.1, "batch_size": 2, "seeds": [1]},
            **{"accelerator": "cpu", "floor": {"max_cycles": 1}},
        },
        "regularizers": {
            "l1_weights": [0.001],
            "groups": {group: {"regularizer": "L1"} for group in groups},
        },
        "report": {"bootstrap": 5, "title": title},
    }
    (sandbox / "case.yaml").write_text(json.dumps(fields))
    root = sandbox.parent.parent
    before = snapshot(root)
    with in_time(300):
        result = CliRunner().invoke(main, ["run", "case.yaml"])
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert result.exit_code in (0, 1, 2)
    assert snapshot(root) == before


@settings(max_examples=CASES)
@given(names)
def test_the_folder_of_an_experiment_is_one_name_below_reports(name: str):
    folder = folder_of(name)
    assert folder.parent == Path("reports")
    assert folder.name not in ("", ".", "..")
    assert "/" not in folder.name
    assert "\\" not in folder.name
    assert len(folder.name.encode()) < 255


@pytest.mark.parametrize(
    ("option", "status"),
    [
        ("name=../../x", 2),
        ("name=/etc/x", 2),
        ("name=..", 2),
        ("table.source=/etc/passwd", 2),
        ("extends=/etc/passwd", 2),
    ],
)
def test_a_set_option_leads_nowhere_else(sandbox: Path, option: str, status: int):
    (sandbox / "case.yaml").write_text("table: {source: wine}\nnetwork: {units: [2]}\n")
    before = snapshot(sandbox.parent.parent)
    result = CliRunner().invoke(main, ["run", "case.yaml", "--set", option])
    assert result.exit_code == status
    assert snapshot(sandbox.parent.parent) == before


@pytest.mark.parametrize("place", ["out", "out/figures"])
def test_a_report_may_be_a_link_and_none_is_in_it(tmp_path: Path, place: str):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).symlink_to(elsewhere)
    if place == "out":
        assert writable(tmp_path / "out") == tmp_path / "out"
    else:
        with pytest.raises(InputError, match="figures in it is a link"):
            writable(tmp_path / "out")


def test_a_file_that_is_a_link_is_replaced_and_not_followed(tmp_path: Path):
    mine = tmp_path / "mine"
    mine.write_text("kept")
    (tmp_path / "report.html").symlink_to(mine)
    write_atomically(tmp_path / "report.html", "new")
    assert mine.read_text() == "kept"
    assert not (tmp_path / "report.html").is_symlink()
