"""Text tables in the dialects that people have them in: read, said, or asked about."""

import gzip
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from strict_tables import strict

from sparse_lightning.cli import main
from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.files import readers
from sparse_lightning.data.files.charsets import encoding_of
from sparse_lightning.data.files.csv_files import read_csv
from sparse_lightning.data.files.dialects import HEAD, dialect_of
from sparse_lightning.errors import ProjectError, TableError
from sparse_lightning.project import Project, TableSettings
from sparse_lightning.project.dialect import DialectSettings
from sparse_lightning.tracking.provenance import dataset_of
from sparse_lightning.workflows.unfinished import identity_of

PLAIN = pd.DataFrame({"a": [1.5, 3.0, -2.25], "b": [2.0, 4.0, 1234.5]})


def load(folder, content, name="t.csv", **table):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_table(TableSettings(source=name, **table), folder)


def said(folder, content, name="t.csv", **table):
    with pytest.raises(TableError) as caught:
        load(folder, content, name, **table)
    return str(caught.value)


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


GERMAN = "größe;b\n1,5;2\n3;4\n-2,25;1.234,5\n"
ENGLISH = 'a,b\n1.5,2\n3,4\n-2.25,"1,234.5"\n'


@pytest.mark.parametrize(
    ("content", "name", "reading"),
    [
        (ENGLISH, "t.csv", "commas for thousands"),
        (ENGLISH.replace("1,234.5", "1'234.5"), "t.csv", "apostrophes for thousands"),
        (ENGLISH.replace("1,234.5", "1 234.5"), "t.csv", "spaces for thousands"),
        (ENGLISH.replace("1,234.5", "1\u2009234.5"), "t.csv", "spaces for thousands"),
        (
            GERMAN.encode("latin-1"),
            "t.csv",
            "Windows-1252, semicolons between cells, decimal comma, points for thousands",
        ),
        (
            GERMAN.replace(";", "\t").replace("\n", "\r\n").encode("utf-16"),
            "t.txt",
            "UTF-16, decimal comma, points for thousands",
        ),
        (
            GERMAN.encode("utf-16-be"),
            "t.csv",
            "UTF-16, semicolons between cells, decimal comma, points for thousands",
        ),
        (
            f"sep=;\r\n{GERMAN}",
            "t.csv",
            "semicolons between cells, decimal comma, points for thousands, the note to Excel "
            "(sep=) passed over",
        ),
        ("a,b\n1.5,2\n3,4\n-2.25,1234.5\n".replace(",", "|"), "t.csv", "bars between cells"),
        ("a,b\n1.5,2\n3,4\n-2.25,1234.5\n".replace(",", "\t"), "t.txt", ""),
        ("'a','b'\n'1.5','2'\n3,4\n-2.25,1234.5\n", "t.csv", "' around cells"),
        ("a,b\n1.5%,2\n3 %,4\n-2.25%,1234.5\n", "t.csv", "numbers in per cent in column 'a'"),
        (
            "Quarter 3\n\na;b\n1,5;2\n3;4\n-2,25;1234,5\n",
            "t.csv",
            "semicolons between cells, decimal comma, 2 lines above the names of the columns "
            "passed over ('Quarter 3')",
        ),
        (
            "Results,\n,\na,b\n1.5,2\n3,4\n-2.25,1234.5\n",
            "t.csv",
            "2 lines above the names of the columns passed over ('Results')",
        ),
        (
            "Results, all of them\na,b,c\n1.5,2,7\n3,4,8\n-2.25,1234.5,9\n",
            "t.csv",
            "1 line above the names of the columns passed over ('Results, all of them')",
        ),
        (
            "a,b,,\n1.5,2,,\n3,4,,\n-2.25,1234.5,,\n",
            "t.csv",
            "2 empty columns at the end left out",
        ),
        ("a,b\n1.5,2,\n3,4,\n-2.25,1234.5,\n", "t.csv", "1 empty column at the end left out"),
        ("a,b\n1.5,2\n3,4\n-2.25,1234.5\n,\n,\n", "t.csv", "2 empty lines at the end left out"),
        (
            '"a","b"\n"x",1.5,2\n"y",3,4\n"z",-2.25,1234.5\n',
            "t.csv",
            "the first column, which has no name, left out as the names of the rows",
        ),
        (
            '"","a","b"\n"1",1.5,2\n"2",3,4\n"3",-2.25,1234.5\n',
            "t.csv",
            "the first column, which has no name, left out as the names of the rows",
        ),
        (
            ",a,b\n0,1.5,2\n1,3,4\n2,-2.25,1234.5\n,,\n,,\n",
            "t.csv",
            "the first column, which has no name, left out as the names of the rows, 2 empty "
            "lines at the end left out",
        ),
        (
            '"a";"b"\n"1";1,5;2\n"2";3;4\n"3";-2,25;1234,5\n',
            "t.csv",
            "semicolons between cells, decimal comma, the first column, which has no name, left "
            "out as the names of the rows",
        ),
    ],
)
def test_a_dialect_is_read_and_said(tmp_path, content, name, reading):
    table = load(tmp_path, content, name)
    assert table.reading == reading
    expected = PLAIN.set_axis([*table.frame.columns[:2]], axis=1)
    pd.testing.assert_frame_equal(table.frame.iloc[:, :2], expected, check_exact=True)
    assert table.frame.columns[0] in ("a", "größe")


