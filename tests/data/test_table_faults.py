"""What is said of a table that cannot be used: all at once, and what it really is."""

import numpy as np
import pytest
from strict_tables import strict, strict_of

from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.faults import Fault, Faults, FaultyTableError
from sparse_lightning.data.files import csv_files
from sparse_lightning.data.files.readers import read_table
from sparse_lightning.errors import TableError
from sparse_lightning.project import TableSettings


def load(folder, content, **table):
    (folder / "t.csv").write_text(content)
    return load_table(TableSettings(source="t.csv", **table), folder)


def said(folder, content, **table):
    with pytest.raises(TableError) as caught:
        load(folder, content, **table)
    return str(caught.value)


def columns(*cells, name="b"):
    """A table with a column of these cells beside one of numbers."""
    quoted = (f'"{cell}"' for cell in cells)
    rows = (f"{row * 1.5},{cell}" for row, cell in enumerate(quoted))
    return "\n".join([f"a,{name}", *rows, ""])


def test_13_columns_of_text_are_told_at_once(tmp_path):
    names = [f"t{place}" for place in range(13)]
    rows = [",".join([*("xyxyxyxyxyxyxy"[row % 2 :][:13]), str(row)]) for row in range(4)]
    content = "\n".join([",".join([*names, "n"]), *rows, ""])
    text = said(tmp_path, content, **strict(*names))
    assert all(f"column '{name}' holds text, not numbers: " in text for name in names)
    assert text.count("say that it holds names, table.columns: {COLUMN: text}") == 1
    table = load(tmp_path, content, columns="all")
    assert [one.kind for one in table.readings] == [*["text"] * 13, "number"]


def test_faults_of_every_kind_are_told_at_once(tmp_path):
    content = (
        "t,m,c,d,e,i,z\nx,1,7,2020-01-01,,inf,01\ny,,7,2020-01-02,,1,2\nx,3,7,2020-01-05,,2,3\n"
    )
    text = said(tmp_path, content, **strict_of(content))
    for expected in (
        "t.csv: column 't' holds text, not numbers: 'x' in row 1 (line 2) and 2 more",
        "column 'm' has 1 missing value, first in row 2 (line 3)",
        "the same value stands in every row of column 'c' (7)",
        "column 'd' holds text, not numbers: '2020-01-01' in row 1 (line 2) and 2 more",
        "no row holds a value of column 'e'",
        "column 'i' holds infinite values: inf in row 1 (line 2)",
        "column 'z' holds names made of digits, not numbers: '01' in row 1 (line 2)",
    ):
        assert expected in text


@pytest.mark.parametrize("end", ["text", "7"])
def test_wrong_steps_and_a_wrong_target_are_told_at_once(tmp_path, end):
    content = "a,b,c,y,z\n" + "".join(f"{row},x,{row % 3},k,{end}\n" for row in range(5))
    steps = [{"dummies": {"columns": ["b"]}}, {"binarize": {"c": 7}}]
    fields = strict("a", "z") if end == "text" else {"columns": "all"}
    text = said(tmp_path, content, prepare=steps, target="y", **fields)
    assert ("column 'z' holds text" in text) == (end == "text")
    assert "the target 'y' holds only 'k'" in text
    assert "table.prepare[0].dummies: the same value stands in every row of column 'b' (x)" in text
    assert "table.prepare[1].binarize: column 'c' never holds '7' (levels: 0, 1, 2)" in text


def test_every_column_with_missing_values_is_named(tmp_path):
    names = [f"c{place}" for place in range(12)]
    rows = [",".join([*map(str, range(row, row + 12)), str(row)]) for row in range(3)]
    content = "\n".join([",".join([*names, "n"]), *rows, "," * 12 + "9", ""])
    text = said(tmp_path, content, missing="error")
    assert "column 'c4' has 1 missing value, first in row 4 (line 5)" in text
    assert all(f"'{name}' (1)" in text for name in names[5:])


