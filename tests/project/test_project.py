"""Project files: defaults, overrides, round trips, and a message for every mistake."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_lightning.errors import InputError, ProjectError
from sparse_lightning.project import Group, Project
from sparse_lightning.project.messages import MOST_LINES

MINIMAL = "table: {source: my.csv}\nnetwork: {units: [8]}\n"
PROJECTS = Path(__file__).parents[2] / "projects"


def minimal(**fields):
    return Project(**{"table": {"source": "my.csv"}, "network": {"units": [8]}, **fields})


def message(text, *overrides):
    with pytest.raises(ProjectError) as caught:
        Project.parse(text, overrides, origin="p.yaml")
    return str(caught.value)


def test_defaults_are_those_of_a_table_of_ones_own():
    project = minimal()
    assert project.name == "my"
    assert project.regularizers.l1_weights == project.training.epochs == "auto"
    assert project.training.resample
    assert project.training.refit
    assert (project.table.scale, project.network.activation) == ("equal", "tanh")
    assert list(project.regularizers.groups) == ["L1", "sL1", "MCP", "logsum"]
    assert project == minimal(regularizers={"groups": "default"})
    assert project.training.seeds == (1, 2, 3, 4, 5)
    assert project.training.floor.max_cycles == 20
    assert project.folder == Path.cwd()


def test_the_groups_of_the_publication_have_a_name():
    project = minimal(regularizers={"groups": "published"})
    groups = ["L1", "sL1", "sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs"]
    assert list(project.regularizers.groups) == groups
    with pytest.raises(ProjectError, match="groups must be default, published or a mapping"):
        minimal(regularizers={"groups": "best"})


CLASSIFIER = "task: classifier\ntable: {source: my.csv, target: y}\nnetwork: {units: [8]}\n"
COMPONENTS = "task: pca\ntable: {source: my.csv}\nnetwork: {units: [3]}\n"


def parts(project):
    evaluation = project.evaluation
    return evaluation.validation, evaluation.test, evaluation.holdout, evaluation.folds


def test_a_classifier_is_fine_tuned_unless_told_otherwise():
    project = Project.parse(CLASSIFIER, ["training.epochs=7"])
    assert parts(project) == (0.2, 0.2, 0, "auto")
    assert project.training.fine_tune_epochs == 7
    assert project.output_activation == "sigmoid"
    assert project.layers(5, 3) == [5, 8, 3]
    told = ["evaluation.folds=5", "training.fine_tune_epochs=0", "training.loss=cross_entropy"]
    project = Project.parse(CLASSIFIER, told)
    assert parts(project) == (0, 0, 0, 5)
    assert project.training.fine_tune_epochs == 0
    assert project.output_activation == "softmax"
    assert Project.parse(project.dump_yaml()) == project


@pytest.mark.parametrize("text", [MINIMAL, CLASSIFIER, COMPONENTS])
def test_a_fifth_of_the_rows_chooses_and_a_fifth_judges_unless_told_otherwise(text):
    assert parts(Project.parse(text)) == (0.2, 0.2, 0, "auto")
    assert parts(Project.parse(text, ["evaluation.folds=4"])) == (0, 0, 0, 4)
    assert parts(Project.parse(text, ["evaluation.test=0.5"])) == (0.2, 0.5, 0, "auto")
    project = Project.parse(text, ["evaluation={validation: 0, group: id}"])
    assert parts(project) == (0, 0.2, 0, "auto")
    assert Project.parse(project.dump_yaml()) == project


def test_held_out_rows_are_beside_training_rows_that_choose():
    assert parts(Project.parse(CLASSIFIER, ["evaluation.holdout=0.3"])) == (0, 0, 0.3, "auto")


def test_a_study_that_was_stored_before_there_were_parts_was_trained_on_all_rows():
    before = f"{CLASSIFIER}evaluation: {{holdout: 0.2, folds: 0, seed: 3}}"
    project = Project.parse(before, stored=True)
    assert parts(project) == (0, 0, 0.2, 0)
    assert parts(Project.parse(MINIMAL, stored=True)) == (0, 0, 0, 0)
    for made in (Project.parse(MINIMAL), Project.parse(CLASSIFIER, ["evaluation.folds=3"])):
        assert Project.parse(made.dump_yaml(), stored=True) == made


def test_principal_components_are_linear_and_standardised_unless_told_otherwise():
    project = Project.parse(COMPONENTS)
    assert (project.table.scale, project.network.activation) == ("standard", "linear")
    assert project.output_activation == "linear"
    assert "MCP" in project.regularizers.groups
    assert Project.parse(COMPONENTS, ["table.scale=none"]).table.scale == "none"
    assert Project.parse(project.dump_yaml()) == project


@pytest.mark.parametrize(
    ("text", "option", "expected"),
    [
        (COMPONENTS, "network.units=[3, 2]", "network.units must hold one number"),
        (COMPONENTS, "network.activation=tanh", "network.activation must be linear for the task"),
        (COMPONENTS, "network.output=sigmoid", "network.output must be linear for the task pca"),
        (COMPONENTS, "training.fine_tune_epochs=3", "training.fine_tune_epochs must be 0 for"),
        (COMPONENTS, "table.target=y", "table.target must be null for the task pca, got 'y'"),
        (CLASSIFIER, "evaluation={folds: 3, holdout: 0.2}", "evaluation.folds goes without"),
        (CLASSIFIER, "evaluation.folds=1", "evaluation.folds must be auto, 0 or at least 2"),
        (
            MINIMAL,
            "evaluation={folds: 3, test: 0.1}",
            "evaluation.folds goes without evaluation.val",
        ),
        (MINIMAL, "evaluation.folds=often", "evaluation.folds must be auto, 0 or a whole number"),
        (CLASSIFIER, "evaluation={holdout: 0.2, test: 0.2}", "evaluation.holdout goes without"),
        (MINIMAL, "evaluation={validation: 0.5, test: 0.5}", "evaluation.test leaves no training"),
        (
            MINIMAL,
            "evaluation={group: a, time: b}",
            "evaluation.time goes without evaluation.group",
        ),
        (
            MINIMAL,
            "evaluation={folds: 3, time: b}",
            "evaluation.time goes without evaluation.folds",
        ),
        (CLASSIFIER, "evaluation.group=y", "evaluation.group must be another column than"),
        (CLASSIFIER, "evaluation={holdout: 0.1, group: g}", "evaluation.group goes without"),
        (MINIMAL, "training.class_weight=balanced", "training.class_weight must be null for"),
        (CLASSIFIER, "table.weight=y", "table.weight must be another column than the target"),
        (CLASSIFIER, "training.loss=hinge", "must be one of [squared_error, cross_entropy]"),
        (
            CLASSIFIER.replace("[8]", "[8], output: linear"),
            "training.loss=cross_entropy",
            "network.output must be auto with training.loss cross_entropy, got linear",
        ),
    ],
)
def test_what_does_not_fit_the_task_is_named(text, option, expected):
    assert expected in message(text, option)


def test_a_project_cannot_be_changed_and_defaults_are_not_shared():
    with pytest.raises(ValueError, match="frozen"):
        minimal().name = "other"
    minimal().regularizers.groups.clear()
    assert len(minimal().regularizers.groups) == 4


@pytest.mark.parametrize("name", ["wine_sae", "ctg_sae"])
def test_the_projects_of_this_repository_load_and_round_trip(name):
    project = Project.load(PROJECTS / f"{name}.yaml")
    assert project.name == name.replace("_", "-")
    assert project.folder == PROJECTS
    assert Project.parse(project.dump_yaml()) == project
    assert len(project.regularizers.groups) == 6


def test_dump_is_complete():
    dumped = yaml.safe_load(minimal(regularizers={"groups": "published"}).dump_yaml())
    assert set(dumped) == set(Project.model_fields)
    floor = {"tolerance": 0.01, "max_cycles": 20, "batch_size": 256}
    assert dumped["training"]["floor"] == floor
    assert dumped["regularizers"]["groups"]["sL1+KL"] == {"hidden_weight": 0.08, "sparsity": 0.5}


def test_names_default_to_the_file_and_folders_to_its_folder(tmp_path):
    (tmp_path / "my_study.yaml").write_text("\ufeff" + MINIMAL, encoding="utf-8")
    project = Project.load(tmp_path / "my_study.yaml")
    assert project.name == "my_study"
    assert project.folder == tmp_path
    assert "folder" not in project.dump_yaml()


@pytest.mark.parametrize("written", ["1e-4", "1.0e-4", "0.0001", "'1e-4'"])
def test_numbers_that_yaml_takes_for_text_are_numbers(written):
    text = MINIMAL + f"regularizers: {{l1_weights: [{written}]}}\n"
    assert Project.parse(text).regularizers.l1_weights == (1e-4,)


def test_an_empty_group_has_no_strengths_of_its_own():
    project = Project.parse(MINIMAL + "regularizers: {groups: {L1: , sL1: {}}}")
    assert project.regularizers.groups == {"L1": Group(), "sL1": Group()}


def test_one_regularizer_may_appear_in_several_groups():
    regularizers = minimal(
        regularizers={
            "l1_weights": [1e-3],
            "groups": {
                "sL1": {},
                "sL1 far": {"regularizer": "sL1", "l1_threshold": 2, "l1_weights": [1, 2]},
                "sh": {"hidden_weight": 3, "hidden_threshold": 4},
                "mixed": {"regularizer": "decs+L1", "hidden_weight": 5},
            },
        }
    ).regularizers
    assert regularizers.grid("sL1") == ({"l1_weight": 1e-3, "l1_threshold": 0.1},)
    far = [{"l1_weight": weight, "l1_threshold": 2} for weight in (1, 2)]
    assert list(regularizers.grid("sL1 far")) == far
    assert regularizers.grid("sh") == ({"hidden_weight": 3, "hidden_threshold": 4},)
    assert regularizers.grid("mixed") == ({"l1_weight": 1e-3, "hidden_weight": 5},)
    assert [term.symbol for term in regularizers.terms("mixed")] == ["L1", "decs"]
    assert [regularizers.own_weights(group) for group in ("sL1", "sL1 far")] == [False, True]


@pytest.mark.parametrize(
    ("scale", "output", "activation"),
    [
        ("minmax", "auto", "sigmoid"),
        ("standard", "auto", "linear"),
        ("none", "auto", "linear"),
        ("minmax", "linear", "linear"),
    ],
)
def test_output_activation(scale, output, activation):
    table, network = {"source": "a.csv", "scale": scale}, {"units": [2], "output": output}
    assert Project(table=table, network=network).output_activation == activation


def test_overrides_are_yaml_and_leave_the_rest():
    overrides = [
        "training.epochs=50",
        "regularizers.groups.sL1+sh.hidden_weight=1e-3",
        "training.seeds=[7, 8]",
        "report.title=a = b",
    ]
    text = MINIMAL + "regularizers: {groups: published}\n"
    project = Project.parse(text, overrides)
    assert project.training.epochs == 50
    assert project.training.seeds == (7, 8)
    assert project.report.title == "a = b"
    groups = project.regularizers.groups
    assert groups["sL1+sh"] == Group(hidden_weight=1e-3, hidden_threshold=0.1)
    assert len(groups) == 6


def test_an_override_of_an_aliased_group_changes_that_group_alone():
    text = (
        MINIMAL
        + "regularizers: {groups: {sL1: &a {l1_threshold: 1}, b: {<<: *a, regularizer: sL1}}}"
    )
    groups = Project.parse(text, ["regularizers.groups.sL1.l1_threshold=3"]).regularizers.groups
    assert (groups["sL1"].l1_threshold, groups["b"].l1_threshold) == (3, 1)


LONG = "x" * 251
WRONG_FIELDS = [
    ("training: {epochs: 0}", "training.epochs must be at least 1, got 0"),
    ("training: {epochs: x}", "training.epochs must be auto or a whole number, got 'x'"),
    ("training: {epochs: 1.5}", "training.epochs must be a whole number, got 1.5"),
    ("training: {epochs: yes}", "training.epochs must be a number, got true"),
    ("training: {epochs: }", "training.epochs must be a whole number, got null"),
    (
        "training: {epoch: 1}",
        "training.epoch is not a known field; did you mean epochs? (known: op",
    ),
    ("epochs: 1", "epochs is not a known field; did you mean training.epochs? (known: name, task"),
    ("'[key]': 1", "[key] is not a known field (known: name"),
    ('"a\\nb": 1', "'a\\nb' is not a known field (known: name"),
    ("training: {lr: 1}", "training.lr is not a known field; did you mean learning_rate? (known:"),
    ("zzz: 1", "zzz is not a known field (known: name, task"),
    ("training: {seeds: [1, 2, 1]}", "training.seeds must hold different values, got 1 twice"),
    ("training: {seeds: []}", "training.seeds must hold at least one value"),
    ("training: {seeds: 3}", "training.seeds must be a list, got 3 (write [3])"),
    ("training: {seeds: {1: 2}}", "line 3, column 20: the key 1 must be text"),
    ("training: {seeds: [-1]}", "training.seeds[0] must be at least 0, got -1"),
    ("training: {optimizer: adm}", "training.optimizer must be one of [adam, sgd], got 'adm'"),
    ("training: {learning_rate: 0}", "training.learning_rate must be greater than 0, got 0"),
    ("training: {learning_rate: .inf}", "training.learning_rate must be finite, got inf"),
    ("training: {chunk: all}", "training.chunk must be auto or a whole number of at least 1, got"),
    ("training: {chunk: 0}", "training.chunk must be auto or a whole number of at least 1, got 0"),
    ("training: {schedule: {tail: 2}}", "training.schedule.tail must be at most 1, got 2"),
    ("training: {fine_tune_epochs: -1}", "training.fine_tune_epochs must be at least 0, got -1"),
    ("training: [1]", "training must be a mapping of fields, got [1]"),
    ("task: PCA", "task must be one of [sae, classifier, regressor, pca], got 'PCA'"),
    ("task: classifier", "table.target is missing: a classifier needs the column to predict"),
    ("training: {loss: cross_entropy}", "training.loss must be squared_error for the task sae"),
    ("evaluation: {holdout: 0.1}", "evaluation.holdout must be 0 for the task sae"),
    ("evaluation: {holdout: 1}", "evaluation.holdout must be less than 1, got 1"),
    ("name: ''", "name must not be empty, got ''"),
    ("name: 12", "name must be text, got 12 (put it in quotes)"),
    ("name: !!binary d2luZQ==", "name must be text, got b'wine'"),
    ("name: ../up", "name must not begin with a dot or hold / or \\, got '../up'"),
    ("name: a\\b", "name must not begin with a dot or hold / or \\"),
    ("name: .hidden", "name must not begin with a dot"),
    ('name: "a\\nb"', "name must be one line without control characters, got 'a\\nb'"),
    ('name: "a\\u202Eb"', "name must be one line without control characters"),
    ('name: " a"', "name must not begin or end with a space"),
    (f"name: {LONG}", "name must have at most 250 characters, got 251"),
    ("tracking: {system_metrics: 3}", "tracking.system_metrics must be true or false, got 3"),
    ("report: {confidence: 1}", "report.confidence must be less than 1, got 1"),
    (
        "report: {index: area}",
        "report.index must be one of [area_marker, area_axis, hypervolume_gap]",
    ),
    ("regularizers: {l1_weights: [-1]}", "regularizers.l1_weights[0] must be at least 0, got -1"),
    ("regularizers: {l1_weights: [.nan]}", "regularizers.l1_weights[0] must be finite, got nan"),
    ("regularizers: {l1_weights: [1, 1.0]}", "regularizers.l1_weights must hold different values"),
    ("regularizers: {l1_threshold: 0}", "regularizers.l1_threshold must be greater than 0, got 0"),
    ("regularizers: {groups: {}}", "regularizers.groups must name at least one group"),
    ("regularizers: {groups: [L1]}", "regularizers.groups must be a mapping of fields, got ['L1']"),
    (
        "regularizers: {proximal: true}",
        "regularizers.proximal needs training.optimizer sgd, got adam",
    ),
    ("name: a\nname: b", "line 4, column 1: the key 'name' appears twice"),
    ("name: [a", "line 4, column 1: expected ',' or ']', but got '<stream end>'"),
    ("task: !!timestamp x", "line 3, column 7: 'x' cannot be read as tag:yaml.org,2002:timestamp"),
    ("---\na: 1", "line 3, column 1: but found another document"),
    ("name: \x01", "line 3: YAML does not allow the character '\\x01'"),
    ("? [a]\n: 1", "while constructing"),
    ("name: " + "[" * 3000, "nested too deeply"),
]


@pytest.mark.parametrize(("line", "expected"), WRONG_FIELDS, ids=lambda value: value[:40])
def test_a_wrong_file_names_file_field_and_value(line, expected):
    if expected == "while constructing":
        expected = "must be text"
    found = message(MINIMAL + line + "\n")
    assert found.startswith("p.yaml: ")
    assert expected in found
    assert "\n" not in found


WRONG_GROUPS = [
    ("none: {}", "none is the name of the unregularized floor, which is always trained"),
    ("sl1: {}", "sl1 is no regularizer: 'sl1' holds the unknown term 'sl1'; did you mean sL1?"),
    ("sL1+sh3: {}", "sL1+sh3 is no regularizer: 'sL1+sh3' holds the unknown term 'sh3'; did you"),
    ("L1+sL1: {}", "holds L1 and sL1: a regularizer has at most one weight term"),
    ("x: {regularizer: sh+KL}", "x.regularizer is no regularizer: 'sh+KL' holds sh and KL"),
    ("x: {regularizer: ''}", "x.regularizer is no regularizer: '' holds the unknown term ''"),
    ("a/b: {regularizer: L1}", "a/b must not begin with a dot or hold / or \\"),
    (
        "L1: {hidden_weight: 1}",
        "L1.hidden_weight is of no use to its regularizer: L1 takes l1_weights",
    ),
    ("L1: {l1_threshold: 1}", "L1.l1_threshold is of no use to its regularizer"),
    (
        "decs: {hidden_weight: 1, l1_weights: [1]}",
        "decs.l1_weights is of no use to its regularizer",
    ),
    (
        "sh: {hidden_weight: 1}",
        "sh.hidden_threshold is missing: sh takes hidden_weight, hidden_thr",
    ),
    ("KL: {sparsity: 0.1}", "KL.hidden_weight is missing: KL takes hidden_weight, sparsity"),
    ("KL: {hidden_weight: 1, sparsity: 1}", "KL.sparsity must be less than 1, got 1"),
    ("sh: {hidden_weight: 1, hidden_threshold: 0}", "sh.hidden_threshold must be greater than 0"),
    ("sL1: {threshold: 1}", "sL1.threshold is not a known field; did you mean l1_threshold?"),
    ("sL1: {l1_weights: [1, 1]}", "sL1.l1_weights must hold different values, got 1.0 twice"),
    ("sL1: 3", "sL1 must be a mapping of fields, got 3"),
]


@pytest.mark.parametrize(("group", "expected"), WRONG_GROUPS, ids=lambda value: value[:40])
def test_a_wrong_group_names_the_group(group, expected):
    found = message(MINIMAL + f"regularizers: {{groups: {{{group}}}}}\n")
    assert found.startswith("p.yaml: regularizers.groups.")
    assert expected in found


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "linear"])
def test_every_group_goes_with_every_activation(activation):
    groups = {"groups": "published"}
    project = minimal(network={"units": [8], "activation": activation}, regularizers=groups)
    assert "sL1+KL" in project.regularizers.groups


WRONG_TABLES = [
    ("{source: }", "table.source must be text, got null"),
    ("{source: ''}", "table.source must not be empty"),
    ('{source: "a\\0.csv"}', "table.source must be one line without control characters"),
    ("{source: a, target: b}", "table.target must be null for the task sae, got 'b'"),
    (
        "{source: a, columns: b}",
        "table.columns must be auto, all, a list of column names or a mapping of columns to what "
        "they are, got 'b' (write [b])",
    ),
    ("{source: a, columns: []}", "table.columns must hold at least one value"),
    ("{source: a, columns: [b, b]}", "table.columns must hold different values, got 'b' twice"),
    (
        "{source: a, columns: [no]}",
        "table.columns must hold names of columns, got false (put it in",
    ),
    (
        "{source: a, scale: max}",
        "table.scale must be one of [minmax, standard, equal, none], got 'max'",
    ),
    (
        "{source: a, missing: no}",
        "table.missing must be one of [impute, drop, error], got false",
    ),
    (
        "{source: a, columns: {}}",
        "table.columns must say of at least one column what it is, got {}",
    ),
    (
        "{source: a, columns: {b: words}}",
        "table.columns.b must be number, text, date, leave_out, or one of ordered: [LEVEL, …], "
        "levels: [LEVEL, …], date: FORMAT, got 'words'",
    ),
    ("{source: a, columns: {b: {ordered: [x]}}}", "table.columns.b ordered must hold at least 2"),
    (
        "{source: a, columns: {b: {levels: [yes]}}}",
        "table.columns.b must hold levels, text or numbers, got true (put it in quotes)",
    ),
    (
        "{source: a, columns: {b: {date: 7}}}",
        "table.columns.b date must be how dates are written, such as '%d/%m/%Y', got 7",
    ),
    ("{source: a, columns: {1: text}}", "line 1, column 30: the key 1 must be text (put it in quo"),
    (
        "{source: a, columns: {b: text}, leave_out: [b]}",
        "table.leave_out holds 'b', which table.columns holds, too",
    ),
    (
        "{source: a, columns: [b, c], leave_out: [b]}",
        "table.leave_out holds 'b', which table.columns holds, too",
    ),
]


@pytest.mark.parametrize(("table", "expected"), WRONG_TABLES)
def test_a_wrong_table_names_the_field(table, expected):
    assert f"p.yaml: {expected}" in message(f"table: {table}\nnetwork: {{units: [2]}}\n")


@pytest.mark.parametrize("units", ["[0]", "[]", "8", "[2.5]", "[a]", "[true]"])
def test_units_are_whole_numbers(units):
    assert "p.yaml: network.units" in message(
        f"table: {{source: a}}\nnetwork: {{units: {units}}}\n"
    )


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training.epochs=x", "training.epochs must be auto or a whole number, got 'x'"),
        ("training.seeds=[1, x]", "training.seeds[1] must be a whole number, got 'x'"),
        ("training.epoch=5", "training.epoch is not a known field; did you mean epochs?"),
        ("training.epochs", "must be FIELD=VALUE, as in --set training.epochs=50"),
        ("=5", "must be FIELD=VALUE"),
        ("training..epochs=5", "must be FIELD=VALUE"),
        ("training.epochs.x=5", "training.epochs is 3, it has no fields"),
        ("training.epochs=[1", "line 1, column 3: expected ',' or ']'"),
    ],
)
def test_a_wrong_override_is_named(override, expected):
    found = message(MINIMAL + "training: {epochs: 3}", override)
    assert found.startswith(f"--set {override}: {expected}")


def test_several_problems_have_a_line_each():
    found = message(MINIMAL + "training: {epochs: 0, batch_size: 0}", "training.batch_size=-1")
    assert found.splitlines() == [
        "--set training.batch_size=-1: training.batch_size must be at least 1, got -1",
        "p.yaml: training.epochs must be at least 1, got 0",
    ]
    many = message(MINIMAL + f"training: {{seeds: {['x'] * 100}}}").splitlines()
    assert len(many) == MOST_LINES + 1
    assert many[-1] == "… and 80 more"


def test_a_project_of_a_frame_names_no_table():
    project = Project(network={"units": [2]})
    assert (project.name, project.table.source) == ("table", "")
    assert "source" not in project.dump_yaml()
    assert Project.parse(project.dump_yaml()) == project
    assert Project(name="mine", network={"units": [2]}).name == "mine"


def test_a_project_built_in_python_is_checked_alike():
    with pytest.raises(ProjectError, match=r"^training\.epochs must be at least 1, got 0$"):
        minimal(training={"epochs": 0})
    with pytest.raises(ProjectError, match=r"^network is missing$"):
        Project()
    with pytest.raises(ProjectError, match=r"^self is not a known field"):
        minimal(**{"self": 1})
    assert minimal(training={"seeds": range(1, 4)}).training.seeds == (1, 2, 3)


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "just words", "3", "null"])
def test_a_file_without_fields_is_refused(text):
    assert message(text).startswith("p.yaml: ")


def test_a_file_that_is_no_project_file_is_refused(tmp_path):
    (tmp_path / "wine.yaml").write_text(MINIMAL)
    (tmp_path / "junk.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "large.yaml").write_bytes(b"a" * 1_000_001)
    for name, expected in {
        "wein.yaml": "there is no such file; did you mean wine.yaml?",
        ".": "is a folder, not a project file",
        "junk.yaml": "is not a text file in UTF-8 (byte 129), so no project file",
        "large.yaml": "is too large for a project file",
        "a" * 300: "there is no such file",
        "a\0b": "there is no such file",
    }.items():
        with pytest.raises(InputError) as caught:
            Project.load(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {expected}"


LONG_NUMBERS = ["0x" + "f" * 500, "9" * 500, ":".join(["1"] * 300), "." + "1" * 500]


@pytest.mark.parametrize("number", LONG_NUMBERS)
def test_a_number_of_too_many_digits_is_refused(number):
    assert "a number has at most 400 digits" in message(MINIMAL + f"training: {{epochs: {number}}}")


def test_merges_of_merges_do_not_grow_without_end():
    fields = ", ".join(f"k{number}: 1" for number in range(1000))
    text = f"a: &a {{{fields}}}\nb: {{<<: [{'*a, ' * 1001}]}}"
    assert "too many fields are merged" in message(text)


def test_long_lists_are_checked_fast_and_have_an_end():
    seeds = tuple(range(50_000))
    assert minimal(training={"seeds": seeds}).training.seeds == seeds
    with pytest.raises(ProjectError, match="got 7 twice"):
        minimal(training={"seeds": (*seeds, 7)})
    with pytest.raises(ProjectError, match="must hold at most 100000 values, got 1000000000000"):
        minimal(training={"seeds": range(10**12)})


@pytest.mark.parametrize("field", ["epochs", "batch_size", "chunk", "fine_tune_epochs"])
def test_a_count_beyond_all_reason_is_refused(field):
    assert f"training.{field} must be " in message(MINIMAL, f"training.{field}=1000000000000")


def test_what_is_no_character_is_shown():
    said = message('table: {source: my.csv, columns: "\\ud800"}\nnetwork: {units: "\\ud800"}\n')
    assert "network.units must be a list, got '\\ud800'" in said


def test_a_text_of_others_extends_nothing(tmp_path):
    (tmp_path / "mine.yaml").write_text(MINIMAL)
    with pytest.raises(ProjectError, match="extends is only possible in a file of one's own"):
        Project.parse("extends: mine.yaml", folder=tmp_path, stored=True)


def test_reading_a_project_imports_nothing_heavy():
    heavy = "{'torch', 'pandas', 'numpy', 'mlflow', 'matplotlib'}"
    code = f"import sys, sparse_lightning.project; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECTS.parent)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.binary(max_size=4),
)
FIELDS = st.sampled_from(
    [
        *Project.model_fields,
        "source",
        "prepare",
        "drop_rare",
        "binarize",
        "dummies",
        "below",
        "units",
        "columns",
        "groups",
        "L1",
        "sL1+sh",
        "hidden_weight",
        "seeds",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(FIELDS | SCALARS, values, max_size=4)
    ),
    max_leaves=12,
)


def parses_or_explains(text):
    try:
        project = Project.parse(text)
    except ProjectError as error:
        assert str(error)  # noqa: PT017 - either outcome is right
    else:
        assert Project.parse(project.dump_yaml()) == project


@settings(max_examples=200, deadline=None)
@given(
    st.text(
        alphabet=st.sampled_from("abl:{}[],&*!<|>-?%@`'\"\\ \n\t#=~.0123e\x00\x07é")
        | st.characters()
    )
)
def test_any_text_parses_or_is_explained(text):
    parses_or_explains(text)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(FIELDS | SCALARS, VALUES, max_size=5))
def test_any_yaml_parses_or_is_explained(fields):
    parses_or_explains(yaml.safe_dump(fields))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_override_is_taken_or_explained(field, value):
    for text in (
        f"{field}={value}",
        f"training.{field}={value}",
        f"training.epochs={value}",
        field,
    ):
        try:
            Project.parse(MINIMAL, [text])
        except ProjectError as error:
            assert str(error).startswith(("--set", "project"))  # noqa: PT017 - either is right


@pytest.mark.parametrize("task", ["sae", "classifier"])
@pytest.mark.parametrize(("field", "value"), [("decoder", "span"), ("nesting", 0.2)])
def test_settings_of_components_are_refused_by_other_tasks(task, field, value):
    target = {"target": "y"} if task == "classifier" else {}
    table = {"source": "my.csv", **target}
    told = rf"network\.{field} belongs to the task pca and has no effect on the task {task}"
    with pytest.raises(ProjectError, match=told):
        Project(task=task, table=table, network={"units": [4], field: value})
    made = Project(task=task, table=table, network={"units": [4]})
    assert Project.parse(made.dump_yaml()) == made
    Project(task="pca", table={"source": "my.csv"}, network={"units": [4], field: value})


@pytest.mark.parametrize("value", [1e300, 1e39, 1e-300])
def test_strengths_that_32_bits_do_not_hold_are_refused(value):
    with pytest.raises(ProjectError, match=r"a number that 32 bits hold, 1\.18e-38 to 3\.4e\+38"):
        Project(
            table={"source": "wine"},
            network={"units": [4]},
            regularizers={"l1_weights": [value]},
        )


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"key{place}: {place}" for place in range(5_000)),
        "regularizers:\n  groups:\n" + "\n".join(f"    g{place}: {{}}" for place in range(5_000)),
        "training: {seeds: [" + ", ".join(["x"] * 5_000) + "]}",
    ],
)
def test_of_thousands_of_problems_the_first_are_told(text: str):
    """Each would be compared with what is known, and looked for among all that is set."""
    with pytest.raises(ProjectError) as raised:
        Project.parse(text)
    lines = str(raised.value).splitlines()
    assert len(lines) == 21
    assert lines[-1].startswith("… and ")
