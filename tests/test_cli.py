import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from studies import HOSTILE, ODD_COLUMNS, WINE

from sparse_lightning.cli import main
from sparse_lightning.data.files import readers
from sparse_lightning.project import Project
from sparse_lightning.tracking import Store

ROOT = Path(__file__).parents[1]

ONE_GROUP = "--set=regularizers.groups={sL1: {}}"


@pytest.fixture
def project(workplace):
    """A project file in a working folder of one's own."""
    file = workplace / "my.yaml"
    file.write_text(WINE, encoding="utf-8")
    return file


def command(*arguments):
    """The outcome of a command: exit status, standard output, standard error."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


def environment(folder, **settings):
    """An environment for a process of its own that finds this interpreter's commands."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    return {
        **kept,
        "PATH": path,
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        **settings,
    }


def runs_of(uri=None):
    client = Store(uri).client
    return client.search_runs([found.experiment_id for found in client.search_experiments()])


@pytest.mark.slow
def test_run_ends_with_the_table_and_the_path_of_the_report(project, workplace):
    status, output, told = command("run", project, ONE_GROUP)
    assert status == 0
    lines = output.splitlines()
    report = workplace / "reports" / "wine-small" / "report.html"
    assert lines[-1] == f"report: {report}"
    assert lines[0].startswith("No network is recommended: ")  # two epochs teach nothing
    assert lines[1].split() == ["distance", "area", "(pub-", "against"]
    assert lines[2].split() == [
        *("group", "from", "ideal", "lished", "index)", "the", "best", "published"),
    ]
    assert lines[3].startswith("sL1 ")
    assert report.exists()
    assert "stage" not in output
    assert "\x1b" not in told
    assert "stage 1 of 1: 6 networks, 2 epochs" in told.splitlines()
    *progress, last = told.splitlines()
    assert all(line.startswith(("stage 1", "floor, cycle")) for line in progress)
    assert last.startswith("runs: `mlflow server --app-name sparse-lightning")

    status, again, told = command("report", "--experiment", "wine-small", "--output", "again")
    assert (status, told) == (0, f"{last}\n")
    assert again.splitlines()[:-1] == lines[:-1]
    for name in ("indices.json", "report.html"):
        assert (workplace / "again" / name).read_bytes() == (report.parent / name).read_bytes()


@pytest.mark.slow
def test_report_by_run_id_is_the_same(wine_job, workplace):
    options = ["--tracking-uri", wine_job.uri, "--output", workplace / "again"]
    assert command("report", "--study", wine_job.study.run_id, *options)[0] == 0
    first, again = wine_job.report / "indices.json", workplace / "again" / "indices.json"
    assert first.read_bytes() == again.read_bytes()


@pytest.mark.long
@pytest.mark.slow
def test_settings_and_a_name_that_looks_like_options_and_markup(project, workplace):
    name = "-o [bold] 'a' \"b\"; $(touch x) <script>"
    override = f"--set=name={json.dumps(name)}"
    status, output, _ = command("run", project, ONE_GROUP, override, "--set=training.seeds=[1]")
    assert status == 0
    assert output.splitlines()[-1] == f"report: {workplace / 'reports' / name / 'report.html'}"
    assert sorted(path.name for path in (workplace / "reports").iterdir()) == [name]
    assert command("report", f"--experiment={name}")[0] == 0


@pytest.mark.slow
def test_a_failing_job_has_exit_status_1(project):
    diverging = [
        "training.learning_rate=1.0e+30",
        "training.optimizer=sgd",
        "network.output=linear",
    ]
    status, output, told = command("run", project, ONE_GROUP, *(f"--set={s}" for s in diverging))
    assert (status, output) == (1, "")
    assert told.splitlines()[-1].startswith("Error: the study ")
    assert "all 2 networks of the group 'none' failed" in told
    assert {run.info.status for run in runs_of()} == {"FAILED"}


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:9", "sqlite:////dev/null/mlflow.db", "foo://bar"]
)
@pytest.mark.parametrize("arguments", [["run", "my.yaml"], ["report", "--experiment", "x"]])
def test_a_store_out_of_reach_has_exit_status_1(project, uri, arguments):
    status, output, told = command(*arguments, "--tracking-uri", uri)
    assert (status, output) == (1, "")
    assert told.startswith(f"Error: the tracking store {uri} cannot be opened: ")
    assert len(told.splitlines()) == 1


