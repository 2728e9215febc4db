import json
import shutil
import subprocess
import sys
import sysconfig
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from click.testing import CliRunner
from studies import WINE

from sparse_lightning.cli import main
from sparse_lightning.cli.reporting import folder_of
from sparse_lightning.report import indices_schema

HOSTILE = "<img src=x onerror=alert(1)>"
LEVELS = [HOSTILE, "none", " ", "_$x$ [bold]", "</script><script>alert(1)</script>"]


class Page(HTMLParser):
    """The tags of a page and its visible text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def command(*arguments):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def hostile(logbook):
    for level in LEVELS:
        for width in (1, 2):
            for seed in (1, 2):
                logbook.log(
                    {"kind of/net": level, "a b": f"{HOSTILE}{width}", "seed": seed},
                    {"n params": width * 10, "val/loss": 3.0 - width + seed / 10},
                    name=HOSTILE,
                )
    logbook.log({"kind of/net": HOSTILE, "a b": "x", "seed": 1}, status="FAILED", name=HOSTILE)
    return logbook


@pytest.mark.parametrize("logbook", [f"../{HOSTILE}/\x07"], indirect=True)
def test_hostile_names_are_text_everywhere(hostile, tmp_path):
    status, output, told = command(
        *("report", "--tracking-uri", hostile.uri, f"--experiment={hostile.name}"),
        *("--x", "n params", "--y", "val/loss", "--group", "kind of/net", "--marker", "a b"),
        *("--replicate", "seed", "--output", tmp_path / "out"),
    )
    assert status == 0, told
    assert output.splitlines()[-1] == f"report: {tmp_path / 'out' / 'report.html'}"
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert {tag for tag, _ in page.tags}.isdisjoint({"img", "bold"})
    assert sum(tag == "script" for tag, _ in page.tags) == 0
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert HOSTILE in page.text
    document = json.loads((tmp_path / "out" / "indices.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, indices_schema())
    groups = {group["group"] for group in document["groups"]}
    assert groups == {HOSTILE, "none", "(empty)", *LEVELS[3:]}
    assert document["groups"][0]["markers"][0]["marker"].keys() == {"params.a b"}
    table = pd.read_csv(tmp_path / "out" / "indices.csv")
    assert set(table["group"]) == groups
    figures = {path.name for path in (tmp_path / "out" / "figures").iterdir()}
    assert figures == {"pareto.png", "pareto.svg", "indices.png", "indices.svg"}
    assert "1 run without a result: status FAILED." in told.splitlines()


def test_the_same_runs_give_the_same_files(optimizers, tmp_path):
    for folder in ("one", "two"):
        arguments = ("--x", "n_params", "--y", "val_loss", "--output", tmp_path / folder)
        assert (
            command(
                "report",
                "--tracking-uri",
                optimizers.uri,
                "--experiment",
                optimizers.name,
                *arguments,
            )[0]
            == 0
        )
    for file in (path for path in (tmp_path / "one").rglob("*") if path.is_file()):
        again = tmp_path / "two" / file.relative_to(tmp_path / "one")
        assert file.read_bytes() == again.read_bytes(), file


def test_the_page_says_what_was_assumed_and_needs_no_other_host(optimizers, tmp_path):
    arguments = ("--x", "n_params", "--y", "accuracy", "--group", "optimizer")
    command(
        *("report", "--tracking-uri", optimizers.uri, "--experiment", optimizers.name, *arguments),
        *("--output", tmp_path),
    )
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    for words in (
        "Of n_params small values are good, of accuracy large ones;",
        "No floor was given: it is the greatest accuracy of the runs, 0.925.",
        "No corner was given for n_params: it is the greatest of the runs, 30.",
        "The 2 replicates suggest",
        "with its sign changed, because large is good",
    ):
        assert words in " ".join(page.text.split())
    links = [attributes.get("href", "") for tag, attributes in page.tags if tag in ("a", "link")]
    assert all(link.startswith(("#", "figures/", "indices.", "http://127.0.0.1")) for link in links)
    assert not any("src" in attributes for _, attributes in page.tags)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--study", "a", "--x", "b"], "--x: goes with --experiment NAME, not with --study RUN"),
        (["--experiment", "a", "--floor", "high"], "must be a finite number, got 'high'"),
        (["--experiment", "a", "--null", "nan"], "must be a finite number, got 'nan'"),
        (["--experiment", "a", "--x-direction", "up"], "'up' is not one of"),
        (["--experiment", "a", "--x", "b"], "--experiment: 'a' is not there in "),
        (["--experiment", "a"], "to compare the runs of any experiment, give --x and --y"),
    ],
)
def test_wrong_options_have_exit_status_2(logbook, arguments, words):
    status, output, told = command("report", "--tracking-uri", logbook.uri, *arguments)
    assert (status, output) == (2, "")
    assert words in told
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("wine", "wine-runs"),
        ("/Users/me/my exp", "Users-me-my exp-runs"),
        ("../..", "experiment-runs"),
        ("", "experiment-runs"),
        ("a\x00b\n", "a-b-runs"),
        ("x" * 400, "x" * 200 + "-runs"),
    ],
)
def test_no_experiment_leads_out_of_the_folder_of_reports(name, folder):
    assert folder_of(name) == Path("reports") / folder


@pytest.mark.long
@pytest.mark.slow
def test_the_entry_point_compares_any_runs(optimizers, tmp_path):
    shutil.copy(Path(__file__).parents[2] / "MLproject", tmp_path)
    parameters = {"experiment": optimizers.name, "x": "n_params", "y": "val_loss", "floor": "0.5"}
    parameters |= {"group": "optimizer", "filter": "params.width != '7'", "null": "9"}
    words = [sys.executable, "-m", "mlflow", "run", ".", "--env-manager", "local", "-e", "report"]
    for name, value in parameters.items():
        words += ["-P", f"{name}={value}"]
    import os

    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    path = os.pathsep.join([sysconfig.get_path("scripts"), kept["PATH"]])
    env = {**kept, "PATH": path, "MLFLOW_TRACKING_URI": optimizers.uri}
    ran = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    (report,) = (tmp_path / "reports").iterdir()
    document = json.loads((report / "indices.json").read_text(encoding="utf-8"))
    axes = document["axes"]
    assert (axes["y"], axes["y_direction"]) == ("val_loss", "min")
    assert (document["floor"], document["corner"][1]) == (0.5, 9.0)
    assert document["experiment"]["filter"] == "params.width != '7'"


@pytest.fixture(scope="module")
def resampled_job(tmp_path_factory, make_job):
    """A study with as many resamples as the comparison of any runs draws."""
    return make_job(tmp_path_factory.mktemp("resampled"), WINE, "report.bootstrap=2000")


@pytest.mark.long
def without_networks(entry):
    """Take out what is read from the networks of a group or marker; whether there was any."""
    taken = [entry.pop(name, None) for name in ("agreement", "medoid")]
    return any(value is not None for value in taken)


@pytest.mark.parametrize("by", ["--floor-group", "--floor"])
def test_the_runs_of_a_study_by_its_axes_are_the_study(resampled_job, tmp_path, by):
    own = json.loads((resampled_job.report / "indices.json").read_text(encoding="utf-8"))
    floor = {
        "--floor-group": ["--floor-group", "none"],
        "--floor": ["--floor", own["floor"], "--filter", "params.group != 'none'"],
    }[by]
    total, null = own["corner"]
    status, _, told = command(
        *("report", "--tracking-uri", resampled_job.uri, "--experiment", own["name"]),
        *("--x", "connections", "--y", "squared_error", "--group", "group"),
        *("--marker", "l1_weight", "--replicate", "seed", *floor, "--null", null),
        *("--total", total, "--output", tmp_path),
    )
    assert status == 0, told
    any_runs = json.loads((tmp_path / "indices.json").read_text(encoding="utf-8"))
    jsonschema.validate(any_runs, indices_schema())
    for key in ("floor", "corner", "axis", "replicates", "confidence", "pairs"):
        assert any_runs[key] == own[key], key
    for mine, theirs in zip(own["groups"], any_runs["groups"], strict=True):
        # Only of a study is it known what its networks say.
        read = [without_networks(one) for one in [mine, *mine["markers"]]]
        assert any(read)
        read = [without_networks(one) for one in [theirs, *theirs["markers"]]]
        assert not any(read)
        markers = {float(one["marker"]["params.l1_weight"]): one for one in theirs.pop("markers")}
        for marker in mine.pop("markers"):
            same = markers.pop(marker["marker"]["l1_weight"])
            assert {**same, "marker": None} == {**marker, "marker": None}
        assert markers == {}
        assert mine == theirs