def test_faults_with_the_same_way_out_stand_together():
    faults = Faults()
    faults.add([Fault("one", "mend it"), Fault("two", "drop it"), Fault("three", "mend it")])
    faults.add([Fault("two", "drop it"), Fault("four")])
    with pytest.raises(FaultyTableError) as caught:
        faults.raise_all()
    assert str(caught.value).splitlines() == [
        *("one", "three", "  for each of these: mend it", "two; drop it", "four"),
    ]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            ["1,660", "2,100", "950", "12,5"],
            "numbers in other spellings: '1,660' in row 1 (line 2) and 2 more with a decimal "
            "comma; leave it out with table.leave_out, or write 1.66 with a point",
        ),
        (["12,5", "13,7"], "numbers in other spellings: '12,5' in row 1 (line 2) and 1 more with"),
        (["45%", "7.5"], "numbers in other spellings: '45%' in row 1 (line 2) with a sign for p"),
        (["<0.5", "1.2", "2"], "numbers in other spellings: '<0.5' in row 1 (line 2) that give a"),
        (["1", "2", "Total"], "text, not numbers: 'Total' in row 3 (line 4) in a row of totals; "),
        (["kg", "1", "2"], "text, not numbers: 'kg' in row 1 (line 2) in a row of units; leave "),
        (["$3", "4"], "numbers in other spellings: '$3' in row 1 (line 2) with a sign of money; "),
        (["$3", "€4"], "numbers in other spellings: '$3' in row 1 (line 2) and 1 more with a sign"),
        (["$3,000", "$4"], "numbers in other spellings: '$3,000' in row 1 (line 2) and 1 more wi"),
        (["12 kg", "9 kg", "13"], "numbers in other spellings: '12 kg' in row 1 (line 2) and 1 m"),
        (["(5)", "<3", "4"], "numbers in other spellings: '(5)' in row 1 (line 2) in parentheses"),
        (
            [".", ".", "-"],
            "no number: '.' in row 1 (line 2) and 2 more that stand for no value; leave it out",
        ),
        (["12:30", "12:45"], "text, not numbers: '12:30' in row 1 (line 2) and 1 more; leave it "),
    ],
)
def test_numbers_in_odd_spellings_are_called_so(tmp_path, cells, expected):
    text = said(tmp_path, columns(*cells), **strict("b"))
    assert text.startswith(f"t.csv: column 'b' holds {expected}")
    assert "it holds names" not in text


@pytest.mark.parametrize(
    ("cells", "values", "why"),
    [
        ([".", "1.5", "2", "."], [np.nan, 1.5, 2, np.nan], "'.' in 2 rows is no value"),
        (["$3", "$4"], [3, 4], "written with '$'"),
        (["12 kg", "13.5 kg"], [12, 13.5], "written with 'kg'"),
        (["45%", "7.5%", "n.a."], [45, 7.5, np.nan], "written with '%', 'n.a.' in 1 row is no"),
        (["(5)", "3", "4"], [-5, 3, 4], "negative ones in parentheses"),
    ],
)
@pytest.mark.parametrize("fields", [{}, {"columns": "all"}, {"columns": {"b": "number"}}])
def test_odd_spellings_of_one_kind_are_read_and_said(tmp_path, cells, values, why, fields):
    table = load(tmp_path, columns(*cells), **fields)
    np.testing.assert_array_equal(table.frame["b"], values)
    assert table.readings[1].kind == "number"
    assert why in table.readings[1].why
    assert table.readings[1].missing == np.isnan(values).sum()


def test_names_of_rows_are_no_dummies(tmp_path):
    content = columns(*(f"P{row:03d}" for row in range(60)))
    text = said(tmp_path, content, **strict("b"))
    assert "(60 different texts: names of rows, or free text)" in text
    assert "it holds names" not in text
    assert "it holds names" in said(tmp_path, columns(*"xyz" * 20), **strict("b"))
    table = load(tmp_path, content)
    assert table.encoding.input_names == ("a",)
    assert table.readings[1].why == "60 different texts, names of rows or free text"
    assert load(tmp_path, columns(*"xyz" * 20)).encoding.input_names == ("a", "b=x", "b=y", "b=z")


def test_a_continuous_target_is_called_so(tmp_path):
    for written in ("{:.2f}", "{:.1f}5"):
        cells = [written.format(row * 0.37) for row in range(81)]
        text = said(tmp_path, columns(*cells, name="y"), target="y")
        assert "in 81 rows, so it is continuous: use the task regressor" in text
    cells = [f"{row * 0.37:.2f}".replace(".", ",") for row in range(81)]
    assert "so it is continuous" in said(tmp_path, columns(*cells, name="y"), target="y")


@pytest.mark.parametrize("values", [range(10), range(20), [f"k{row}" for row in range(90)]])
def test_classes_may_be_many(tmp_path, values):
    cells = [value for value in values for _ in range(3)]
    assert load(tmp_path, columns(*cells, name="y"), target="y").target is not None


