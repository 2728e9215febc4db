"""Prepared tables: rows dropped, columns recoded, targets set apart, and the census table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from strict_tables import strict

from sparse_lightning.data import catalog
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.preparation import drop_rare
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import TableError
from sparse_lightning.project import Step, TableSettings

NOWHERE = Path("/nowhere")
LEVELS = ["workclass", "education", "marital-status", "occupation", "relationship", "race"]
NUMBERS = [
    *("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"),
]
BINARY = {"sex": "Male", "native-country": "United-States", "income": ">50K"}


def census(drop_first=False, **table):
    steps = [
        {"drop_rare": {"columns": LEVELS, "below": 50}},
        {"binarize": BINARY},
        {"dummies": {"columns": LEVELS, "drop_first": drop_first}},
    ]
    fields = {"source": "census", "missing": "drop", "prepare": steps, **table}
    return catalog.load_table(TableSettings(**{"scale": "minmax", **fields}), NOWHERE)


@pytest.fixture(scope="module")
def whole():
    return census()


def test_the_census_has_45155_rows_and_61_inputs(whole):
    assert whole.frame.shape == (45155, 15)
    assert (whole.rows_missing, whole.rows_rare, whole.rows_dropped) == (3620, 67, 3687)
    assert whole.target is None
    encoding = whole.encoding
    assert encoding.transform(whole.frame).shape == (45155, 61)
    assert encoding.columns == tuple(whole.frame.columns)
    assert len(set(encoding.input_names)) == 61
    widths = {name: inputs.stop - inputs.start for name, inputs in encoding.groups}
    assert [name for name, width in widths.items() if width > 1] == LEVELS
    assert [widths[name] for name in LEVELS] == [6, 16, 6, 13, 6, 5]
    assert sum(widths[name] for name in LEVELS) == 52
    assert set(NUMBERS) < set(encoding.input_names)
    assert {f"{name}={value}" for name, value in BINARY.items()} < set(encoding.input_names)
    for gone in ("Married-AF-spouse", "Without-pay", "Armed-Forces"):
        assert not (whole.frame == gone).any(axis=None)


def test_the_census_with_reference_levels_has_55_inputs(whole):
    table = census(drop_first=True)
    assert len(table.encoding.input_names) == 55
    pd.testing.assert_frame_equal(table.frame, whole.frame)


def test_the_census_inputs_are_those_of_pandas(whole):
    frame = whole.frame
    expected = {}
    for name in frame.columns:
        if name in LEVELS:
            for level in sorted(frame[name].unique()):
                expected[f"{name}={level}"] = (frame[name] == level).to_numpy(dtype=np.float32)
        elif name in BINARY:
            matches = frame[name] == BINARY[name]
            expected[f"{name}={BINARY[name]}"] = matches.to_numpy(dtype=np.float32)
        else:
            reach = frame[name].max() - frame[name].min()
            expected[name] = ((frame[name] - frame[name].min()) / reach).to_numpy(dtype=np.float32)
    assert whole.encoding.input_names == tuple(expected)
    inputs = whole.encoding.transform(frame)
    np.testing.assert_array_equal(inputs, np.column_stack(list(expected.values())))
    back = whole.encoding.inverse(inputs)
    back["native-country"] = frame["native-country"].where(
        frame["native-country"] == "United-States", "not United-States"
    )
    expected_back = frame.assign(**{"native-country": back["native-country"]})
    pd.testing.assert_frame_equal(back, expected_back, rtol=1e-5, atol=0.2)
    np.testing.assert_allclose(whole.encoding.transform(back), inputs, atol=1e-6)


def test_the_census_predicts_income_from_60_inputs(whole):
    table = census(target="income")
    pd.testing.assert_frame_equal(table.frame, whole.frame.drop(columns="income"))
    assert len(table.encoding.input_names) == 60
    assert table.target is not None
    assert table.target.name == "income"
    assert ClassTarget.fit(table.target) == ClassTarget("income", ("<=50K", ">50K"))
    assert table.target.value_counts().to_dict() == {"<=50K": 33967, ">50K": 11188}
    assert len(table.target) == len(table.frame)


@pytest.mark.parametrize(
    ("target", "counts"),
    [
        ("NSP", {1: 1655, 2: 295, 3: 176}),
        ("Tendency", {-1: 165, 0: 1115, 1: 846}),
    ],
)
def test_a_target_is_a_declared_one_or_a_feature(target, counts):
    table = catalog.load_table(TableSettings(source="ctg", target=target), NOWHERE)
    assert table.target is not None
    assert table.target.value_counts().to_dict() == counts
    assert target not in table.frame
    assert table.frame.shape[1] == len(table.encoding.columns) == 21 - (target == "Tendency")


TABLE = """\
size,kind,grade,colour
1,a,2,red
2,a,2,red
3,b,2,blue
4,b,3,red
5,a,3,
6,c,2,red
7,a,3,green
8,b,1,green
"""


def load(folder, prepare, content=TABLE, **table):
    (folder / "t.csv").write_text(content)
    # The size, which numbers the rows, is used.
    fields = {"source": "t.csv", "prepare": prepare, "missing": "drop", "columns": "all", **table}
    return catalog.load_table(TableSettings(**{"scale": "minmax", **fields}), folder)


BOTH = {"dummies": {"columns": ["kind", "colour"]}}


def test_rare_levels_are_counted_once_and_without_incomplete_rows(tmp_path):
    rare = {"drop_rare": {"columns": ["kind", "colour"], "below": 2}}
    table = load(tmp_path, [BOTH, rare])
    # The row of the only blue goes, and so does that of the only c; b, with 2 rows left, stays.
    assert table.frame["size"].to_list() == [1, 2, 4, 7, 8]
    assert (table.rows_missing, table.rows_rare) == (1, 2)
    assert table.encoding.input_names == (
        *("size", "kind=a", "kind=b", "grade", "colour=green", "colour=red"),
    )


def test_a_later_step_counts_what_an_earlier_one_left():
    frame = pd.DataFrame({"kind": list("aabbc"), "colour": list("rrrgr")})
    colour, kind = (
        Step.model_validate({"drop_rare": {"columns": [name], "below": 2}})
        for name in ("colour", "kind")
    )
    assert drop_rare(frame, [kind]).tolist() == [False, False, False, False, True]
    assert drop_rare(frame, [kind, colour]).tolist() == [False, False, False, True, True]
    assert drop_rare(frame, [colour, kind]).tolist() == [False, False, True, True, True]


def test_rare_levels_of_numbers_and_of_the_target(tmp_path):
    rare = {"drop_rare": {"columns": ["grade"], "below": 2}}
    for target in (None, "grade"):
        table = load(tmp_path, [rare, BOTH], target=target)
        assert table.rows_rare == 1
        assert table.frame["size"].to_list() == [1, 2, 3, 4, 6, 7]


def test_a_target_may_be_text_and_needs_no_step(tmp_path):
    table = load(tmp_path, [{"dummies": {"columns": ["kind"]}}], target="colour")
    assert table.target is not None
    assert table.rows_missing == 1  # the row without a target
    assert table.target.to_list() == ["red", "red", "blue", "red", "red", "green", "green"]
    with pytest.raises(TableError, match="'colour' has 1 missing value, first in row 5"):
        load(tmp_path, [BOTH], target="colour", missing="error")


def test_a_step_may_recode_the_target_without_effect(tmp_path):
    steps = [{"binarize": {"colour": "red"}}, {"dummies": {"columns": ["kind"]}}]
    table = load(tmp_path, steps, target="colour")
    assert table.target is not None
    assert table.target.nunique() == 3
    assert table.encoding.columns == ("size", "kind", "grade")


def test_numbers_may_be_recoded(tmp_path):
    steps = [{"binarize": {"grade": 2}}, BOTH, {"dummies": {"columns": ["size"]}}]
    table = load(tmp_path, steps)
    assert table.frame["grade"].dtype == np.float64
    names = table.encoding.input_names
    assert names[:8] == (*(f"size={size}" for size in (1, 2, 3, 4, 6, 7, 8)), "kind=a")
    assert "grade=2" in names


def test_parquet_categories_can_be_recoded(tmp_path):
    frame = pd.DataFrame(
        {
            "text": pd.Categorical(["b", "a", None, "b"]),
            "code": pd.Categorical([10, 9, 9, 10]),
            "switch": [True, False, True, False],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    steps = [{"dummies": {"columns": ["text", "code", "switch"]}}]
    settings = TableSettings(source="t.parquet", missing="drop", prepare=steps)
    table = catalog.load_table(settings, tmp_path)
    assert table.encoding.input_names == (
        *("text=a", "text=b", "code=9", "code=10", "switch=0", "switch=1"),
    )
    assert table.frame["text"].to_list() == ["b", "a", "b"]


WRONG = [
    (
        [BOTH, {"binarize": {"siz": 1}}],
        "table.prepare[1].binarize: there is no column 'siz' in use; did you mean size? (in use: s",
    ),
    (
        [{"drop_rare": {"columns": ["x"], "below": 2}}],
        "table.prepare[0].drop_rare: there is no column 'x' in use",
    ),
    (
        [{"binarize": {"colour": "Red", "kind": "a"}}],
        "table.prepare[0].binarize: column 'colour' never holds 'Red'; did you mean red? (levels: "
        "blue, green, red)",
    ),
    (
        [BOTH, {"binarize": {"grade": 7}}],
        "table.prepare[1].binarize: column 'grade' never holds '7' (levels: 1, 2, 3)",
    ),
    (
        [BOTH, {"drop_rare": {"columns": ["grade", "size"], "below": 2}}],
        "must have at least 2 rows, got 0 left after dropping 8",
    ),
    (
        [BOTH, {"drop_rare": {"columns": ["kind"], "below": 4}}],
        "must have at least 2 rows, got 0 left after dropping 8",
    ),
]


@pytest.mark.parametrize(("prepare", "expected"), WRONG)
def test_a_step_that_does_not_fit_the_table_is_refused(tmp_path, prepare, expected):
    with pytest.raises(TableError) as caught:
        load(tmp_path, prepare)
    assert str(caught.value).startswith(f"t.csv: {expected}")


RED = {"binarize": {"colour": "red"}}


@pytest.mark.parametrize(
    ("prepare", "kinds"),
    [
        ([RED], ["kind=a", "kind=b", "kind=c"]),
        ([{"drop_rare": {"columns": ["kind"], "below": 2}}, RED], ["kind=b"]),
    ],
)
def test_text_without_a_step_is_told_where_numbers_are_said_and_else_levels(
    tmp_path, prepare, kinds
):
    with pytest.raises(TableError) as caught:
        load(tmp_path, prepare, **strict("size", "kind", "grade"))
    assert str(caught.value).startswith(
        "t.csv: column 'kind' holds text, not numbers: 'a' in row 1 (line 2) and 7 more; leave it "
        "out with table.leave_out, or say that it holds names, table.columns: {COLUMN: text}"
    )
    table = load(tmp_path, prepare)
    assert table.encoding.input_names == ("size", *kinds, "grade", "colour=red")


def test_a_step_may_name_a_column_that_would_be_left_out(tmp_path):
    rare = {"drop_rare": {"columns": ["grade", "size"], "below": 2}}
    with pytest.raises(TableError, match="must have at least 2 rows, got 0 left after dropping 8"):
        load(tmp_path, [BOTH, rare], columns="auto")
    with pytest.raises(TableError, match=r"there is no column 'size' in use \(in use: kind, gr"):
        load(tmp_path, [BOTH, rare], columns="auto", leave_out=["size"])


STEPS = [
    {"drop_rare": {"columns": ["colour"], "below": 2}},
    {"dummies": {"columns": ["colour"]}},
    {"binarize": {"colour": "red"}},
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("columns", ["all", "auto"])
def test_a_column_of_a_step_has_no_gaps(tmp_path, step, columns):
    with pytest.raises(TableError) as caught:
        load(tmp_path, [step], missing="impute", columns=columns)
    text = str(caught.value)
    assert text.startswith("t.csv: column 'colour' has 1 missing value, first in row 5 (line 6); ")
    assert "drop" in text
    assert "impute fills them" not in text


@pytest.mark.parametrize(
    ("column", "prepare", "expected"),
    [
        (
            range(10_001),
            {"dummies": {"columns": ["b"]}},
            "table.prepare[0].dummies: column 'b' has 10001 levels, of which at most 10000 can "
            "become inputs: 0, 1, 2, 3, 4, 5, 6, 7, … 10001 in all",
        ),
        (
            ["x"] * 1001,
            {"dummies": {"columns": ["b"]}},
            "table.prepare[0].dummies: the same value stands in every row of column 'b' (x): leave",
        ),
        (
            [3] * 1001,
            {"binarize": {"b": 3}},
            "table.prepare[0].binarize: the same value stands in every row of column 'b' (3)",
        ),
    ],
)
def test_too_many_levels_or_one_are_refused(tmp_path, column, prepare, expected):
    content = pd.DataFrame({"a": range(len(column)), "b": column}).to_csv(index=False)
    with pytest.raises(TableError) as caught:
        load(tmp_path, [prepare], content)
    assert str(caught.value).startswith(f"t.csv: {expected}")


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"target": "x"}, "there is no column 'x'"),
        ({"target": "size", "columns": ["size"]}, "has no column but table.target, 'size'"),
        ({"target": "one"}, "the target 'one' holds only '5': there must be at least 2 classes"),
        (
            {"target": "size"},
            "the target 'size' holds 101 different values (0, 1, 2, 3, 4, 5, 6, 7",
        ),
    ],
)
def test_a_target_that_cannot_be_predicted_is_refused(tmp_path, table, expected):
    content = pd.DataFrame({"size": range(101), "one": 5, "b": range(101)}).to_csv(index=False)
    with pytest.raises(TableError) as caught:
        load(tmp_path, [], content, **table)
    assert str(caught.value).startswith(f"t.csv: {expected}")


def test_the_tables_encoding_is_what_its_frame_and_steps_give(whole):
    settings = catalog.describe("census").settings
    assert Encoding.fit(whole.frame, "minmax", settings.prepare) == whole.encoding
