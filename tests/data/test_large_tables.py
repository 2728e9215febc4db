"""Tables that are read, encoded and kept a part at a time: the same as those taken at once."""

import gzip
import os
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.data import catalog, encoding, raw_table
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.files import csv_files, readers
from sparse_lightning.errors import TableError
from sparse_lightning.project import TableSettings

ROWS = 103
DUMMIES = [{"dummies": {"columns": ["kind"]}}, {"binarize": {"yes": 1}}]


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of a few rows, and columns of numbers in a file, as a large table has them."""
    for module in (readers, encoding):
        monkeypatch.setattr(module, "CELLS_AT_ONCE", 30)
    monkeypatch.setattr(csv_files, "BLOCKS", (128,))
    monkeypatch.setattr(raw_table, "MOST_IN_MEMORY", 0)


def mixed():
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "whole": draw.integers(-5, 5, ROWS),
            "real": draw.normal(size=ROWS),
            "kind": draw.choice(["a", "b", "c"], ROWS),
            "late": [*np.arange(ROWS - 1) / 4, np.nan],
            "yes": draw.integers(2, size=ROWS).astype(bool),
        }
    )


def written(folder, frame, name):
    path = folder / name
    if name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        content = frame.to_csv(index=False).encode()
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    return path


def load(path, **table):
    table = {"prepare": DUMMIES, "missing": "drop", **table}
    return catalog.load_table(TableSettings(source=path.name, **table), path.parent)


def is_mapped(array):
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_a_table_in_parts_is_the_table_at_once(tmp_path, name, request):
    path = written(tmp_path, mixed(), name)
    at_once = load(path, columns=["real", "kind", "late", "yes", "whole"], scale="standard")
    request.getfixturevalue("small_parts")
    in_parts = load(path, columns=["real", "kind", "late", "yes", "whole"], scale="standard")
    assert is_mapped(in_parts.frame["real"].to_numpy())
    pd.testing.assert_frame_equal(in_parts.frame, at_once.frame, check_exact=True)
    assert in_parts.encoding == at_once.encoding
    assert (in_parts.digest, in_parts.rows_missing) == (at_once.digest, 1)
    np.testing.assert_array_equal(
        in_parts.encoding.transform(in_parts.frame), at_once.encoding.transform(at_once.frame)
    )


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_messages_count_the_rows_of_the_whole_table(tmp_path, name):
    frame = mixed().drop(columns=["yes"])
    frame.loc[88, "real"] = 1e300
    settings = {"prepare": DUMMIES[:1], "missing": "drop", "scale": "none"}
    with pytest.raises(TableError, match=r"column 'real' holds 1e\+300 in row 89, which is too"):
        load(written(tmp_path, frame, name), **settings)
    with pytest.raises(TableError, match="column 'late' has 1 missing value, first in row 103"):
        load(written(tmp_path, frame, name), **{**settings, "missing": "error"})


@pytest.mark.usefixtures("small_parts")
def test_what_a_column_is_is_judged_by_all_its_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 50 + "1,x\n" + "1,2\n" * 50)
    with pytest.raises(TableError, match=r"column 'b' holds text, not numbers: 'x' in row 51 \(l"):
        load(path, prepare=[])
    path.write_text("a,b\n" + "1,2\n3,4\n" * 50 + "1\n")
    with pytest.raises(TableError, match=r"row 101 \(line 102\) does not fit the header"):
        load(path, prepare=[])


@pytest.mark.usefixtures("small_parts")
def test_a_table_without_room_on_the_disk_is_refused(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(
        TableError, match=r"needs 0\.0 GB in .* for its 5 columns of 103 rows: No s"
    ):
        load(written(tmp_path, mixed(), "t.parquet"))


def test_inputs_that_the_machine_cannot_hold_are_refused(monkeypatch):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    fitted = Encoding.fit(frame, "minmax")
    monkeypatch.setattr(encoding, "machine_bytes", lambda: 11)
    for use in (fitted.transform, fitted.check):
        with pytest.raises(TableError, match=r"3 rows with 1 inputs are 0\.0 GB as 32-bit numbers"):
            use(frame)


def test_many_levels_take_little_more_than_their_inputs():
    levels, rows = 2_000, 4_000
    frame = pd.DataFrame({"kind": [f"level {row % levels}" for row in range(rows)]})
    prepare = TableSettings(source="t.csv", prepare=DUMMIES[:1]).prepare
    tracemalloc.start()
    fitted = Encoding.fit(frame, "minmax", prepare)
    inputs = fitted.transform(frame)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert inputs.shape == (rows, levels)
    assert (inputs.sum(1) == 1).all()
    # A part at a time in 64 bits, beside the 32-bit inputs.
    assert peak < inputs.nbytes + 5 * 8 * raw_table.CELLS_AT_ONCE


@given(st.lists(st.sampled_from("abc"), min_size=2).filter(lambda kinds: len(set(kinds)) > 1))
def test_levels_are_standardised_by_their_mean_and_deviation(kinds):
    frame = pd.DataFrame({"kind": kinds})
    prepare = TableSettings(source="t.csv", prepare=DUMMIES[:1]).prepare
    inputs = Encoding.fit(frame, "standard", prepare).transform(frame).astype(float)
    np.testing.assert_allclose(inputs.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(inputs.std(0), 1, atol=1e-6)
