"""Excel files as tables: where the table is in a workbook, and what its cells hold."""

import datetime
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.files.excel_files import read_excel
from sparse_lightning.data.files.readers import read_table
from sparse_lightning.errors import TableError
from sparse_lightning.project import TableSettings

openpyxl = pytest.importorskip("openpyxl")

ROWS = [["a", "b", "c"], [1, 2.5, 7], [2, 4.5, 3], [4, 1.5, 9]]


@pytest.fixture
def book(tmp_path):
    """Write a workbook: `book(rows)` with rows from A1 on, or `book({sheet: rows})`."""

    def write(sheets, change=None, name="t.xlsx"):
        made = openpyxl.Workbook()
        made.remove(made.active)
        given = sheets if isinstance(sheets, dict) else {"Data": sheets}
        for title, rows in given.items():
            sheet = made.create_sheet(title)
            for number, row in enumerate(rows, start=1):
                for column, value in enumerate(row, start=1):
                    if value is not None:
                        sheet.cell(number, column).value = value
        if change is not None:
            change(made)
        made.save(tmp_path / name)
        return tmp_path / name

    return write


def used(path, **fields):
    return load_table(TableSettings(source=path.name, **fields), path.parent)


def refused(path, **fields):
    with pytest.raises(TableError) as caught:
        used(path, **fields)
    assert str(caught.value).startswith(f"{path.name}: ")
    return str(caught.value)