def test_whole_numbers_that_come_again_and_again_are_classes(tmp_path):
    target = load(tmp_path, columns(*list(range(26)) * 20, name="y"), target="y").target
    assert target is not None
    assert target.nunique() == 26


def test_an_empty_column_is_named_before_its_rows_are_dropped(tmp_path):
    content = "a,b,e\n1,2,\n3,5,\n4,4,\n"
    for missing in ("drop", "error", "impute"):
        text = said(tmp_path, content, missing=missing, columns="all")
        assert text.startswith(
            "t.csv: no row holds a value of column 'e'; leave it out with table.leave_out"
        )
        table = load(tmp_path, content, missing=missing)
        assert table.frame.to_dict("list") == {"a": [1, 3, 4], "b": [2, 5, 4]}
        assert table.readings[2].why == "no row has a value"
        assert table.readings[2].missing == 3


def test_the_column_that_makes_rows_go_is_blamed_first(tmp_path):
    rows = [
        f"{row},{5 if row % 25 < 7 else row},{row if row % 25 < 7 else ''}" for row in range(100)
    ]
    content = "\n".join(["a,b,c", *rows, ""])
    text = said(tmp_path, content, missing="drop", columns="all")
    assert text.startswith(
        "t.csv: table.missing drop left out 72 rows: column 'c' has no value in 72 of 100 rows"
    )
    assert "of the rows that are left: the same value stands in every row of column 'b' (5)" in text
    table = load(tmp_path, content, missing="drop")
    assert table.suspicions[0].startswith("table.missing drop left out 72 rows: column 'c' has no ")
    assert table.readings[1].why == "the same value in every row that is used"
    assert len(load(tmp_path, content).frame) == 100


def test_too_few_rows_are_left_because_of_columns(tmp_path):
    text = said(tmp_path, "a,b,c\n1,,1\n,2,2\n3,,3\n,4,4\n", missing="drop")
    assert "column 'a' has no value in 2 of 4 rows and 'b' has no value in 2 of 4 rows" in text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,5,2,5\n3,4,5,6\n", "fields 4, names 2; numbers with decimal commas need a point"),
        ("a,b\nr,1,2\nr,3,4\n", "fields 3, names 2; if its first field names the row, give that"),
        (
            "a,b\n1,2\n,\n,\n3,4\n",
            "; none of them has a value in row 2 (line 3) and 1 more; table.missing",
        ),
        ("a,,c,,a\n1,2,3,4,5\n", "columns 2 and 4 have no name: name them, or leave them out"),
        ("a,,c,,a\n1,2,3,4,5\n", "several columns are named 'a' (columns 1, 5): rename them"),
        ("a,,c\n1,2,3\n4,5,6\n", "column 2 has no name: name it, or leave it out of the file"),
    ],
)
def test_lines_that_are_no_rows_are_called_what_they_are(tmp_path, content, expected):
    assert expected in said(tmp_path, content, missing="error")


def test_one_named_column_of_two_is_no_title(tmp_path):
    assert "column 2 has no name" in said(tmp_path, "a,\n1,2\n3,4\n")
    assert load(tmp_path, "a\n1\n2\n").frame["a"].tolist() == [1, 2]


def test_a_file_that_changes_while_it_is_read_is_called_so(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    raw = read_table(path)
    path.write_text("a,b\n1,2\n3,4\n5,6\n")
    with pytest.raises(TableError, match=r"^was changed while it was read"):
        raw.read(raw.names)
    path.unlink()
    with pytest.raises(TableError, match=r"^was changed while it was read"):
        raw.read(raw.names)


def test_a_file_that_has_not_changed_is_not_called_so(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    raw = read_table(path)

    def fail(*_):
        raise ValueError("no reason")

    monkeypatch.setattr(csv_files, "numbers", fail)
    with pytest.raises(TableError, match=r"^cannot be read: no reason"):
        raw.read(raw.names)


def test_all_columns_that_are_not_there_are_told_at_once(tmp_path):
    text = said(tmp_path, "a,b\n1,2\n3,4\n", columns=["a", "x", "bb"])
    assert text == (
        "t.csv: there is no column 'x'\nthere is no column 'bb'; did you mean b? (columns: a, b)"
    )
    steps = [{"dummies": {"columns": ["c", "a"]}}, {"binarize": {"d": 1}}]
    text = said(tmp_path, "a,b\n1,2\n3,4\n", prepare=steps)
    assert "table.prepare[0].dummies: there is no column 'c' in use" in text
    assert "table.prepare[1].binarize: there is no column 'd' in use (in use: a, b)" in text
