"""Numbers that are names: what is told apart in a table stays apart, in files and in frames."""

import io
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strict_tables import strict

from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.cells.levels import (
    code_levels,
    level_text,
    spelled_number,
    spelled_numbers,
)
from sparse_lightning.data.columns.column_types import judged
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.files.csv_files import read_csv
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import TableError
from sparse_lightning.integrations.exporting.tabular_network import TabularNetwork
from sparse_lightning.project import Step, TableSettings

DUMMIES = [{"dummies": {"columns": ["b"]}}]
BIG = [2**53, 2**53 + 1, 2**53 + 2]


def csv(cells, times=2):
    lines = (f"{row * 1.5},{cell}" for row, cell in enumerate(cells * times))
    return "\n".join(["a,b", *lines, ""])


def load(folder, table, **fields):
    fields = {"scale": "minmax", **fields}
    if isinstance(table, pd.DataFrame):
        table.to_parquet(folder / "t.parquet")
        return load_table(TableSettings(source="t.parquet", **fields), folder)
    (folder / "t.csv").write_text(table)
    return load_table(TableSettings(source="t.csv", **fields), folder)


def twin(encoding):
    """The code that travels with an exported network, with this encoding."""
    model = TabularNetwork()
    model.variables = json.loads(json.dumps(encoding.to_dict()))["variables"]
    return model


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        (["250.0", "250.00", "250.01", "007"], ("007", "250.0", "250.00", "250.01")),
        (["01234", "1234"], ("01234", "1234")),
        ([str(number) for number in BIG], tuple(str(number) for number in BIG)),
        (["100000000000000001", "5"], ("100000000000000001", "5")),
        (["1", "1.0"], ("1", "1.0")),
        (["1e3", "1000"], ("1000", "1e3")),
        (["+1", "1"], ("+1", "1")),
        (["-0", "0"], ("-0", "0")),
        ([" 1", "1"], (" 1", "1")),
        (["1.50", "10.50"], ("1.50", "10.50")),
        # The own spellings of numbers are numbers, in their order.
        (["10", "9", "-1"], ("-1", "9", "10")),
        (["1.0", "10.0", "2.0"], ("1", "2", "10")),
        (["1e+20", "0.5"], ("0.5", "1e+20")),
        ([" 2", " 10"], ("2", "10")),
    ],
)
def test_levels_of_a_csv_file_stay_apart(tmp_path, cells, levels):
    table = load(tmp_path, csv(cells), prepare=DUMMIES)
    assert table.encoding.input_names == ("a", *(f"b={level}" for level in levels))
    target = load(tmp_path, csv(cells), target="b").target
    assert target is not None
    assert ClassTarget.fit(target).classes == levels


def test_zip_codes_are_those_of_the_parquet_twin(tmp_path):
    content = csv(["01234", "04321", "12345"])
    table = load(tmp_path, content, prepare=DUMMIES)
    frame = pd.read_csv(io.StringIO(content), dtype={"b": str})
    parquet = load(tmp_path, frame, prepare=DUMMIES)
    assert parquet.encoding == table.encoding
    expected = table.encoding.transform(table.frame)
    np.testing.assert_array_equal(twin(table.encoding)._encode(frame), expected)
    np.testing.assert_array_equal(table.encoding.transform(frame), expected)


@pytest.mark.parametrize("cells", [["250.0", "250.1"], ["1", "2"], [str(one) for one in BIG]])
@pytest.mark.parametrize("kind", [str, None])
def test_a_twin_may_hold_numbers_as_text_or_text_as_numbers(tmp_path, cells, kind):
    content = csv(cells)
    encoding = load(tmp_path, content, prepare=DUMMIES).encoding
    frame = pd.read_csv(io.StringIO(content), dtype={"b": kind} if kind else None)
    expected = np.column_stack([np.arange(len(frame)) / (len(frame) - 1), *[[0.0]] * 0])
    codes = np.eye(len(cells))[np.resize(np.arange(len(cells)), len(frame))]
    for inputs in (encoding.transform(frame), twin(encoding)._encode(frame)):
        np.testing.assert_allclose(inputs, np.hstack([expected, codes]), atol=1e-7)


def test_a_number_is_no_name_with_zeros_before_it(tmp_path):
    encoding = load(tmp_path, csv(["01234", "04321"]), prepare=DUMMIES).encoding
    frame = pd.DataFrame({"a": [0.0, 1.0], "b": [1234, 4321]})
    with pytest.raises(TableError, match="column 'b' holds the unknown level '1234'"):
        encoding.transform(frame)
    with pytest.raises(Exception, match="column 'b' holds 1234 in row 1, an unknown level"):
        twin(encoding)._encode(frame)


