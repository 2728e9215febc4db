"""CSV files whose names no spreadsheet takes for formulas."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning._files import csv_text


def cells(frame):
    return list(csv.reader(io.StringIO(csv_text(frame), newline="")))


@pytest.mark.parametrize("name", ["=1+2", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"])
def test_names_that_look_like_formulas_become_text(name):
    found = cells(pd.DataFrame({"group": [name], name: [0.5]}))
    assert found == [["group", f"'{name}"], [f"'{name}", "0.5"]]


def test_numbers_stay_numbers_even_as_text():
    frame = pd.DataFrame({"group": ["-1", "+2.5e-3"], "value": [-0.25, 1e-300], "n": [-3, 4]})
    assert cells(frame)[1:] == [["-1", "-0.25", "-3"], ["+2.5e-3", "1e-300", "4"]]


@given(st.lists(st.floats(allow_infinity=False), min_size=1))
def test_every_digit_is_kept(values):
    found = pd.read_csv(io.StringIO(csv_text(pd.DataFrame({"v": values}))))
    pd.testing.assert_series_equal(
        found["v"].astype(float), pd.Series(values, name="v"), rtol=1e-15, atol=0
    )


def test_columns_of_one_name_are_all_kept():
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert cells(frame) == [["a", "a"], ["1", "2"]]
