"""The targets of a regression: numbers, standardised by the rows that are trained on."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.number_target import NumberTarget
from sparse_lightning.data.rows.splits import TRAINING
from sparse_lightning.errors import ProjectError, TableError
from sparse_lightning.project import Project, TableSettings
from sparse_lightning.project.settings import EvaluationSettings
from sparse_lightning.training.preparing import examples_of

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


def table(folder, rows, target=("y",), **fields):
    """A table of a column x and what each row holds of a target y."""
    lines = ["x,y", *(f"{place * place % 13},{row}" for place, row in enumerate(rows)), ""]
    (folder / "t.csv").write_text("\n".join(lines))
    return load_table(TableSettings(source="t.csv", target=target, **fields), folder)


@given(VALUES)
def test_standardised_numbers_come_back_in_their_units(values):
    column = np.array(values)
    if np.ptp(column) < 1e-3:
        return
    target = NumberTarget.fit({"y": column})
    scaled = target.standardised(column[:, None])
    assert scaled.mean() == pytest.approx(0, abs=1e-3)
    assert scaled.std() == pytest.approx(1, rel=1e-3)
    np.testing.assert_allclose(
        target.in_units(scaled)[:, 0], column, atol=1e-5 * np.abs(column).max()
    )
    assert NumberTarget.from_dict(json.loads(json.dumps(target.to_dict()))) == target


def test_each_target_has_its_own_unit():
    target = NumberTarget.fit({"a": np.array([1.0, 3.0]), "b": np.array([10.0, 30.0])})
    assert target == NumberTarget(("a", "b"), (2.0, 20.0), (1.0, 10.0))
    assert target.in_units(np.array([[1.0, -1.0]])).tolist() == [[3.0, 10.0]]


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"version": 2},
        {"version": 1, "names": ["y"], "means": [0], "deviations": [0]},
        {"version": 1, "names": ["y"], "means": [float("nan")], "deviations": [1]},
        {"version": 1, "names": ["y", "z"], "means": [0], "deviations": [1]},
        {"version": 1, "names": [], "means": [], "deviations": []},
        {"version": 1, "name": "t", "classes": ["a", "b"]},
    ],
)
def test_what_is_no_stored_target_is_refused(stored):
    with pytest.raises(TableError, match="the target"):
        NumberTarget.from_dict(stored)


@pytest.mark.parametrize(
    ("rows", "fields", "told"),
    [
        (
            ["low", "high"] * 5,
            {},
            "the target 'y' holds text, not numbers: 'low' in row 1 (line 2) and 9 more; a "
            "regressor predicts numbers: use the task classifier for classes",
        ),
        ([3] * 10, {}, "the target 'y' is 3 in every row: there is nothing to predict"),
        ([1, 2, ""] * 4, {"missing": "error"}, "column 'y' has 4 missing values, first in row 3"),
        ([1, 2, "inf"] * 4, {}, "the target 'y' holds infinite values: "),
        (["1.5", "<2"] * 6, {}, "the target 'y' holds numbers in other spellings"),
        ([1, 2] * 6, {"target": ("z",)}, "there is no column 'z'"),
        ([1, 2] * 6, {"columns": ["y"]}, "has no column but table.target, 'y'"),
    ],
)
def test_what_is_no_target_is_named(rows, fields, told, tmp_path):
    with pytest.raises(TableError) as caught:
        table(tmp_path, rows, **fields)
    assert told in str(caught.value)
    assert "table.prepare" not in str(caught.value)


def test_a_step_does_not_recode_a_number_to_predict(tmp_path):
    with pytest.raises(
        TableError, match=r"table\.prepare\[0\]\.binarize: 'y' is a number to predict"
    ):
        table(tmp_path, [1, 2, 3] * 4, prepare=[{"binarize": {"y": 1}}])


def test_a_bad_target_is_told_together_with_bad_columns(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\na,4\nb,4\nc,4\n")
    with pytest.raises(TableError) as caught:
        load_table(TableSettings(source="t.csv", target=("y",), columns={"x": "number"}), tmp_path)
    assert "column 'x' holds text" in str(caught.value)
    assert "the target 'y' is 4 in every row" in str(caught.value)


@pytest.mark.parametrize("missing", ["drop", "impute"])
def test_rows_without_a_target_are_left_out(missing, tmp_path):
    found = table(tmp_path, [1, "", 3, 4.5] * 3, missing=missing)
    assert found.rows_missing == 3
    assert found.numbers["y"].tolist() == [1, 3, 4.5] * 3
    assert [one.name for one in found.readings] == ["x"]


def test_targets_are_read_as_other_numbers_are(tmp_path):
    found = table(tmp_path, ["1 kg", "2.5 kg", "n/a", "(3) kg"] * 3)
    assert found.numbers["y"].tolist() == [1, 2.5, -3] * 3
    assert found.rows_missing == 3
    assert list(found.frame) == ["x"]


def test_two_numbers_may_be_classes(tmp_path):
    (told,) = (one for one in table(tmp_path, [0, 1, 1] * 5).suspicions if "target" in one)
    assert told == (
        "the target 'y' holds no other numbers than 0 and 1: if they stand for classes, use the "
        "task classifier"
    )
    assert not any("target" in one for one in table(tmp_path, [0, 1, 2] * 5).suspicions)


def test_a_classifiers_numbers_may_be_for_a_regressor(tmp_path):
    with pytest.raises(TableError, match="so it is continuous: use the task regressor"):
        table(tmp_path, np.arange(30) / 7, target="y")
    told = table(tmp_path, [*range(30)] * 40, target="y").suspicions
    assert any("if it is a measure, use the task regressor" in one for one in told)


def test_held_out_rows_do_not_decide_the_scale(tmp_path):
    found = table(tmp_path, np.arange(20) ** 2)
    project = Project(
        task="regressor",
        table={"source": "t.csv", "target": "y"},
        network={"units": [2]},
        evaluation={"holdout": 0.2},
    )
    examples = examples_of(project, found)
    kept = found.numbers["y"].to_numpy()[~examples.heldout.numpy()]
    assert len(kept) == 16
    assert examples.number_target.means == (kept.mean(),)
    assert examples.number_target.deviations == (kept.std(),)
    assert examples.null_error == pytest.approx(1)
    # The one other number is in a held-out row.
    single = np.where(np.arange(20) == int(examples.heldout.int().argmax()), 8, 7)
    with pytest.raises(TableError, match="is 7 in every row that is trained on"):
        examples_of(project, table(tmp_path, single))


def test_validation_and_test_rows_do_not_decide_the_scale(tmp_path):
    evaluation = EvaluationSettings(folds=0)
    (tmp_path / "t.csv").write_text(
        "x,y\n" + "".join(f"{row * row % 13},{row * row}\n" for row in range(40))
    )
    settings = TableSettings(source="t.csv", target=("y",))
    found = load_table(settings, tmp_path, evaluation, False)
    project = Project(task="regressor", table=settings, network={"units": [2]})
    examples = examples_of(project, found)
    kept = found.numbers["y"].to_numpy()[found.split.parts == TRAINING]
    assert len(kept) == 24
    assert examples.number_target.means == (kept.mean(),)
    for rows in (examples.training(), examples.choosing(), examples.part("test")):
        assert rows.number_target == examples.number_target
        assert len(rows.numbers) == len(rows.inputs)
    assert examples.training().numbers.double().std(correction=0) == pytest.approx(1)


def test_each_fold_has_the_scale_of_the_rows_that_it_keeps(tmp_path):
    found = table(tmp_path, np.arange(20) ** 2)
    project = Project(
        task="regressor",
        table={"source": "t.csv", "target": "y"},
        network={"units": [2]},
        evaluation={"folds": 4},
    )
    examples = examples_of(project, found)
    for fold in examples.folds(4, seed=0):
        kept = found.numbers["y"].to_numpy()[~fold.heldout.numpy()]
        assert fold.number_target.means == pytest.approx((kept.mean(),))
        assert fold.number_target.deviations == pytest.approx((kept.std(),))
        outputs = fold.numbers.numpy()
        again = fold.number_target.restandardised(outputs, examples.number_target)
        np.testing.assert_allclose(again, examples.numbers, atol=1e-5)


def test_rows_count_in_the_scale_by_their_weights():
    values, weights = np.array([1.0, 2.0, 7.0]), np.array([3.0, 1.0, 2.0])
    weighted = NumberTarget.fit({"y": values}, weights=weights)
    repeated = NumberTarget.fit({"y": np.repeat(values, [3, 1, 2])})
    assert weighted.means == pytest.approx(repeated.means)
    assert weighted.deviations == pytest.approx(repeated.deviations)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"table": {"source": "t.csv", "target": ["y", "z"], "leave_out": ["z"]}},
            "table.leave_out holds the target, 'z'",
        ),
        (
            {"table": {"source": "t.csv", "target": ["y", "z"], "columns": {"z": "text"}}},
            "table.columns says what the target is, 'z'",
        ),
        (
            {"table": {"source": "t.csv", "target": ["y", "z"], "weight": "z"}},
            "table.weight must be another column than the target",
        ),
        (
            {"evaluation": {"group": "y"}},
            "evaluation.group must be another column than table.target",
        ),
        ({"table": {"source": "t.csv"}}, "table.target is missing: a regressor needs the column"),
        (
            {"training": {"loss": "cross_entropy"}},
            "training.loss must be squared_error for the task regressor",
        ),
        ({"network": {"units": [2], "output": "sigmoid"}}, "network.output must be auto or linear"),
        ({"table": {"source": "t.csv", "target": 3}}, "table.target must be the name of a column"),
        ({"table": {"source": "t.csv", "target": []}}, "table.target must hold at least one value"),
        (
            {"table": {"source": "t.csv", "target": ["y", "y"]}},
            "table.target must hold different values, got 'y' twice",
        ),
        (
            {"task": "classifier", "table": {"source": "t.csv", "target": ["y", "z"]}},
            "table.target must be one column for the task classifier",
        ),
        (
            {"task": "sae", "evaluation": {"holdout": 0}},
            "table.target must be null for the task sae, got 'y'",
        ),
    ],
)
def test_a_project_that_contradicts_itself_is_refused(fields, told):
    whole = {
        "task": "regressor",
        "table": {"source": "t.csv", "target": "y"},
        "network": {"units": [2]},
    }
    with pytest.raises(ProjectError) as caught:
        Project(**{**whole, **fields})
    assert told in str(caught.value)


def test_one_target_is_a_list_of_one():
    one, several = (
        Project(
            task="regressor", table={"source": "t.csv", "target": target}, network={"units": [2]}
        )
        for target in ("y", ["y", "z"])
    )
    assert one.table.targets == one.table.number_targets == ("y",)
    assert several.table.targets == ("y", "z")
    assert Project.parse(one.dump_yaml()) == one
    assert (one.evaluation.holdout, one.training.fine_tune_epochs) == (0, "auto")
    assert (one.evaluation.validation, one.evaluation.test) == (0.2, 0.2)
    assert (one.output_activation, one.layers(5, 1)) == ("linear", [5, 2, 1])
