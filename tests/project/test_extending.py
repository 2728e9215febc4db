"""Project files that extend another one: what is taken over, and a message for every mistake."""

from pathlib import Path

import pytest
import yaml

from sparse_lightning.errors import ProjectError
from sparse_lightning.project import Project, TrainingSettings

BASE = """\
name: base
table: {source: my.csv, columns: [a, b]}
network: {units: [8]}
training: {epochs: 7, seeds: [1, 2, 3], schedule: {tail: 0.3, factor: 0.5}}
regularizers:
  l1_weights: [0.001]
  l1_threshold: 0.4
  groups: {L1: {}, sL1: {l1_threshold: 2}}
"""

KNOWN = ", ".join(TrainingSettings.model_fields)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write project files into a working folder of one's own: `files(path=text)`."""
    monkeypatch.chdir(tmp_path)

    def write(texts):
        for path, text in texts.items():
            Path(path).parent.mkdir(exist_ok=True)
            Path(path).write_text(text, encoding="utf-8")

    return write


def message(path, *overrides):
    with pytest.raises(ProjectError) as caught:
        Project.load(path, overrides)
    return str(caught.value)


def test_sections_are_merged_and_lists_and_groups_are_replaced(files):
    own = """\
extends: ../base.yaml
training: {seeds: [4], schedule: {tail: 0.1}}
regularizers: {l1_weights: [0.01, 0.02], groups: {sL1: {}}}
"""
    files({"base.yaml": BASE, "own/mine.yaml": own})
    project, base = Project.load("own/mine.yaml"), Project.load("base.yaml")
    assert project.table == base.table
    assert project.training.epochs == 7
    assert project.training.seeds == (4,)
    assert (project.training.schedule.tail, project.training.schedule.factor) == (0.1, 0.5)
    assert list(project.regularizers.groups) == ["sL1"]
    assert project.regularizers.grid("sL1") == (
        {"l1_weight": 0.01, "l1_threshold": 0.4},
        {"l1_weight": 0.02, "l1_threshold": 0.4},
    )
    assert base == Project.parse(BASE)


def test_a_study_has_a_name_of_its_own(files):
    files({"base.yaml": BASE, "own.yaml": "extends: base.yaml", "x.yaml": "extends: own.yaml"})
    assert Project.load("own.yaml").name == "own"
    assert Project.load("x.yaml").name == "x"
    assert Project.load("x.yaml", ["name=y"]).name == "y"
    assert Project.parse("extends: base.yaml\nname: z").name == "z"


def test_what_is_tracked_is_complete_and_extends_nothing(files):
    files({"base.yaml": BASE, "own.yaml": "extends: base.yaml\ntraining: {epochs: 9}\n"})
    project = Project.load("own.yaml", ["training.batch_size=3"])
    dumped = yaml.safe_load(project.dump_yaml())
    assert set(dumped) == set(Project.model_fields)
    assert Project.parse(project.dump_yaml()) == project
    assert (project.training.epochs, project.training.batch_size) == (9, 3)


def test_the_path_of_a_table_starts_at_the_file_that_names_it(files, tmp_path):
    own = "extends: ../base.yaml\ntable: {columns: [a]}\n"
    other = "extends: ../base.yaml\ntable: {source: other.csv}\n"
    files({"base.yaml": BASE, "own/own.yaml": own, "own/other.yaml": other})
    assert Project.load("own/own.yaml").folder == tmp_path
    assert Project.load("own/other.yaml").folder == tmp_path / "own"
    assert Project.load("own/own.yaml", ["table.source=other.csv"]).folder == tmp_path / "own"
    assert Project.load("own/own.yaml", ["table.missing=drop"]).folder == tmp_path


