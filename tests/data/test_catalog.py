"""Tables: the packaged ones, users' files, and a message for everything that is wrong with one."""

import gzip
import hashlib
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strict_tables import strict, strict_of

from sparse_lightning.data import catalog
from sparse_lightning.data.files import csv_files
from sparse_lightning.data.files.csv_files import read_csv
from sparse_lightning.errors import TableError
from sparse_lightning.project import TableSettings

ROOT = Path(__file__).parents[2]


def load(folder, content, name="t.csv", **table):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return catalog.load_table(TableSettings(source=name, **table), folder)


def packaged(name, **table):
    return catalog.load_table(TableSettings(source=name, **table), Path("/nowhere"))


def test_wine_is_the_published_table():
    table = packaged("wine")
    assert table.frame.shape == (1599, 12)
    assert (table.frame.dtypes == np.float64).all()
    assert table.frame["quality"].value_counts().to_dict() == {
        5: 681,
        6: 638,
        7: 199,
        4: 53,
        8: 18,
        3: 10,
    }
    assert table.frame["alcohol"].mean() == pytest.approx(10.42298, abs=1e-5)
    assert table.target is None
    assert table.source == "https://doi.org/10.24432/C56S3T"


def test_ctg_has_features_and_targets():
    table = packaged("ctg")
    assert table.frame.shape == (2126, 21)
    assert "NSP" not in table.frame
    assert table.frame["AC"][1] == 0.006379585326953748
    assert packaged("ctg", columns=["NSP", "LB"]).frame.columns.to_list() == ["NSP", "LB"]


@pytest.mark.parametrize("name", catalog.names())
def test_a_packaged_table_is_as_described(name):
    entry = catalog.describe(name)
    table = catalog.load_table(entry.settings, Path("/nowhere"))
    compressed = (ROOT / "sparse_lightning/data/tables" / entry.file).read_bytes()
    assert compressed[4:8] == bytes(4)  # gzip's time: the file is the same whenever it is made
    assert hashlib.sha256(gzip.decompress(compressed)).hexdigest() == entry.digest == table.digest
    assert len(table.frame) == entry.rows_used == entry.rows - table.rows_dropped
    assert len(table.encoding.input_names) == entry.inputs
    assert entry.name == name == table.name
    assert table.frame.columns.to_list() == list(entry.columns)
    assert entry.source in entry.citation
    sources = (ROOT / "sparse_lightning/data/tables/SOURCES.md").read_text()
    assert entry.digest in sources
    assert entry.file in sources


def test_a_changed_packaged_table_is_refused(monkeypatch):
    monkeypatch.setitem(
        catalog.PACKAGED, "wine", replace(catalog.describe("wine"), digest="0" * 64)
    )
    with pytest.raises(TableError, match=r"^wine: wine\.csv\.gz was changed \(SHA-256 d22f4"):
        packaged("wine")


def test_an_unknown_packaged_table_is_refused():
    with pytest.raises(TableError, match=r"'wein' is no packaged table; did you mean wine\?"):
        catalog.describe("wein")


PLAIN = "a,b\n1,2.5\n3,4\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", PLAIN.encode()),
        ("T.CSV", PLAIN.encode()),
        ("t.csv", b"\xef\xbb\xbf" + PLAIN.encode()),
        ("t.csv", PLAIN.replace("\n", "\r\n").encode()),
        ("t.csv", b'\n"a",b\n\n"1",2.5\n3,4'),
        ("t.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)),
        ("t.tsv", PLAIN.replace(",", "\t").encode()),
    ],
)
def test_a_users_file(tmp_path, name, content):
    table = load(tmp_path, content, name)
    assert table.frame.to_dict("list") == {"a": [1, 3], "b": [2.5, 4]}
    assert (table.frame.dtypes == np.float64).all()
    assert table.name.lower() == "t"
    assert table.source == str(tmp_path / name)
    assert table.rows_dropped == 0


def test_the_digest_is_that_of_the_file(tmp_path):
    digest = hashlib.sha256(PLAIN.encode()).hexdigest()
    assert load(tmp_path, PLAIN).digest == digest
    assert load(tmp_path, gzip.compress(PLAIN.encode(), mtime=0), "t.csv.gz").digest == digest