def test_japanese_text_is_read(tmp_path):
    content = "身長,体重,性別\n1.5,2.5,男性\n3,4.25,女性\n5,6,男性\n"
    table = load(tmp_path, content.encode("cp932"), prepare=[{"dummies": {"columns": ["性別"]}}])
    assert table.reading == "Shift-JIS"
    assert table.encoding.input_names == ("身長", "体重", "性別=女性", "性別=男性")
    assert table.frame["身長"].tolist() == [1.5, 3, 5]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe;Zähler;Ø;naïve;Málaga", "cp1252"),
        ("Temp °C,m²,µg/m³,± 5,don’t,“a b”,10–20", "cp1252"),
        ("température à l’été,coût (€),½ %", "cp1252"),
        ("年齢,身長(cm),体重,BMI,p値,A型", "cp932"),
        ("ｶﾀｶﾅ,カタカナ,ひらがな、。", "cp932"),
        ("名前,値", "cp932"),
    ],
)
def test_an_encoding_is_known_by_what_it_says(text, encoding):
    assert encoding_of(text.encode(encoding), whole=True) == encoding
    assert encoding_of(text.encode(), whole=True) == "utf-8"
    # What is cut in the middle of a letter.
    assert encoding_of(text.encode()[:-1], whole=False) == "utf-8"


def test_an_encoding_that_can_be_two_is_asked_for(tmp_path):
    content = "a,b,k\n1,2,ÄÖ\n3,4,ÜÄ\n5,7,ÄÖ\n".encode("cp1252")
    prepare = [{"dummies": {"columns": ["k"]}}]
    text = said(tmp_path, content, prepare=prepare)
    assert text == (
        "t.csv: line 2 can be read as '1,2,ÄÖ' in Windows-1252, or '1,2,ﾄﾖ' in Shift-JIS: say "
        "which in the project file, table.dialect: {encoding: cp1252} or table.dialect: "
        "{encoding: cp932}"
    )
    for encoding, level in (("cp1252", "ÄÖ"), ("cp932", "ﾄﾖ")):
        table = load(tmp_path, content, prepare=prepare, dialect={"encoding": encoding})
        assert f"k={level}" in table.encoding.input_names


def test_an_encoding_that_is_not_known_is_asked_for(tmp_path):
    content = "Возраст,Рост\n1,2\n3,4\n".encode("cp1251")
    assert "line 1: byte 0xc2 is not UTF-8 and makes no usual text in" in said(tmp_path, content)
    table = load(tmp_path, content, dialect={"encoding": "cp1251"})
    assert table.frame.columns.tolist() == ["Возраст", "Рост"]
    assert table.reading == "cp1251"
    wrong = said(tmp_path, content, dialect={"encoding": "utf-8"})
    assert wrong.startswith("t.csv: line 1: byte 0xc2 is not UTF-8")
    late = b"a,b\n" + b"1,2\n" * HEAD + b"\xff,2\n"
    assert f"line {HEAD + 2}: byte 0xff is not UTF-8" in said(tmp_path, late)
    # UTF-8 with one byte that is none is not garbled.
    assert "line 3: byte 0xfc is not UTF-8" in said(tmp_path, "a,ü\n1,2\n".encode() + b"\xfc,3\n")