def test_every_mistake_is_blamed_on_the_file_or_option_that_it_is_in(files):
    base = BASE.replace("epochs: 7", "epochs: 0, trail: {tail: 1}")
    own = "extends: ../base.yaml\ntraining: {batch_size: 0, learning_rate: 0}\n"
    files({"base.yaml": base, "own/mine.yaml": own})
    assert set(message("own/mine.yaml", "training.learning_rate=-1").splitlines()) == {
        "base.yaml: training.epochs must be at least 1, got 0",
        "own/mine.yaml: training.batch_size must be at least 1, got 0",
        "--set training.learning_rate=-1: training.learning_rate must be greater than 0, got -1",
        f"base.yaml: training.trail is not a known field (known: {KNOWN})",
    }


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("table:", "own.yaml: table must be a mapping of fields, got null"),
        ("tabel: {source: a.csv}", "own.yaml: tabel is not a known field; did you mean table?"),
        (
            "regularizers: {groups: {decs: {}}}",
            "own.yaml: regularizers.groups.decs.hidden_weight is",
        ),
        ("regularizers: {groups: {}}", "own.yaml: regularizers.groups must name at least one"),
        ("report: {structures: {groups: [x]}}", "own.yaml: report.structures.groups names no"),
        ("task: classifier", "own.yaml: table.target is missing: a classifier needs the column"),
        ("task: pca\nnetwork: {units: [3, 2]}", "own.yaml: network.units must hold one number"),
        ("training: &a {b: *a}", "own.yaml: training.b is not a known field"),
    ],
)
def test_a_mistake_in_the_file_itself_names_it(files, own, expected):
    files({"base.yaml": BASE, "own.yaml": f"extends: base.yaml\n{own}\n"})
    found = message("own.yaml")
    assert found.startswith(expected)
    assert "\n" not in found


def test_a_mistake_of_the_base_that_the_file_mends_is_none(files):
    files({"base.yaml": BASE.replace("my.csv", "''"), "own.yaml": "extends: base.yaml\n"})
    assert message("own.yaml") == "base.yaml: table.source must not be empty, got ''"
    assert Project.load("own.yaml", ["table.source=a.csv"]).table.source == "a.csv"


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("bas.yaml", "{here}/bas.yaml: there is no such file; did you mean base.yaml?"),
        ("folder", "{here}/folder: is a folder, not a project file"),
        ("empty.yaml", "empty.yaml: is empty"),
        ("broken.yaml", "broken.yaml: line 1, column 6"),
    ],
)
def test_a_file_that_cannot_be_extended_is_named(files, tmp_path, named, expected):
    files({"base.yaml": BASE, "folder/x.yaml": "", "empty.yaml": "", "broken.yaml": "a: [1"})
    files({"own.yaml": f"extends: {named}\n"})
    assert expected.format(here=tmp_path) in message("own.yaml")


@pytest.mark.parametrize("value", ["[base.yaml]", "3", "", "''", "' '", '"a\\0b"'])
def test_only_a_path_can_be_extended(files, value):
    files({"own.yaml": f"extends: {value}\n"})
    assert message("own.yaml").startswith(
        "own.yaml: extends must be the path of a project file, got "
    )


def test_files_that_extend_each_other_are_refused(files):
    files({"a.yaml": "extends: b/b.yaml", "b/b.yaml": "extends: c.yaml"})
    files({"b/c.yaml": "extends: ../b/b.yaml", "self.yaml": "extends: ./self.yaml"})
    circle = "b/c.yaml: extends leads in a circle: b/b.yaml → b/c.yaml → b/b.yaml"
    assert message("a.yaml") == circle
    assert message("self.yaml") == ("self.yaml: extends leads in a circle: self.yaml → self.yaml")


def test_only_files_extend(files):
    files({"base.yaml": BASE})
    assert message("base.yaml", "extends=x.yaml") == (
        "--set extends=x.yaml: only a project file can extend another one"
    )
    with pytest.raises(ProjectError, match="extends is not a known field"):
        Project(extends="base.yaml", table={"source": "a.csv"}, network={"units": [1]})
    files({"own.yaml": f"extnds: base.yaml\n{BASE}"})
    assert "extnds is not a known field; did you mean extends?" in message("own.yaml")
