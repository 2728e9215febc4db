"""What the cells of a column spell, and the number that each way of writing stands for."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.data.cells.spellings import spelled, spelling_of, too_large


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("12", "number", 12),
        (" -1.5e3 ", "number", -1500),
        ("1,660", "thousands", 1660),
        ("0,100", "comma", 0.1),
        ("-0,137", "comma", -0.137),
        ("-1,234,567.5", "thousands", -1234567.5),
        ("1 660", "thousands_sign", 1660),
        ("1\u202f660", "thousands_sign", 1660),
        ("1'660.25", "thousands_sign", 1660.25),
        ("1_000", "thousands_sign", 1000),
        ("1.234,5", "european", 1234.5),
        ("1.234.567", "european", 1234567),
        ("12,5", "comma", 12.5),
        ("-0,25", "comma", -0.25),
        ("45%", "percent", 45),
        ("12,5 %", "percent", 12.5),
        ("$1,200", "money", 1200),
        ("3.50 €", "money", 3.5),
        ("−5", "minus", -5),
        ("(5)", "parentheses", -5),
        ("12 kg", "unit", 12),
        ("<0.5", "limit", None),
        (">= 100", "limit", None),
        (".", "mark", None),
        ("-", "mark", None),
        ("#DIV/0!", "mark", None),
        ("N.A.", "mark", None),
        ("Total", "total", None),
        ("Grand total", "total", None),
        ("Mean of all", "total", None),
        ("2020-01-31", "date", None),
        ("31/1/2020", "date", None),
        ("12:30", "date", None),
        ("007", "code", None),
        ("x", "text", None),
        ("3rd avenue", "text", None),
        ("x" * 1000, "text", None),
    ],
)
def test_a_cell_has_a_spelling(text, name, number):
    spelling = spelling_of(text)
    assert spelling.name == name
    found = None if spelling.number is None else spelling.number(text.strip())
    assert found == number


@pytest.mark.parametrize(
    ("cells", "kind", "names"),
    [
        (["1,660", "950", "2,100"], "numbers", {"thousands": 2, "number": 1}),
        # A comma that cannot be one for thousands is none in the whole column.
        (["1,660", "12,5"], "numbers", {"comma": 2}),
        (["1", "2", "3", ".", None], "numbers", {"number": 3, "mark": 1}),
        (["kg", "1", "2"], "numbers", {"number": 2, "units": 1}),
        (["1", "2", "kg"], "numbers", {"number": 2, "text": 1}),
        (["12 kg", "13 kg"], "numbers", {"unit": 2}),
        (["3rd", "4th", "5a"], "text", {"text": 3}),
        (["007", "12"], "codes", {"code": 1, "number": 1}),
        (["2020-01-01", "2020-01-02", "?"], "dates", {"date": 2, "mark": 1}),
        (["red", "blue", "1"], "text", {"text": 2, "number": 1}),
        ([], "text", {}),
    ],
)
def test_a_column_is_of_a_kind(cells, kind, names):
    found = spelled(pd.Series(cells, dtype="str"))
    assert found.kind == kind
    assert {one.spelling.name: one.count for one in found.found} == names


def test_the_first_row_of_a_spelling_is_known():
    found = spelled(pd.Series([None, "3", "1,660", "2,000", "1,660"], dtype="str"))
    assert [(one.row, one.text, one.count) for one in found.found] == [(2, "1,660", 3), (1, "3", 1)]
    assert (found.present, found.different) == (4, 3)


@given(st.lists(st.text(max_size=6) | st.none(), max_size=20))
def test_every_cell_is_counted_once(cells):
    found = spelled(pd.Series(cells, dtype="str"))
    assert sum(one.count for one in found.found) == found.present
    assert found.present == sum(cell is not None for cell in cells)


@given(st.integers(-(10**9), 10**9))
def test_a_number_with_commas_stands_for_itself(number):
    text = f"{number:,}"
    spelling = spelling_of(text)
    assert spelling.number is not None
    assert spelling.number(text) == number


@given(st.integers())
def test_a_whole_number_is_too_large_where_a_float_is_another(number):
    assert too_large(str(number)) == (int(float(number)) != number)