def test_an_encoding_may_be_seen_far_below(tmp_path):
    content = "a,b,k\n" + "1,2,x\n" * (HEAD // 4) + "3,4,größer\n5,6,größer\n"
    settings = {"prepare": [{"dummies": {"columns": ["k"]}}]}
    table = load(tmp_path, content.encode("cp1252"), **settings)
    assert table.reading == "Windows-1252"
    assert table.encoding.input_names[-2:] == ("k=größer", "k=x")


def test_names_of_rows_that_r_writes_between_spaces(tmp_path):
    content = '"a b" "k"\n"1" 1.5 2\n"2" 3 4\n"3" -2.25 1234.5\n'
    table = load(tmp_path, content, "t.txt")
    assert table.frame.to_dict("list") == {"a b": [1.5, 3, -2.25], "k": [2, 4, 1234.5]}
    assert table.reading.startswith("spaces between cells, the first column, which has no name")
    words = "my name\nb c\nd e\n"
    assert "holds text, not numbers: 'b c'" in said(tmp_path, words, **strict("my name"))
    assert load(tmp_path, words).frame.to_dict("list") == {"my name": ["b c", "d e"]}


AMBIGUOUS = 'a,b\n1,"1,660"\n2,"2,100"\n3,950\n'


def test_a_comma_that_can_be_two_things_is_asked_for(tmp_path):
    assert said(tmp_path, AMBIGUOUS) == (
        "t.csv: column 'b' holds numbers that can be read in two ways: '1,660' in row 1 (line 2) "
        "and 1 more: 1660 with a comma for thousands, or 1.660 with a decimal comma; say which in "
        'the project file, table.dialect: {thousands: ","} or {decimal: ","}'
    )
    thousands = load(tmp_path, AMBIGUOUS, dialect={"thousands": ","}).frame["b"]
    assert thousands.tolist() == [1660, 2100, 950]
    decimal = load(tmp_path, AMBIGUOUS, dialect={"decimal": ","}).frame["b"]
    assert decimal.tolist() == [1.66, 2.1, 950]
    # Who does not use the column is not asked.
    assert load(
        tmp_path,
        AMBIGUOUS.replace("a,b", "a,b,c")
        .replace("\n3,950", ",5\n3,950,4")
        .replace('0"\n', '0",7\n'),
        columns=["a", "c"],
    ).frame.shape == (3, 2)


def test_a_point_between_semicolons_can_be_two_things_too(tmp_path):
    content = "a;b\n1;1.660\n2;2.100\n3;950\n"
    assert 'table.dialect: {thousands: "."} or {decimal: "."}' in said(tmp_path, content)
    assert load(tmp_path, content, dialect={"thousands": "."}).frame["b"].tolist()[0] == 1660
    assert load(tmp_path, content, dialect={"decimal": "."}).frame["b"].tolist()[0] == 1.66
    # Elsewhere it is what it always was, and so it is beside other fractions.
    assert load(tmp_path, content.replace(";", ",")).frame["b"].tolist()[0] == 1.66
    assert load(tmp_path, content.replace("950", "0.950")).frame["b"].tolist()[0] == 1.66


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a;b\n1,5;2\n3.5;4\n7,25;8\n", "'1,5' in row 1 (line 2) and 1 more with a decimal com"),
        ("a;b\n1,5;2\n<0,5;4\n7,25;8\n", "in other spellings: '<0,5' in row 2 (line 3) that gi"),
        ("a,b\n45%,2\n7,4\n8%,9\n", "'45%' in row 1 (line 2) and 1 more with a sign for per c"),
        ('a,b\n0.5,"1,660"\n2.5,"12,5"\n3,"1,5"\n', "'1,660' in row 1 (line 2) and 2 more with"),
        ('a,b\n"1,234",1.234\n"2,345",2\n3,4\n', "'1,234' in row 1 (line 2) and 1 more: 1234"),
        ('a,b\n"12,5",1.234\n"2,5",2\n3,4\n', "'1.234' in row 1 (line 2): 1234 with a point"),
    ],
)
def test_mixed_spellings_are_told_and_not_repaired(tmp_path, content, expected):
    assert expected in said(tmp_path, content)
    assert expected in said(tmp_path, content, **strict("a", "b"))


