"""A table that can be used, and a word on what may not have been meant in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.data.catalog import PACKAGED, load_table
from sparse_lightning.data.suspicions import is_coded, is_counting, sentinel
from sparse_lightning.errors import TableWarning
from sparse_lightning.project import Project, TableSettings
from sparse_lightning.training.preparing import prepare

DUMMIES = [{"dummies": {"columns": ["b"]}}]


def suspected(folder, cells, **table):
    rows = (f'{row * row % 17},"{cell}"' for row, cell in enumerate(cells))
    (folder / "t.csv").write_text("\n".join(["a,b", *rows, ""]))
    return load_table(TableSettings(source="t.csv", **table), folder).suspicions


IDS = [
    (range(1, 31), "numbers the rows, as an id does"),
    ([*range(30, 0, -1)], "numbers the rows"),
    (range(1000, 1060, 2), "numbers the rows"),
    ([10**7 + row * 7919 % 30011 for row in range(30)], "holds another whole number of the same"),
]


@pytest.mark.parametrize(
    ("cells", "fields", "expected"),
    [
        ([3, 1, 4, 1], {}, "4 rows are too few"),
        *((ids, {"columns": "all"}, f"column 'b' {words}") for ids, words in IDS),
        *((ids, {"columns": {"b": "number"}}, f"column 'b' {words}") for ids, words in IDS),
        ([*range(10)] * 2 + [-999, -999], {}, "column 'b' holds -999 in 2 of 22 rows"),
        ([*range(10)] * 2 + [9999], {}, "column 'b' holds 9999 in 1 of 21 rows"),
        (
            [f"P{row:03d}" for row in range(60)],
            {"prepare": DUMMIES},
            "column 'b' becomes 60 inputs, nearly one a row",
        ),
        (
            [f"1,{600 + row}" for row in range(19)],
            {"prepare": DUMMIES},
            "column 'b' becomes 19 inputs, but holds numbers, such as '1,600' with a comma for",
        ),
        ([*"xyz" * 5, "Total"], {"prepare": DUMMIES}, "row 16 (line 17) says 'Total' in column"),
        (
            ["yes", "No", "no "] * 6,
            {},
            "column 'b' holds 'No' and 'no ', which differ in spaces or",
        ),
        (["x", "y", " "] * 6, {}, "column 'b' holds ' ' in 6 of 18 rows: if it stands for no"),
        ([*"xyz" * 5, "."], {"prepare": DUMMIES}, "column 'b' holds '.' in 1 of 16 rows: if it"),
        ([*"xyz" * 5, "-", "-"], {"target": "b"}, "column 'b' holds '-' in 2 of 17 rows: if it"),
        ([0, 1, 2, -99] * 5, {"target": "b"}, "column 'b' holds -99 in 5 of 20 rows"),
        ([*range(30)] * 40, {"target": "b"}, "the target 'b' has 30 numbers as classes"),
        ([1, *[""] * 12, *range(8)], {"missing": "drop"}, "table.missing drop left out 12 rows"),
    ],
)
def test_what_may_not_be_meant_is_told(tmp_path, cells, fields, expected):
    assert any(one.startswith(expected) for one in suspected(tmp_path, cells, **fields))


@pytest.mark.parametrize(("cells", "words"), IDS)
def test_what_would_be_suspected_is_left_out_by_itself(tmp_path, cells, words):
    assert suspected(tmp_path, cells) == ()
    table = load_table(TableSettings(source="t.csv"), tmp_path)
    assert table.frame.columns.to_list() == ["a"]
    assert [one.kind for one in table.readings] == ["number", "left out"]
    assert table.readings[1].why.startswith(words.removeprefix("holds "))
    assert table.readings[1].pin == "leave_out"


@pytest.mark.parametrize("name", PACKAGED)
def test_nothing_is_said_of_the_packaged_tables(name, tmp_path):
    assert load_table(PACKAGED[name].settings, tmp_path).suspicions == ()


def test_nothing_is_said_of_a_plain_table(tmp_path):
    draw = np.random.default_rng(0)
    assert suspected(tmp_path, draw.normal(size=50)) == ()
    assert suspected(tmp_path, draw.integers(-5, 100, size=50)) == ()


def test_training_begins_with_a_warning(tmp_path):
    suspected(tmp_path, range(30))
    table = {"source": "t.csv", "columns": "all"}
    project = Project(task="sae", table=table, network={"units": [1]})
    project._folder = tmp_path
    with pytest.warns(TableWarning, match="look at the table t:\n  column 'b' numbers the rows"):
        prepare(project)


@given(st.permutations(range(7, 37)))
def test_any_order_of_running_numbers_is_one(values):
    assert is_counting(np.array(values, dtype=float))
    assert not is_coded(np.array(values, dtype=float))
    assert not is_counting(np.array([*values, values[0]], dtype=float))


@given(st.lists(st.floats(0, 100), min_size=1), st.sampled_from([-9.0, -99.0, -999.0, -9999.0]))
def test_a_negative_sentinel_among_positive_numbers_is_found(values, mark):
    assert sentinel(np.array([*values, mark, mark])) == (mark, 2)
    assert sentinel(np.array(values)) is None


@pytest.mark.parametrize("values", [[-999.0, -998, 5], [999.0, 400, 500, 10], [-99.0, -50, 40]])
def test_numbers_in_the_range_of_others_are_no_sentinels(values):
    assert sentinel(np.array(values)) is None