COLUMNS = {
    "int64": pd.Series(BIG * 2),
    "uint64": pd.Series([2**63, 2**63 + 1, 2**63 + 2] * 2, dtype="uint64"),
    "Int64": pd.Series(BIG * 2, dtype="Int64"),
    "object": pd.Series(BIG * 2, dtype=object),
    "category": pd.Series(pd.Categorical(BIG * 2)),
    "decimal": pd.Series([Decimal(number) for number in BIG] * 2),
    "arrow": pd.Series(BIG * 2, dtype=pd.ArrowDtype(pa.int64())),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_large_whole_numbers_are_never_merged(tmp_path, kind):
    frame = pd.DataFrame({"a": np.arange(6.0) * 1.5, "b": COLUMNS[kind]})
    levels = tuple(str(number) for number in frame["b"][:3])
    steps = [Step.model_validate(step) for step in DUMMIES]
    encoding = Encoding.fit(frame, "minmax", steps)
    assert encoding.input_names == ("a", *(f"b={level}" for level in levels))
    np.testing.assert_array_equal(encoding.transform(frame)[:, 1:], np.eye(3)[[0, 1, 2] * 2])
    np.testing.assert_array_equal(twin(encoding)._encode(frame), encoding.transform(frame))
    assert ClassTarget.fit(frame["b"]).classes == levels
    assert load(tmp_path, frame, prepare=DUMMIES, missing="error").encoding == encoding
    # By itself a network learns them alike, and takes others, too.
    assert load(tmp_path, frame, prepare=DUMMIES).encoding.input_names == encoding.input_names
    pinned = load(tmp_path, frame, columns={"b": "text"}).encoding
    assert pinned.input_names == encoding.input_names
    np.testing.assert_array_equal(twin(pinned)._encode(frame), encoding.transform(frame))
    holed = pd.concat([frame, frame.head(1).assign(b=None)], ignore_index=True)
    if kind not in ("int64", "uint64"):  # with a gap pandas itself makes floats of these
        assert load(tmp_path, holed, prepare=DUMMIES, missing="drop").encoding == encoding
    message = "column 'b' holds (whole numbers that 64-bit floats do not tell|category)"
    with pytest.raises(TableError, match=message):
        Encoding.fit(frame, "minmax")
    for fields in ({}, {"columns": "all"}, strict("a", "b")):
        with pytest.raises(TableError, match="'b' holds whole numbers that 64-bit floats do not"):
            load(tmp_path, frame, **fields)


@pytest.mark.parametrize("last", ["9007199254740993", "100000000000000001"])
def test_an_id_is_no_input(tmp_path, last):
    with pytest.raises(TableError, match=f"do not tell from others: '{last}' in row 2"):
        load(tmp_path, csv(["1", last]))


def test_a_whole_number_that_floats_hold_is_an_input(tmp_path):
    cells = ["9007199254740992", "9007199254740994", "1267650600228229401496703205376"]
    assert load(tmp_path, csv(cells)).frame["b"].tolist() == [2.0**53, 2.0**53 + 2, 2.0**100] * 2


@pytest.mark.parametrize("cell", ["007", "00", " 010", "01.5"])
def test_digits_after_a_zero_are_no_number(tmp_path, cell):
    levels = load(tmp_path, csv(["1", cell]))
    assert levels.readings[1].kind == "text"
    assert levels.readings[1].why.startswith("codes made of digits")
    assert sorted(set(levels.frame["b"])) == sorted(["1", cell])
    with pytest.raises(TableError) as caught:
        load(tmp_path, csv(["1", cell]), **strict("a", "b"))
    assert str(caught.value).startswith(
        f"t.csv: column 'b' holds names made of digits, not numbers: {cell!r} in row 2 (line 3)"
    )
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["1", cell]})
    with pytest.raises(TableError, match="'b' holds names made of digits"):
        Encoding.fit(frame, "minmax")


def test_decimals_are_numbers_here_and_in_an_exported_network():
    frame = pd.DataFrame({"a": [Decimal("1.50"), Decimal(2), Decimal("2.5")]})
    encoding = Encoding.fit(frame, "minmax")
    np.testing.assert_array_equal(encoding.transform(frame)[:, 0], [0, 0.5, 1])
    np.testing.assert_array_equal(twin(encoding)._encode(frame)[:, 0], [0, 0.5, 1])


@pytest.mark.parametrize("said", ["True", "true", "1", 1])
def test_true_is_1(tmp_path, said):
    steps = [{"binarize": {"b": said}}]
    table = load(tmp_path, csv(["True", "False"]), prepare=steps)
    np.testing.assert_array_equal(table.encoding.transform(table.frame)[:, 1], [1, 0, 1, 0])


def test_a_large_value_to_recode_is_exact(tmp_path):
    table = load(tmp_path, csv([str(one) for one in BIG]), prepare=[{"binarize": {"b": BIG[1]}}])
    np.testing.assert_array_equal(table.encoding.transform(table.frame)[:, 1], [0, 1, 0] * 2)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_found_by_its_own_spelling_alone(number):
    text = level_text(number)
    found = spelled_number(text)
    if isinstance(number, int) and abs(number) > 2**53:
        assert found is None
    else:
        assert found == number
    assert spelled_number(f"0{text}") is None or text.startswith("0")


@given(st.lists(st.text("0123456789.e-+ ", max_size=5), unique=True))
def test_different_texts_are_never_one_number(texts):
    numbers = spelled_numbers(texts)
    assert numbers is None or len(set(numbers.values())) == len(texts)


@given(st.lists(st.text("0123456789.-+eE ", min_size=1, max_size=5), min_size=1, unique=True))
def test_a_csv_file_has_as_many_levels_as_different_cells(cells):
    raw = read_csv("\n".join(["b,c", *(f'"{cell}",1' for cell in cells), ""]).encode())
    column = judged(raw.read(["b"], {"b"}), {"b"}, spellings=raw.spellings)[0]["b"]
    assert column.nunique() == len(cells)
    codes, levels = code_levels(column)
    assert len(levels) == len(cells)
    if column.dtype != np.float64:
        assert [levels[code] for code in codes] == cells
    else:
        assert [float(levels[code]) for code in codes] == [float(cell) for cell in cells]