def test_a_mark_for_no_value_in_a_dialect_is_one(tmp_path):
    content = "\nA title\na;b\n1,5;2\n.;4\n7,25;8\n"
    for fields in ({}, {"columns": {"a": "number"}}):
        table = load(tmp_path, content, **fields)
        np.testing.assert_array_equal(table.frame["a"], [1.5, np.nan, 7.25])
        assert "'.' in 1 row is no value" in table.readings[0].why
    assert "column 'a' has 1 missing value, first in row 2 (line 5); " in said(
        tmp_path, content, missing="error"
    )


def test_what_differs_below_the_beginning_is_told_with_its_line(tmp_path):
    rows = HEAD // 5 + 1
    text = said(tmp_path, "a;b\n" + "1,5;2\n" * rows + "3.25;7\n")
    assert f"in two spellings: '3.25' in row {rows + 1} (line {rows + 2}) with a decimal p" in text
    text = said(tmp_path, "a,b\n" + "1%,2\n" * rows + "3,7\n")
    assert f"'3' in row {rows + 1} (line {rows + 2}) with no sign for per cent" in text
    text = said(tmp_path, "a,b,\n" + "1,2,\n" * rows + "3,7,x\n")
    assert f"row {rows + 1} (line {rows + 2}) holds 'x' in column 3, which has no name" in text
    text = said(tmp_path, "a;b\n" + "1,5;2\n" * rows + "007;7\n")
    assert f"column 'a' holds names made of digits, not numbers: '007' in row {rows + 1}" in text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a;b\n1,5;2\n3;4;5\n", "row 2 (line 3) does not fit the header: fields 3, names 2"),
        ("sep=;\na;b\n1,5;2\n3\n", "row 2 (line 4) does not fit the header: fields 1, names 2"),
        ("a,b\n1,5\n2,7,1\n", "row 2 (line 3) does not fit the header: fields 3, names 2"),
        ("a\n1,5\n2,5\n", "row 1 (line 2) does not fit the header: fields 2, names 1"),
        ("a,b\n1,2,3\n4,5,6\n", "row 1 (line 2) does not fit the header: fields 3, names 2"),
        ("Title\n1,2\n3,4\n", "does not fit the header"),
        ("a,b\nc,d,e\nf,g,h\nf,1,1\n", "if it holds the names, give its line as table.dialect"),
        (b"a,b\n1,\xff\n3,4\n", "line 2: byte 0xff is not UTF-8"),
        ("a;b\n1\0;2\n".encode("utf-16"), "line 2: holds a NUL character, so it is no text"),
    ],
)
def test_faults_are_told_with_the_line_of_the_users_file(tmp_path, content, expected):
    assert expected in said(tmp_path, content)


def test_text_below_a_title_is_told_with_the_line_of_the_users_file(tmp_path):
    expected = "column 'b' holds text, not numbers: 'x' in row 2 (line 4)"
    assert expected in said(tmp_path, "Title\na,b\n1,2\n3,x\n", **strict("a", "b"))