def test_columns_are_taken_in_the_order_asked_for(tmp_path):
    table = load(tmp_path, "a,b,c\n1,x,3\n4,y,6\n", columns=["c", "a"])
    assert table.frame.to_dict("list") == {"c": [3, 6], "a": [1, 4]}


def test_booleans_are_0_and_1(tmp_path):
    table = load(tmp_path, "a,b\nTrue,1\nFalse,2\n,3\n", missing="drop")
    assert table.frame["a"].to_list() == [1, 0]


@pytest.mark.parametrize("token", ["", "?", "NA", "nan", "null"])
def test_rows_with_a_missing_value_are_dropped_on_request_and_counted(tmp_path, token):
    text = f"a,b,c\n1,2,\n{token},4,5\n6,7,8\n9,1,2\n"
    table = load(tmp_path, text, columns=["a", "b"], missing="drop")
    assert table.frame.to_dict("list") == {"a": [1, 6, 9], "b": [2, 7, 1]}
    assert table.rows_dropped == 1


def test_numbers_are_read_to_the_last_digit(tmp_path):
    values = np.random.default_rng(0).standard_normal(2000) * 10.0 ** np.arange(-100, 100).repeat(
        10
    )
    text = "a\n" + "\n".join(map(repr, values.tolist()))
    np.testing.assert_array_equal(load(tmp_path, text, scale="minmax").frame["a"], values)


def test_a_parquet_file(tmp_path):
    columns = {
        "a": [1, 2, 3, 4],
        "b": pd.array([1, None, 3, 4], dtype="Int64"),
        "c": [True, False] * 2,
    }
    pd.DataFrame(columns, index=[5, 6, 7, 8]).to_parquet(tmp_path / "t.parquet")
    table = catalog.load_table(TableSettings(source="t.parquet", missing="drop"), tmp_path)
    assert table.frame.to_dict("list") == {"a": [1, 3, 4], "b": [1, 3, 4], "c": [1, 1, 0]}
    assert table.rows_dropped == 1


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["w", "x"], "column 'b' holds text, not numbers: 'w' in row 1 and 1 more"),
        (pd.to_datetime(["2020-01-01", "2021-01-01"]), "column 'b' holds datetime64"),
        (pd.Categorical(["x", "y"]), "column 'b' holds category, not numbers"),
        ([1.0, np.inf], "column 'b' holds infinite values: inf in row 2"),
        ([1.0, None], "column 'b' has 1 missing value, first in row 2; table.missing impute"),
    ],
)
def test_a_parquet_file_that_holds_no_numbers(tmp_path, column, expected):
    pd.DataFrame({"a": [1, 2], "b": column}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(TableError) as caught:
        catalog.load_table(TableSettings(source="t.parquet", **strict("a", "b")), tmp_path)
    assert str(caught.value).startswith("t.parquet: ")
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("column", "values", "inputs"),
    [
        (["1", "2"], [1.0, 2.0], ("a", "b")),
        (
            pd.to_datetime(["2020-01-01", "2021-01-01"]),
            [pd.Timestamp("2020-01-01"), pd.Timestamp("2021-01-01")],
            ("a", "b", "b weekday=Wed", "b weekday=Fri"),
        ),
        (pd.Categorical(["x", "y"]), ["x", "y"], ("a", "b=y")),
    ],
)
def test_a_parquet_file_of_other_columns_is_used(tmp_path, column, values, inputs):
    pd.DataFrame({"a": [1, 2], "b": column}).to_parquet(tmp_path / "t.parquet")
    table = catalog.load_table(TableSettings(source="t.parquet"), tmp_path)
    assert table.frame["b"].to_list() == values
    assert table.encoding.input_names == inputs


