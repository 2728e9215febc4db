"""Parquet files as pandas and others write them: every name of a column, every honest fault."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.files import readers
from sparse_lightning.errors import TableError
from sparse_lightning.project import TableSettings

VALUES = np.random.default_rng(0).normal(size=(20, 3))


def load(folder, **fields):
    return load_table(TableSettings(source="t.parquet", **fields), folder)


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (pd.RangeIndex(3), ["0", "1", "2"]),
        (pd.Index([1.5, 2.5, 3.5]), ["1.5", "2.5", "3.5"]),
        (
            pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]),
            ["('a', '1')", "('a', '2')", "('b', '1')"],
        ),
        (pd.CategoricalIndex(["u", "v", "w"]), ["u", "v", "w"]),
        (pd.Index(["u", "v", "w"], name="kind"), ["u", "v", "w"]),
        (pd.Index(["a", "a.b", "a.b.c"]), ["a", "a.b", "a.b.c"]),
        (
            pd.to_datetime(["2020", "2021", "2022"]),
            [f"{year}-01-01 00:00:00" for year in (2020, 2021, 2022)],
        ),
    ],
)
@pytest.mark.parametrize("index", [None, pd.Index(range(5, 25), name="row")])
def test_columns_may_have_any_names(tmp_path, columns, names, index):
    frame = pd.DataFrame(VALUES, columns=columns, index=index)
    frame.to_parquet(tmp_path / "t.parquet")
    table = load(tmp_path)
    assert list(table.frame) == names
    np.testing.assert_array_equal(table.frame.to_numpy(), VALUES)
    np.testing.assert_array_equal(
        table.encoding.transform(frame), table.encoding.transform(table.frame)
    )


def test_text_in_numbered_columns_is_read(tmp_path):
    pd.DataFrame({0: ["x", "y", "x"], 1: [1.0, 2, 3]}).to_parquet(tmp_path / "t.parquet")
    table = load(tmp_path, prepare=[{"dummies": {"columns": ["0"]}}])
    assert table.encoding.input_names == ("0=x", "0=y", "1")


def test_a_file_that_pandas_has_not_written(tmp_path):
    pq.write_table(pa.table({"a": [1, 2, 3], "b": [1.5, 2.5, None]}), tmp_path / "t.parquet")
    assert load(tmp_path, missing="drop").frame.to_dict("list") == {"a": [1, 2], "b": [1.5, 2.5]}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionError(13, "Permission denied"), "cannot be read: Permission denied"),
        (OSError(5, "Input/output error"), "cannot be read: Input/output error"),
        (pa.ArrowNotImplementedError("no such codec"), "holds what pyarrow cannot read: no such"),
        (pa.ArrowInvalid("Parquet magic bytes not found"), "is no readable Parquet file: Parquet"),
        (KeyError("x"), "cannot be read by pyarrow: KeyError: 'x'"),
    ],
)
def test_what_fails_is_called_what_it_is(tmp_path, monkeypatch, error, expected):
    pd.DataFrame(VALUES, columns=list("abc")).to_parquet(tmp_path / "t.parquet")

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(readers, "assembled", fail)
    with pytest.raises(TableError) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"t.parquet: {expected}")


def test_too_little_memory_is_no_damaged_file(tmp_path, monkeypatch):
    pd.DataFrame(VALUES, columns=list("abc")).to_parquet(tmp_path / "t.parquet")

    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(readers, "assembled", fail)
    with pytest.raises(MemoryError):
        load(tmp_path)