TEXT_AS_NUMBER = ["--set", "table.source=text.csv", "--set", "table.columns={colour: number}"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--colour"], ["No such option", "--colour"]),
        (["runn"], ["No such command", "runn"]),
        (["run"], ["Missing argument", "PROJECT"]),
        (["run", "my.yaml", "--epochs", "5"], ["No such option", "--epochs"]),
        (["run", "mi.yaml"], ["mi.yaml: there is no such file; did you mean my.yaml?"]),
        (["run", "."], [": is a folder, not a project file"]),
        (["run", "bad.yaml"], ["bad.yaml: line 1, column "]),
        (["run", "my.yaml", "--set", "training.epochs"], ["--set training.epochs: must be"]),
        (["run", "my.yaml", "--set", "training.epochs=0"], ["training.epochs", "got 0"]),
        (["run", "my.yaml", "--set", "training.epoch=3"], ["epoch", "did you mean epochs?"]),
        (["run", "my.yaml", "--set", "table.source=nowhere.csv"], ["nowhere.csv"]),
        (["run", "my.yaml", *TEXT_AS_NUMBER], ["text.csv", "colour", "red"]),
        (["check", "my.yaml", "--set", "table.columns=[nose]"], ["nose"]),
        (["run", "my.yaml", "--output", "my.yaml"], ["--output", "my.yaml"]),
        (["run", "my.yaml", "--output", "my.yaml/below"], ["--output my.yaml/below", "Not a dir"]),
        (["report"], ["--experiment NAME or --study RUN"]),
        (["report", "--experiment", "a", "--study", "b"], ["--experiment NAME or --study RUN"]),
        (["report", "--experiment", "mine"], ["--experiment", "'mine'", "studies: none"]),
        (["report", "--study", "mine"], ["holds no run 'mine'"]),
        (["data", "show", "win"], ["win", "did you mean wine?"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_option_or_bad_input_has_exit_status_2(project, workplace, arguments, words):
    (workplace / "bad.yaml").write_text("table: {source: wine")
    (workplace / "text.csv").write_text("size,colour\n1,red\n2,blue\n3,red\n")
    status, output, told = command(*arguments)
    assert (status, output) == (2, "")
    for word in words:
        assert word in told
    assert runs_of() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused_before_training(project, workplace):
    (workplace / "locked").mkdir(mode=0o500)
    status, _, told = command("run", project, "--output", "locked")
    assert status == 2
    assert "--output locked: cannot be written: Permission denied" in told


@pytest.mark.slow
def test_a_report_that_cannot_be_written_has_exit_status_2(wine_job, project):
    options = ["--tracking-uri", wine_job.uri, "--output", "my.yaml/below"]
    status, output, told = command("report", "--experiment", "wine-small", *options)
    assert (status, output) == (2, "")
    assert "--output my.yaml/below: cannot be written: Not a directory" in told


def test_check_trains_nothing(project, workplace):
    status, output, told = command("check", project)
    assert (status, told) == (0, "")
    assert output.splitlines()[:2] == [
        f"{project}: wine-small, 26 networks",
        "wine: 1599 rows, 12 columns, 12 inputs, 0 rows dropped",
    ]
    assert runs_of() == []
    assert not (workplace / "reports").exists()


def columns_of(output):
    """What `check` says of the columns: a line of each, and what a project file would say."""
    above, _, below = output.partition(
        "\nthe same as a project file says it, to be changed there:\n"
    )
    said = [line for line in above.splitlines() if line.startswith("  ")]
    return said, yaml.safe_load(below)["table"]["columns"]


def test_check_of_a_table_of_ones_own_names_its_columns(odd_job):
    status, output, _ = command("check", odd_job.folder / "project.yaml")
    assert status == 0
    assert f": {HOSTILE}, 10 networks" in output.splitlines()[0]
    said, pins = columns_of(output)
    assert [line[2:].rpartition("number")[0].rstrip() for line in said] == [
        name.rstrip() for name in ODD_COLUMNS
    ]
    assert list(pins.items()) == [(name, "number") for name in ODD_COLUMNS]


def test_check_says_what_each_column_is_and_a_project_can_say_the_same(workplace):
    table = pd.DataFrame(
        {
            "id": range(1, 13),
            "size": [0.5, 1.25, None, None, *[2.5, 3.75] * 4],
            "kind": ["x", "y", "z"] * 4,
            "day": pd.date_range("2024-01-31", periods=12).strftime("%d.%m.%Y"),
            "one": ["same"] * 12,
            "note: # it's": [3, 5] * 6,
        }
    )
    table.to_csv(workplace / "t.csv", index=False)
    fields = {"name": "my", "task": "sae", "table": {"source": "t.csv"}, "network": {"units": [2]}}
    Path("my.yaml").write_text(json.dumps(fields), encoding="utf-8")
    status, output, _ = command("check", "my.yaml")
    assert status == 0
    said, pins = columns_of(output)
    assert [line.split(maxsplit=1)[0] for line in said[:5]] == ["id", "size", "kind", "day", "one"]
    for line, words in zip(
        said,
        [
            "left out: numbers the rows, as an id does",
            "number, 2 inputs, 2 missing: missing values became the median, 2.5, and an input says "
            "where",
            "text, 3 inputs: 3 levels",
            "date, 8 inputs: days since 2024-01-31, and weekday",
            "left out: always 'same'",
            "number: 3 or 5",
        ],
        strict=True,
    ):
        assert line.endswith(words)
    assert pins == {
        **{"id": "leave_out", "size": "number", "kind": "text", "day": {"date": "%d.%m.%Y"}},
        **{"one": "leave_out", "note: # it's": "number"},
    }
    fields["table"]["columns"] = pins
    Path("my.yaml").write_text(json.dumps(fields), encoding="utf-8")
    status, again, _ = command("check", "my.yaml")
    assert status == 0
    assert again.splitlines()[1] == output.splitlines()[1]
    assert columns_of(again)[1] == pins


@pytest.mark.parametrize(
    ("target", "task", "written"),
    [
        ("kind", "classifier", "kind"),
        ("few", "classifier", "few"),
        ("price", "regressor", "price"),
        ("price,few", "regressor", ["price", "few"]),
        ('"a, b"', "regressor", "a, b"),
    ],
)
def test_init_chooses_the_task_by_the_target(target, task, written, workplace):
    table = pd.DataFrame(
        {
            "x": [place * place % 41 for place in range(60)],
            "kind": ["a", "b", "c"] * 20,
            "few": [0, 1, 2] * 20,
            "price": [place * 1.5 for place in range(60)],
            "a, b": [place / 7 for place in range(60)],
        }
    )
    table.to_csv(workplace / "t.csv", index=False)
    status, output, told = command("init", "t.csv", "--target", target)
    assert (status, told) == (0, ""), (output, told)
    found = yaml.safe_load(Path("t.yaml").read_text(encoding="utf-8"))
    assert (found["task"], found["table"]["target"]) == (task, written)
    status, again, _ = command("check", "t.yaml")
    assert status == 0
    assert "target: " in again


@pytest.mark.parametrize("options", [(), ("--target", "kind"), ("--task", "pca")])
def test_init_shows_other_defaults_that_say_nothing_new_when_uncommented(options, workplace):
    table: dict[str, list] = {
        f"x{name}": [place**2 % (name + 41) for place in range(60)] for name in range(8)
    }
    table["kind"] = ["a", "b", "c"] * 20
    pd.DataFrame(table).to_csv(workplace / "t.csv", index=False)
    assert command("init", "t.csv", *options)[0] == 0
    plain = Path("t.yaml").read_text(encoding="utf-8")
    sections = ("training", "regularizers", "evaluation")
    uncommented = re.sub(rf"^# ((?:{'|'.join(sections)}): .*)$", r"\1", plain, flags=re.MULTILINE)
    assert [name for name in yaml.safe_load(uncommented) if name in sections] == list(sections)
    expected = Project.load("t.yaml")
    Path("t.yaml").write_text(uncommented, encoding="utf-8")
    assert Project.load("t.yaml") == expected
    assert command("check", "t.yaml")[1].splitlines()[0] == "t.yaml: t, 225 networks"


def test_init_finds_no_more_components_than_inputs(workplace):
    rows = "\n".join(f"{n * n % 11},{n * n % 7},{n % 3 + 0.5}" for n in range(40))
    (workplace / "small.csv").write_text(f"a,b,c\n{rows}\n")
    status, _, told = command("init", "small.csv", "--task", "pca")
    assert (status, told) == (0, "")
    assert Project.load(workplace / "small.yaml").network.units == (3,)


@pytest.mark.parametrize("target", ["kind", "price"])
def test_init_reads_all_columns_once(target, workplace, monkeypatch):
    table = {"x": range(60), "kind": ["a", "b", "c"] * 20, "price": [n * n / 7 for n in range(60)]}
    pd.DataFrame(table).to_csv(workplace / "t.csv", index=False)
    asked = []
    read_table = readers.read_table

    def recorded(*arguments):
        raw = read_table(*arguments)

        def read(names, *more):
            asked.append(list(names))
            return raw.read(names, *more)

        return replace(raw, read=read)

    monkeypatch.setattr(readers, "read_table", recorded)
    status, output, told = command("init", "t.csv", "--target", target)
    assert (status, told) == (0, ""), (output, told)
    assert asked == [[target], [*(name for name in table if name != target), target]]


def test_check_names_each_column_on_the_same_line(workplace):
    table = pd.DataFrame({"two\nlines": [1, 2, 5], "x" * 1000: [3, 1, 7], "plain": [9, 1, 4]})
    table.to_csv(workplace / "t.csv", index=False)
    fields = {"name": "my", "task": "sae", "table": {"source": "t.csv"}, "network": {"units": [2]}}
    Path("my.yaml").write_text(json.dumps(fields), encoding="utf-8")
    status, output, _ = command("check", "my.yaml")
    assert status == 0
    said, pins = columns_of(output)
    assert [line.split()[0][:9] for line in said] == ["'two\\nlin", "'xxxxxxxx", "plain"]
    assert max(map(len, said)) < 200
    assert list(pins.items()) == [(name, "number") for name in table]


def test_the_packaged_tables_are_listed_and_shown():
    status, output, _ = command("data", "list")
    assert status == 0
    assert [line.split(":")[0] for line in output.splitlines()] == ["wine", "ctg", "census"]
    assert output.splitlines()[2].endswith("48842 rows, 15 columns, 61 inputs")
    status, output, _ = command("data", "show", "wine")
    assert status == 0
    assert "1599 rows" in output
    assert "licence: " in output
    assert "cite: " in output


def test_what_is_shown_of_a_packaged_table_can_be_used(workplace):
    status, output, _ = command("data", "show", "census")
    assert status == 0
    lines = output.splitlines()
    assert lines[1] == "48842 rows, 15 columns"
    section = [line for line in lines if line.startswith("    ")]
    assert lines[lines.index(section[0]) - 1] == (
        "in a project file, for 45155 rows and 61 inputs:"
    )
    text = dedent("\n".join(section)) + "\nnetwork: {units: [14]}\n"
    (workplace / "census.yaml").write_text(text, encoding="utf-8")
    status, output, told = command("check", "census.yaml")
    assert (status, told) == (0, "")
    assert output.splitlines()[1] == (
        "census: 45155 rows, 15 columns, 61 inputs, 3687 rows dropped (3620 missing, 67 rare)"
    )


def mlflow_run(folder, store, *arguments):
    """What `mlflow run .` does in a folder that holds the MLproject file."""
    shutil.copy(ROOT / "MLproject", folder)
    words = [sys.executable, "-m", "mlflow", "run", ".", "--env-manager", "local", *arguments]
    options = {"cwd": folder, "env": environment(store), "capture_output": True, "text": True}
    ran = subprocess.run(words, **options)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.long
@pytest.mark.slow
def test_mlflow_run_makes_one_study(project, workplace):
    mlflow_run(workplace, workplace, "-P", "project=my.yaml")
    runs = runs_of()
    (study,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert study.data.tags["sparse_lightning.kind"] == "study"
    assert (study.info.status, study.info.run_name) == ("FINISHED", "wine-small")
    assert len(runs) == 1 + 26
    assert {run.data.tags.get("mlflow.parentRunId") for run in runs} == {None, study.info.run_id}
    report = workplace / "reports" / "wine-small" / "indices.json"
    assert json.loads(report.read_text(encoding="utf-8"))["study"] == study.info.run_id


@pytest.mark.long
@pytest.mark.slow
def test_the_report_entry_point_gives_the_same_indices(wine_job, workplace):
    mlflow_run(workplace, wine_job.folder, "-e", "report", "-P", "experiment=wine-small")
    again = workplace / "reports" / "wine-small" / "indices.json"
    assert again.read_bytes() == (wine_job.report / "indices.json").read_bytes()


@pytest.mark.long
@pytest.mark.slow
def test_the_export_entry_point_writes_a_network(wine_job, workplace):
    run_id = wine_job.study.networks["run_id"].iloc[0]
    arguments = ("-e", "export", "-P", f"run={run_id}", "-P", "format=torch")
    mlflow_run(workplace, wine_job.folder, *arguments)
    assert (workplace / "exports" / f"{run_id}-torch" / "network.pt2").is_file()


@pytest.mark.slow
@pytest.mark.long
def test_a_reader_that_has_read_enough_is_no_error(wine_job):
    words = [sys.executable, "-m", "sparse_lightning.cli", "report", "--experiment", "wine-small"]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ran = subprocess.run(
            [*words, "--output", str(wine_job.folder / "unread")],
            env=environment(wine_job.folder),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert (wine_job.folder / "unread" / "report.html").is_file()


@pytest.mark.long
@pytest.mark.slow
def test_an_interrupted_run_is_killed_and_the_next_one_works(project, workplace):
    long = ["training.epochs=2000", "training.batch_size=1599", "training.floor.max_cycles=1000"]
    arguments = ["run", str(project), ONE_GROUP, *(f"--set={setting}" for setting in long)]
    # A shell's background jobs ignore Ctrl-C, and would hand that down.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "sparse_lightning.cli", *arguments],
            env=environment(workplace, PYTHONUNBUFFERED="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, inherited)
    with process:
        told = []
        for line in process.stderr:
            told.append(line)
            if ": epoch 200 of 2000" in line:
                process.send_signal(signal.SIGINT)
                break
        output, rest = process.communicate(timeout=120)
    assert process.returncode == 130, "".join(told) + rest
    assert output == ""
    kept = "reports/wine-small/.unfinished"
    assert rest.splitlines()[-1] == (
        f"Interrupted: what was trained is kept in {kept}; the same command goes on from there."
    )
    assert "Traceback" not in rest
    runs = runs_of()
    (study,) = [run for run in runs if run.data.tags["sparse_lightning.kind"] == "study"]
    assert study.info.status == "KILLED"
    assert {run.info.status for run in runs if run is not study} <= {"FINISHED"}

    assert command("report", "--study", study.info.run_id)[0] == 1
    status, _, told = command("run", project, ONE_GROUP)
    assert status == 2
    assert f"{kept}: holds an unfinished study with other settings: training.batch_size was" in told
    assert command("run", project, ONE_GROUP, "--fresh")[0] == 0
    document = json.loads((workplace / "reports" / "wine-small" / "indices.json").read_text())
    assert document["study"] != study.info.run_id