def test_infinite_numbers_of_a_parquet_file_are_refused(tmp_path):
    pd.DataFrame({"a": [1, 2], "b": [1.0, np.inf]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"^t\.parquet: column 'b' holds infinite values: inf in"):
        catalog.load_table(TableSettings(source="t.parquet"), tmp_path)


@pytest.mark.parametrize("damage", [b"\xff", b"\x01", b"?"])
def test_a_parquet_file_whose_index_cannot_be_told(tmp_path, damage):
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=[5, 6])
    content = io.BytesIO()
    frame.to_parquet(content)
    spoiled = content.getvalue().replace(b'"index_columns"', damage + b'index_columns"')
    (tmp_path / "t.parquet").write_bytes(spoiled)
    with pytest.raises(TableError, match=r"^t\.parquet: is no readable Parquet file"):
        catalog.load_table(TableSettings(source="t.parquet"), tmp_path)


WRONG = [
    ("", "is empty"),
    (" \n\n", "is empty"),
    ("a,b\n", "has a header but no rows"),
    ("a,b\n1,2\n", "must have at least 2 rows, got 1"),
    ("1,2\n3,4\n", "has no header: the first line holds numbers only (1, 2)"),
    ("a,b,a\n1,2,3\n4,5,6\n", "several columns are named 'a' (columns 1, 3): rename them"),
    (",a\n5,1\n5,2\n", "column 1 has no name: name it, or leave it out"),
    (
        "a,b\n1,2\n3,x\ny,z\n",
        "column 'a' holds text, not numbers: 'y' in row 3 (line 4); leave it out",
    ),
    (
        "a,b\n1,2\n3,inf\n4,-inf\n",
        "column 'b' holds infinite values: inf in row 2 (line 3) and 1 more",
    ),
    ("a,b\n1,2\n3,4,5\n", "row 2 (line 3) does not fit the header: fields 3, names 2"),
    ("a,b\n1,2,3\n4,5,6\n", "row 1 (line 2) does not fit the header: fields 3, names 2"),
    ("a,b\n1,2\n3\n", "row 2 (line 3) does not fit the header: fields 1, names 2"),
    (b"a,b\n1,\xff\n", "line 2: byte 0xff is not UTF-8"),
    (b"a,b\n1,\x00\n", "line 2: holds a NUL character"),
    ('a,b\n1,2\n3,"4\n', "cannot be read as CSV"),
    ('a,b\nx"y,2\n3,"4\n', "cannot be read as CSV: a quote is opened and never closed"),
    ('a\n1\n2\n"', "cannot be read as CSV: a quote is opened and never closed"),
    ("a,b\n-1e308,1\n1e308,2\n", "column 'a' reaches from -1e+308 to 1e+308: cannot be scaled"),
]


@pytest.mark.parametrize(("content", "expected"), WRONG)
def test_a_csv_file_that_cannot_be_used(tmp_path, content, expected):
    with pytest.raises(TableError) as caught:
        load(tmp_path, content)
    assert str(caught.value).startswith("t.csv: ")
    assert expected in str(caught.value)


NO_NUMBERS = [
    (
        "a,b\n1,2\n3,x\ny,z\n",
        "column 'a' holds text, not numbers: 'y' in row 3 (line 4); leave it out",
    ),
    (
        "a,b\n1,2\n\n3,x\n4,z\n",
        "column 'b' holds text, not numbers: 'x' in row 2 (line 4) and 1 more",
    ),
    ('a,b\n"1\n",2\n3,x\n', "column 'b' holds text, not numbers: 'x' in row 2 (line 4)"),
    ("a,b\n1,2020-01-01\n3,2021-01-01\n", "column 'b' holds text, not numbers: '2020-01-01'"),
    (
        "a,b\n1,2\n,?\n4,\n",
        "column 'a' has 1 missing value, first in row 2 (line 3); column 'b' has 2 m",
    ),
    ("a,b\n1,\n3,4\n", "; table.missing impute fills them, drop leaves such rows out"),
    ("a\n1\n\n2\n", "column 'a' has 1 missing value, first in row 2 (line 3)"),
]