def cache(path, values):
    """Give formulas their values, as Excel does when it saves them."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    for formula, value in values.items():
        for empty in (f"<f>{formula}</f><v></v>", f"<f>{formula}</f><v />"):
            sheet = sheet.replace(empty, f"<f>{formula}</f><v>{value}</v>")
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)


@pytest.mark.parametrize("name", ["t.xlsx", "t.xlsm", "T.XLSX"])
def test_a_sheet_is_the_table_of_its_csv_file(book, name):
    path = book(ROWS, name=name)
    table = used(path)
    pd.DataFrame(ROWS[1:], columns=ROWS[0]).to_csv(path.with_suffix(".csv"), index=False)
    other = used(path.with_suffix(".csv"))
    pd.testing.assert_frame_equal(table.frame, other.frame)
    assert (table.name.lower(), table.reading) == ("t", "")


CELLS = st.one_of(
    st.none(),
    st.integers(-(10**9), 10**9).map(lambda whole: whole + 0.25),
    st.integers(-(10**9), 10**9),
    st.sampled_from(["x", "y", "7", "007", "2.5", "NA"]),
)


@settings(max_examples=25)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=3, max_size=6))
def test_columns_are_those_of_a_csv_file(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("both")
    rows = [(1.5, *row) for row in rows]
    frame = pd.DataFrame(rows, columns=["n", "a", "b"], dtype=object)
    frame.to_csv(folder / "t.csv", index=False)
    made = openpyxl.Workbook()
    for row in (frame.columns, *rows):
        made.active.append(list(row))
    made.save(folder / "t.xlsx")
    csv, excel = (read_table(folder / f"t{suffix}") for suffix in (".csv", ".xlsx"))
    assert csv.names == excel.names
    for leveled in ((), ("a", "b")):
        for name in "ab":
            one, other = (read.read([name], leveled)[name] for read in (csv, excel))
            if leveled and len({isinstance(cell, str) for cell in frame[name]}) > 1:
                continue  # numbers beside text: CSV files keep how they are written
            pd.testing.assert_series_equal(one, other, check_dtype=False)


def test_the_table_may_begin_anywhere(book):
    indented = [[None, None, *row] for row in ROWS]
    rows = [["Patients of 2020"], [], [None, "by ward"], [], *indented[:2], [], *indented[2:], []]
    table = used(book(rows))
    assert list(table.frame) == ["a", "b", "c"]
    assert table.frame["a"].tolist() == [1, 2, 4]
    assert table.reading == (
        "4 rows above the names of the columns passed over ('Patients of 2020'), "
        "1 empty row left out"
    )
    rows[8][3] = None
    assert "column 'b' has 1 missing value, first in row 3 (row 9 in Excel)" in refused(
        book(rows), missing="error"
    )


def test_rows_may_have_names(book):
    named = [[None, *ROWS[0]], *([f"p{n}", *row] for n, row in enumerate(ROWS[1:]))]
    table = used(book(named))
    assert list(table.frame) == ["a", "b", "c"]
    assert "names of the rows" in table.reading


def test_a_header_row_may_be_named(book):
    rows = [["x", "y", "z"], [1, 2, 3], *ROWS]
    assert used(book(rows), dialect={"header_line": 3}).frame["a"].tolist() == [1, 2, 4]
    assert "row 9, which table.dialect.header_line names, is empty" in refused(
        book(rows), dialect={"header_line": 9}
    )
    assert "table.dialect.delimiter is of text files" in refused(
        book(rows), dialect={"delimiter": ";"}
    )


def test_the_only_sheet_with_content_is_the_table(book):
    def hide(made):
        made["Old"].sheet_state = "hidden"

    old = [["a", "b"], [1, 2], [3, 5]]
    path = book({"Notes": [], "Data": ROWS, "Old": old}, hide)
    assert used(path).reading == "sheet 'Data'"
    assert used(path, sheet="Old").frame["b"].tolist() == [2, 5]
    said = refused(path, sheet="data")
    assert "has no sheet 'data', table.sheet; did you mean Data?" in said
    assert "it has 'Notes', 'Data' and 'Old'" in said
    path = book({"One": ROWS, "Two": ROWS})
    assert "has several sheets: name one with table.sheet: 'One' and 'Two'" in refused(path)
    assert used(path, sheet="Two").frame["a"].tolist() == [1, 2, 4]
    only_hidden = book({"Notes": [], "Old": old}, hide)
    assert "has no sheet with content; hidden ones are read by their name" in refused(only_hidden)


def test_kinds_of_cells(book):
    day = datetime.datetime(2020, 1, 2)
    rows = [
        ["number", "text number", "truth", "share", "whole", "day"],
        [1.5, "2.5", True, 0.25, 3, day],
        [2, 3, False, 0.5, "4", day + datetime.timedelta(days=1)],
        [4, " 7", True, 0.75, "5", day],
    ]

    def per_cent(made):
        for number in (2, 3, 4):
            made["Data"].cell(number, 4).number_format = "0%"

    path = book(rows, per_cent)
    frame = used(path, columns=["number", "text number", "truth", "share", "whole"]).frame
    assert frame.to_dict("list") == {
        "number": [1.5, 2, 4],
        "text number": [2.5, 3, 7],
        "truth": [1, 0, 1],
        "share": [0.25, 0.5, 0.75],
        "whole": [3, 4, 5],
    }
    assert read_excel(path).read(["day"])["day"].dtype == np.dtype("datetime64[us]")
    table = used(path)
    assert {one.name: one.kind for one in table.readings}["day"] == "date"
    assert table.encoding.inverse(table.encoding.transform(table.frame))["day"].tolist() == [
        row[-1] for row in rows[1:]
    ]


def test_texts_spell_numbers_as_in_csv_files(book):
    path = book([["a", "b"], ["1,5", 1], ["2,25", 2.5], [3.5, 4]])
    table = used(path)
    assert table.frame["a"].tolist() == [1.5, 2.25, 3.5]
    assert table.reading == "decimal comma"
    doubtful = [["a", "b"], ["1,500", 1], ["2,250", 2], [7, 3]]
    assert "numbers that can be read in two ways: '1,500' in row 1 (row 2 in" in refused(
        book(doubtful)
    )
    assert used(book(doubtful), dialect={"thousands": ","}).frame["a"].tolist() == [1500, 2250, 7]
    shares = [["a", "b"], ["1 %", 1], ["2 %", 2], ["4 %", 3]]
    assert used(book(shares)).frame["a"].tolist() == [1, 2, 4]


def test_levels_are_named_as_in_the_cells(book):
    rows = [["zip", "kind", "n"], ["007", 1, 5], ["08", 2.5, 6], ["007", 1, 8]]
    steps = [{"dummies": {"columns": ["zip", "kind"]}}]
    table = used(book(rows), prepare=steps)
    assert table.encoding.input_names == ("zip=007", "zip=08", "kind=1", "kind=2.5", "n")


def test_errors_of_formulas_are_told_and_no_value_is_missing(book):
    rows = [["a", "b"], [1, "#N/A"], ["#DIV/0!", 2], [3, 3], [5, 4], [6, 9]]
    path = book(rows)
    said = refused(path, missing="drop")
    assert "column 'a' holds" in said
    assert "'#DIV/0!' in row 2 (row 3 in Excel)" in said
    assert used(path, columns=["b"], missing="drop").frame["b"].tolist() == [2, 3, 4, 9]
    steps = [{"dummies": {"columns": ["a"]}}]
    assert "column 'a' holds errors of formulas: #DIV/0! in row 2 (row 3 in Excel)" in refused(
        path, prepare=steps
    )


def test_formulas_count_by_their_values(book):
    path = book([["a", "b"], [1, "=A2*2"], [2, "=A3*2"], [3, "=A4*2"]])
    said = refused(path)
    assert "column 'b' holds formulas whose values the file does not have: row 1 (row 2" in said
    assert "open the file in Excel and save it" in said
    assert used(path, columns=["a"]).frame["a"].tolist() == [1, 2, 3]
    cache(path, {"A2*2": 2, "A3*2": 4, "A4*2": 6})
    assert used(path).frame["b"].tolist() == [2, 4, 6]


def test_merged_cells(book):
    def merge(made):
        made["Data"].merge_cells("A1:C1")  # a title
        made["Data"].merge_cells("B3:B4")

    path = book([["Title"], *ROWS], merge)
    assert used(path, columns=["a", "c"]).frame["c"].tolist() == [7, 3, 9]
    said = refused(path, missing="drop")
    assert (
        "column 'b' holds merged cells, of which the first alone has a value: row 2 (row 4" in said
    )
    assert "unmerge them" in said


@pytest.mark.parametrize("missing", ["error", "drop"])
def test_an_empty_row_of_a_single_column_is_a_missing_value(book, missing):
    path = book([["a"], [1], [], [3], [7]])
    if missing == "drop":
        assert used(path, missing=missing).frame["a"].tolist() == [1, 3, 7]
    else:
        assert "first in row 2 (row 3 in Excel)" in refused(path, missing=missing)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], "has no sheet with content"),
        ([["a", "b"]], "has a header but no rows in the sheet 'Data'"),
        ([["a", "a"], [1, 2], [2, 3]], "several columns are named 'a' (columns 1, 2)"),
        ([["a", None, "b"], [1, 2, 3], [4, 5, 7]], "column 2 has no name"),
    ],
)
def test_what_is_no_table_is_told(book, rows, text):
    assert text in refused(book(rows))


def test_files_that_cannot_be_read_are_told(book, tmp_path, monkeypatch):
    whole = Path(book(ROWS)).read_bytes()
    cases = {
        "protected.xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "has a password, or"),
        "cut.xlsx": (whole[: len(whole) // 2], "is no readable Excel file"),
        "empty.xlsx": (b"", "is no readable Excel file"),
        "text.xlsx": (b"a,b\n1,2\n", "is no readable Excel file"),
        "old.xls": (whole, "is of a kind that is not read: save it as .xlsx"),
    }
    for name, (content, text) in cases.items():
        (tmp_path / name).write_bytes(content)
        assert text in refused(tmp_path / name)
    assert "table.sheet is of Excel files, and this table is packaged" in refused(
        Path("wine"), sheet="Data"
    )
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,5\n")
    assert "table.sheet is of Excel files, and this is none" in refused(
        tmp_path / "t.csv", sheet="Data"
    )
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install 'sparse-lightning[excel]'" in refused(tmp_path / "t.xlsx")


def test_the_digest_is_of_the_file(book):
    path = book(ROWS)
    first = read_excel(path).digest
    assert read_excel(path).digest == first
    assert read_excel(book([*ROWS, [9, 9, 9]])).digest != first
