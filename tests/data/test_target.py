"""The target of a classification: classes in order, one output a class."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import TableError


def series(values, **options):
    return pd.Series(values, name="t", **options)


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([3.0, 1, 2, 1], ("1", "2", "3")),
        ([10, 9, 100], ("9", "10", "100")),
        ([1.5, -1, 1.5], ("-1", "1.5")),
        (["b", "a", "B"], ("B", "a", "b")),
        (["10", "9"], ("10", "9")),
        ([True, False], ("0", "1")),
        (pd.Categorical(["y", "x", "y"]), ("x", "y")),
        (pd.Categorical([10, 9, 10]), ("9", "10")),
        ([1e20, 0.1], ("0.1", "1e+20")),
    ],
)
def test_classes_are_sorted_and_written_plainly(values, classes):
    assert ClassTarget.fit(series(values)) == ClassTarget("t", classes)


def test_a_row_has_the_place_of_its_class():
    target = ClassTarget.fit(series([3, 1, 2]))
    rows = series([2, 2, 1, 3], index=[9, 8, 7, 6])
    codes = target.codes(rows)
    assert codes.dtype == np.int64
    assert codes.tolist() == [1, 1, 0, 2]
    assert target.codes(rows[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 1], "the target 't' holds only '1': there must be at least 2 classes"),
        ([], "the target 't' holds no rows: there must be at least 2 classes"),
        (
            np.arange(101) / 2,
            "the target 't' holds 101 different values (0, 0.5, 1, 1.5, 2, 2.5, 3",
        ),
        ([1, np.nan], "column 't' has 1 missing value, first in row 2"),
        (["a", None], "column 't' has 1 missing value, first in row 2"),
        (["a", 1], "column 't' holds both text and numbers: 'a' in row 1, 1 in row 2"),
        (pd.to_datetime(["2020", "2021"]), "column 't' holds datetime64"),
        ([1, np.inf], "column 't' holds infinite values"),
    ],
)
def test_what_is_no_target_is_refused(values, expected):
    with pytest.raises(TableError) as caught:
        ClassTarget.fit(series(values))
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            ["cat", "dig"],
            "the target 't' holds the unknown level 'dig' in row 2; did you mean dog?",
        ),
        (["cat", None], "column 't' has 1 missing value"),
    ],
)
def test_a_row_of_no_known_class_is_refused(values, expected):
    target = ClassTarget("t", ("cat", "dog"))
    with pytest.raises(TableError) as caught:
        target.codes(series(values))
    assert str(caught.value).startswith(expected)


@given(
    st.lists(st.text(max_size=5), min_size=2, max_size=20)
    | st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=20)
)
def test_the_codes_name_the_rows_classes(values):
    if len(set(values)) < 2:
        return
    target = ClassTarget.fit(series(values))
    assert ClassTarget.from_dict(json.loads(json.dumps(target.to_dict()))) == target
    kind = type(values[0])
    assert [kind(target.classes[code]) for code in target.codes(series(values))] == values
    assert [kind(name) for name in target.classes] == sorted(set(values))


@pytest.mark.parametrize("stored", [{}, {"version": 2}, {"version": 1, "name": "t", "classes": 3}])
def test_what_is_no_stored_target_is_refused(stored):
    with pytest.raises(TableError, match="the target"):
        ClassTarget.from_dict(stored)