@pytest.mark.parametrize(("content", "expected"), NO_NUMBERS)
def test_a_csv_file_that_holds_no_numbers(tmp_path, content, expected):
    with pytest.raises(TableError) as caught:
        load(tmp_path, content, **strict_of(content))
    assert str(caught.value).startswith("t.csv: ")
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("content", "values", "inputs"),
    [
        (
            "a,b\n1,2\n\n3,x\n4,z\n",
            {"a": [1, 3, 4], "b": ["2", "x", "z"]},
            ("a", "b=2", "b=x", "b=z"),
        ),
        (
            "a,b\n1,2020-01-01\n3,2021-01-01\n",
            {"a": [1, 3], "b": [pd.Timestamp("2020-01-01"), pd.Timestamp("2021-01-01")]},
            ("a", "b", "b weekday=Wed", "b weekday=Fri"),
        ),
        (
            "a,b\n1,5\n2,4\n,?\n4,\n5,3.5\n",
            {"a": [1, 2, np.nan, 4, 5], "b": [5, 4, np.nan, np.nan, 3.5]},
            ("a", "a=missing", "b", "b=missing"),
        ),
        ("a\n1\n\n2\n", {"a": [1, np.nan, 2]}, ("a", "a=missing")),
        ("a,b\n1,7\n3,7\n", {"a": [1, 3]}, ("a",)),
    ],
)
def test_a_csv_file_of_other_columns_is_used(tmp_path, content, values, inputs):
    table = load(tmp_path, content)
    pd.testing.assert_frame_equal(table.frame, pd.DataFrame(values), check_dtype=False)
    assert table.encoding.input_names == inputs


@pytest.mark.parametrize("columns", ["all", ["a", "b"]])
def test_a_constant_column_that_is_asked_for_is_refused(tmp_path, columns):
    with pytest.raises(TableError) as caught:
        load(tmp_path, "a,b\n1,7\n3,7\n", columns=columns)
    assert str(caught.value).startswith(
        "t.csv: the same value stands in every row of column 'b' (7), which cannot be scaled; "
        "leave it out with table.leave_out, or choose table.scale none"
    )


def test_a_row_may_be_longer_than_what_is_parsed_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "BLOCKS", (64, 2048))
    table = load(tmp_path, f"a,b\n1,{'1' * 15}{' ' * 500}\n3,4\n")
    assert table.frame.to_dict("list") == {"a": [1, 3], "b": [111111111111111, 4]}
    with pytest.raises(TableError, match="cannot be read as CSV"):
        load(tmp_path, f"a,b\n1,{' ' * 5000}\n3,4\n")


def test_whole_numbers_beyond_64_bits_keep_their_digits_as_levels(tmp_path):
    numbers = ["9" * 30 + last for last in "123"]
    rows = "\n".join(f"{row * 1.5},{number}" for row, number in enumerate(numbers * 2))
    table = load(tmp_path, f"a,b\n{rows}\n", prepare=[{"dummies": {"columns": ["b"]}}])
    assert table.encoding.input_names == ("a", *(f"b={number}" for number in numbers))
    pinned = load(tmp_path, f"a,b\n{rows}\n", columns={"b": "text"})
    assert pinned.encoding.input_names == table.encoding.input_names
    for fields in ({}, {"columns": "all"}, strict("a", "b")):
        with pytest.raises(
            TableError, match="column 'b' holds whole numbers that 64-bit floats do not"
        ):
            load(tmp_path, f"a,b\n{rows}\n", scale="none", **fields)


def test_a_column_of_true_and_false_is_one_of_0_and_1(tmp_path):
    table = load(tmp_path, "a,b\n1,True\n2,\n3,FALSE\n4,true\n", missing="drop")
    assert table.frame["b"].to_list() == [1, 0, 1]


def test_constant_columns_are_allowed_where_nothing_is_scaled(tmp_path):
    content = "a,b\n1,7\n3,7\n"
    for columns in ("all", ["a", "b"]):
        assert load(tmp_path, content, scale="none", columns=columns).frame.shape == (2, 2)
    table = load(tmp_path, content, scale="none")
    assert table.frame.columns.to_list() == ["a"]
    assert [(one.name, one.kind, one.why) for one in table.readings] == [
        ("a", "number", "1 or 3"),
        ("b", "left out", "always 7"),
    ]


def test_dropping_may_leave_too_little(tmp_path):
    with pytest.raises(TableError, match="must have at least 2 rows, got 1 left after dropping 2"):
        load(tmp_path, "a,b\n1,\n,2\n3,4\n", missing="drop")