def test_what_the_project_says_goes_before_what_the_file_seems_to_be(tmp_path):
    content = "x;1\ny;2\na;b\n5;'1,5'\n6;2\n"
    dialect = {"delimiter": ";", "header_line": 3, "quote": "'", "decimal": ","}
    table = load(tmp_path, content, dialect=dialect)
    assert table.frame.to_dict("list") == {"a": [5, 6], "b": [1.5, 2]}
    text = said(tmp_path, "a;b\n1;2\n3;4\n", dialect={"delimiter": ","})
    assert "has one column 'a;b': separate by ',', not ';'" in text
    text = said(tmp_path, "a,b\n1,2\n3,y\n", dialect={"header_line": 2})
    assert "has no header: the first line holds numbers only (1, 2)" in text
    for line, content in ((2, "a,b\n\n1,2\n3,4\n"), (9, "a,b\n1,2\n3,4\n")):
        text = said(tmp_path, content, dialect={"header_line": line})
        assert f"line {line}, which table.dialect.header_line names, is empty or not" in text
    text = said(tmp_path, "a,b\n1,2\n3,4\n", dialect={"encoding": "utf-16"})
    assert "does not begin with the mark of UTF-16" in text
    unmarked = "é,b\n1,2\n3,4\n".encode("utf-16-be")
    assert load(tmp_path, unmarked, dialect={"encoding": "utf-16-be"}).frame.shape == (2, 2)
    assert "table.dialect is of text files" in said(tmp_path, b"x", "t.parquet", dialect=dialect)
    with pytest.raises(TableError, match=r"wine: table\.dialect is of text files"):
        load_table(TableSettings(source="wine", dialect=dialect), tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("delimiter", ";;", "table.dialect.delimiter must be one sign"),
        ("encoding", "utf-9", "table.dialect.encoding must be an encoding, such as utf-8"),
        ("encoding", "base64", "table.dialect.encoding must be an encoding"),
        ("decimal", ";", "table.dialect.decimal must be one of"),
        ("header_line", 0, "table.dialect.header_line must be at least 1"),
    ],
)
def test_a_wrong_dialect_of_a_project_is_refused(field, value, expected):
    fields = {"table": {"source": "t.csv", "dialect": {field: value}}, "network": {"units": [2]}}
    with pytest.raises(ProjectError, match=expected.replace(".", r"\.")):
        Project.parse(json.dumps(fields))


def test_projects_without_a_dialect_are_what_they_were():
    fields = {"table": {"source": "wine"}, "network": {"units": [2]}}
    assert "dialect" not in Project(**fields).model_dump(mode="json")["table"]
    fields["table"]["dialect"] = {"decimal": ","}
    said_so = Project(**fields)
    assert Project.parse(said_so.dump_yaml()) == said_so


@pytest.mark.parametrize("name", ["t.zip", "t.csv.zip"])
def test_the_one_table_in_a_zip_file_is_read(tmp_path, name):
    content = zipped({"folder/x.csv": GERMAN.encode(), "__MACOSX/folder/._x.csv": b"?"})
    table = load(tmp_path, content, name)
    assert table.frame["b"].tolist() == [2, 4, 1234.5]
    assert table.name == "t"
    (tmp_path / "x.csv").write_bytes(GERMAN.encode())
    assert table.digest == readers.read_table(tmp_path / "x.csv").digest
    packed = load(tmp_path, gzip.compress(GERMAN.encode()), "t.txt.gz")
    assert packed.frame["b"].tolist() == [2, 4, 1234.5]


def test_a_zip_file_of_something_else_is_explained(tmp_path):
    several = zipped({"a.csv": b"a,b\n", "b.tsv": b"a\n"})
    assert "must hold one table (.csv, .tsv, .txt), and holds 'a.csv' and 'b.tsv'" in said(
        tmp_path, several, "t.zip"
    )
    assert "holds 'readme.md': unpack it" in said(tmp_path, zipped({"readme.md": b""}), "t.zip")
    assert "holds nothing" in said(tmp_path, zipped({}), "t.zip")
    assert "t.zip: is no readable zip file" in said(tmp_path, b"junk", "t.zip")
    spoiled = bytearray(zipped({"a.csv": b"a,b\n" + b"1,2\n3,4\n" * 99}))
    spoiled[40:44] = b"\xff" * 4
    assert "t.zip: is no readable zip file" in said(tmp_path, bytes(spoiled), "t.zip")


def test_a_feather_file_is_read(tmp_path):
    frame = pd.DataFrame(
        {"a": [1, 2, 3], "k": pd.Categorical(["x", "x", "y"]), "b": [0.5, None, 2]}
    )
    frame.to_feather(tmp_path / "t.feather")
    settings = TableSettings(source="t.feather", missing="drop", prepare=[{"binarize": {"k": "x"}}])
    table = load_table(settings, tmp_path)
    assert table.frame["a"].tolist() == [1, 3]
    assert table.frame["b"].tolist() == [0.5, 2]
    assert (table.name, table.reading) == ("t", "")
    assert "t.feather: is no readable Feather file" in said(tmp_path, b"junk", "t.feather")
    assert "t.feather: is empty" in said(tmp_path, b"", "t.feather")