def test_a_column_that_is_not_there(tmp_path):
    with pytest.raises(
        TableError, match=r"there is no column 'colour'; did you mean color\? \(columns: a"
    ):
        load(tmp_path, "a,color\n1,2\n3,4\n", columns=["colour"])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("wein", "wein: is neither a packaged table (wine, ctg, census) nor a file: there is no "),
        ("no/such.csv", "no/such.csv: is neither a packaged table"),
        ("folder.csv", "folder.csv: is a folder, not a table"),
        ("pipe.csv", "pipe.csv: is not a regular file"),
        ("t.docx", "t.docx: is of an unknown kind: its name must end in .csv, .csv.gz, .csv.zip"),
        ("t.parquet", "t.parquet: is no readable Parquet file"),
        ("t.csv.gz", "t.csv.gz: is no readable gzip file"),
        ("x" * 300 + ".csv", "nor a file"),
        ("~nobody-of-that-name/t.csv", "~nobody-of-that-name/t.csv: "),
    ],
)
def test_a_file_that_is_no_table(tmp_path, source, expected):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("t.docx", "t.parquet", "t.csv.gz"):
        (tmp_path / name).write_bytes(b"junk")
    with pytest.raises(TableError) as caught:
        catalog.load_table(TableSettings(source=source), tmp_path)
    assert expected in str(caught.value)


CELLS = st.sampled_from(
    ["a", "b", "1", "2.5", "-3e4", "", "?", "inf", "True", "1e999", '"', '"x', " 7", "9" * 40]
)
LINES = st.lists(st.lists(CELLS, max_size=4).map(",".join), max_size=6)
GARBAGE = (
    st.binary(max_size=200)
    | st.text(alphabet='ab,;"\n\r\t 0123.-einf?\0é', max_size=60).map(str.encode)
    | LINES.map(lambda lines: "\n".join(lines).encode())
    | LINES.map(lambda lines: "\n".join(["a,b", *lines]).encode())
)


@settings(max_examples=300, deadline=None)
@given(
    GARBAGE,
    st.sampled_from([".csv", ".tsv", ".txt", ".csv.gz", ".zip", ".parquet", ".feather"]),
    st.sampled_from(["impute", "error", "drop"]),
    st.sampled_from(
        [
            {},
            {"columns": "all"},
            {"columns": {"a": "number"}},
            {"columns": {"a": "text", "b": "date"}},
            {"columns": {"a": {"ordered": ["a", "b", "1"]}, "b": {"levels": ["b"]}}},
            {"prepare": [{"drop_rare": {"columns": ["a"], "below": 2}}]},
            {"target": "a"},
            {"prepare": [{"dummies": {"columns": ["a", "b"], "drop_first": True}}]},
            {"prepare": [{"binarize": {"a": 1}}], "target": "b"},
        ]
    ),
)
def test_any_file_is_a_table_or_explained(tmp_path_factory, content, suffix, missing, fields):
    folder = tmp_path_factory.getbasetemp()
    try:
        table = load(folder, content, f"garbage{suffix}", missing=missing, **fields)
    except TableError as error:
        assert str(error).startswith(f"garbage{suffix}: ")  # noqa: PT017 - either outcome is right
    else:
        assert np.isfinite(table.encoding.transform(table.frame)).all()
        assert len(table.frame) >= 2


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53)),
        min_size=2,
    )
)
def test_a_table_written_by_pandas_is_read_back(rows):
    frame = pd.DataFrame(rows, columns=["a", "b, c"])
    raw = read_csv(frame.to_csv(index=False).encode())
    pd.testing.assert_frame_equal(
        raw.read(raw.names).astype(float), frame.astype(float), check_exact=True
    )
    for row in range(len(rows)):
        assert raw.place(row) == f"row {row + 1} (line {row + 2})"


def test_reading_a_table_does_not_import_torch():
    heavy = "{'torch', 'mlflow', 'pytorch_lightning'}"
    modules = "sparse_lightning.data.catalog"
    code = f"import sys, {modules}; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