def test_plain_files_have_no_dialect():
    assert dialect_of(b"a,b\n1,2\n3,4\n", ",").words(["a", "b"]) == ""
    assert read_csv(b"a,b\n1.234,2\n3,4\n").reading == ""
    assert read_csv(b"fixed acidity,b\n'x',2\n3,4\n").reading == ""
    # Text that is full of other signs is text.
    raw = read_csv(b'a,k\n1,"x;y, 5% of 1,234"\n2,"z|w;12,5"\n')
    assert raw.reading == ""
    assert raw.read(["k"], {"k"})["k"].tolist() == ["x;y, 5% of 1,234", "z|w;12,5"]


def test_levels_are_what_the_file_calls_them():
    raw = read_csv(b"k;b\n1,5;2,5\n3,0;3,5\n")
    frame = raw.read(["k", "b"], {"k"})
    assert frame["k"].tolist() == ["1,5", "3,0"]
    assert frame["b"].tolist() == [2.5, 3.5]


def test_what_was_taken_for_the_dialect_is_said_and_tracked(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n1,5;2\n3;4\n")
    project = {"table": {"source": "t.csv"}, "network": {"units": [2]}}
    (tmp_path / "p.yaml").write_text(json.dumps(project))
    with pytest.warns(match="2 rows are too few"):
        result = CliRunner().invoke(main, ["check", str(tmp_path / "p.yaml")])
    assert result.exit_code == 0
    assert "read as: semicolons between cells, decimal comma\n" in result.output
    table = load_table(TableSettings(source="t.csv"), tmp_path)
    profile = json.loads(dataset_of(table).dataset.profile)
    assert profile["read_as"] == "semicolons between cells, decimal comma"
    assert identity_of(Project(**project), table)["the table's SHA-256"] == table.digest


VALUES = st.floats(-1e9, 1e9).map(lambda value: round(value, 3)) | st.integers(-(10**6), 10**6)
NAMES = ["größe", "naïve", "Länge (mm)", "x", "Temp °C"]


def spelled(value, decimal, thousands):
    text = f"{value:,}" if thousands else str(value)
    return text.translate(str.maketrans({",": thousands, ".": decimal}))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(VALUES, min_size=3, max_size=3), min_size=2, max_size=8),
    st.permutations(NAMES),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([(".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", "'")]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_a_frame_written_in_a_dialect_is_read_back(
    rows, names, delimiter, signs, encoding, end, quoted, named
):
    decimal, thousands = signs
    # Of one cell it is sure which sign is which.
    rows = [[1234.56, 12.5, 0.25], *rows]
    lines = [names[:3]] + [[spelled(one, decimal, thousands) for one in row] for row in rows]
    if named:
        lines = [["", *lines[0]], *([str(n), *row] for n, row in enumerate(lines[1:], 1))]
    quote = '"' if quoted or delimiter in (decimal, thousands) else ""
    text = "".join(delimiter.join(f"{quote}{one}{quote}" for one in row) + end for row in lines)
    raw = read_csv(text.encode(encoding))
    expected = pd.DataFrame(rows, columns=names[:3], dtype=np.float64)
    pd.testing.assert_frame_equal(raw.read(raw.names), expected, check_exact=True)
    assert raw.place(1) == "row 2 (line 3)"


SIGNS = st.text("ab1230,.;|\t \"'%\n-", max_size=80)


@settings(max_examples=150, deadline=None)
@given(SIGNS, st.sampled_from([",", "\t"]))
def test_any_text_has_a_dialect(text, delimiter):
    for whole in (True, False):
        dialect = dialect_of(text.encode(), delimiter, whole=whole)
        assert dialect.above <= text.count("\n") + 1
    given = DialectSettings(delimiter=";", decimal=",", thousands=".", header_line=2)
    try:
        assert dialect_of(text.encode(), delimiter, given).above == 1
    except TableError as error:
        assert "line 2, which table.dialect.header_line names, is empty" in str(error)  # noqa: PT017
