"""Frames as tables: the types that they may hold, and the digest of their content."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.data.catalog import frame_table, load_table
from sparse_lightning.data.files.frames import read_frame
from sparse_lightning.errors import InputError, TableError
from sparse_lightning.project import TableSettings

FRAME = pd.DataFrame(
    {
        "number": [1.5, np.nan, 3.0],
        "text": ["x", None, "zz"],
        "truth": [True, False, True],
        "day": pd.to_datetime(["2020-01-01", "2020-01-02", None]),
        "kind": pd.Categorical(["u", "v", "u"]),
        "whole": pd.array([1, None, 2**60], dtype="Int64"),
    }
)


class Exported:
    """A frame of a package that nobody knows, which hands out its columns by Arrow."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def other_packages():
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    texts = table["text"].cast(pa.string_view())
    viewed = table.set_column(table.column_names.index("text"), "text", texts)
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    return {"arrow": table, "pieces": pieces, "exported": Exported(table), "views": viewed}


def test_the_digest_is_one_of_the_content():
    digest = read_frame(FRAME).digest
    for name, one in other_packages().items():
        assert read_frame(one).digest == digest, name
    assert read_frame(FRAME.set_axis(["r", "s", "t"], axis=0)).digest == digest
    assert read_frame(FRAME.assign(kind=FRAME["kind"].astype(str))).digest == digest
    changed = [
        FRAME.rename(columns={"text": "texts"}),
        FRAME[FRAME.columns[::-1]],
        FRAME.iloc[::-1],
        FRAME.fillna({"number": 0.0}),
        FRAME.fillna({"text": ""}),
        FRAME.assign(truth=~FRAME["truth"]),
        FRAME.assign(truth=FRAME["truth"].astype(float)),
        FRAME.assign(whole=FRAME["whole"] + 1),
        FRAME.assign(day=FRAME["day"] + pd.Timedelta("1s")),
    ]
    digests = [read_frame(one).digest for one in changed]
    assert len({digest, *digests}) == len(changed) + 1


def test_polars_has_the_digest_of_pandas():
    polars = pytest.importorskip("polars")
    frame = polars.from_arrow(pa.Table.from_pandas(FRAME, preserve_index=False))
    assert read_frame(frame).digest == read_frame(FRAME).digest
    with pytest.raises(InputError, match="got an object of type LazyFrame"):
        read_frame(frame.lazy())


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=6))
def test_where_a_text_ends_is_in_the_digest(texts):
    table = pa.table({"t": pa.array(texts, pa.string())})
    moved = ["".join(one or "" for one in texts), *[""] * (len(texts) - 1)]
    other = pa.table({"t": pa.array(moved, pa.large_string())})
    assert (read_frame(table).digest == read_frame(other).digest) == (moved == texts)


@given(st.data())
def test_columns_are_read_as_those_of_a_parquet_file(tmp_path_factory, data):
    kinds = st.sampled_from([pa.int8(), pa.uint64(), pa.float32(), pa.bool_(), pa.string()])
    columns = {}
    for name in "ab":
        kind = data.draw(kinds)
        values = {
            pa.bool_(): st.booleans(),
            pa.string(): st.sampled_from(["x", "7", "007"]),
            pa.float32(): st.floats(-9, 9, width=32),
        }.get(kind, st.integers(0, 99))
        drawn = data.draw(st.lists(values, min_size=3, max_size=3, unique=kind != pa.bool_()))
        columns[name] = pa.array(drawn, kind)
    table = pa.table(columns)
    path = tmp_path_factory.mktemp("parquet") / "t.parquet"
    pa.parquet.write_table(table, path)
    steps = [{"dummies": {"columns": ["a"]}}]

    def outcome(read):
        try:
            return read().frame
        except TableError as error:
            return str(error).removeprefix(f"{path}: ").removeprefix("t: ")

    of_file = outcome(
        lambda: load_table(TableSettings(source=str(path), prepare=steps), path.parent)
    )
    of_frame = outcome(lambda: frame_table(TableSettings(prepare=steps), table, "t"))
    if isinstance(of_file, str):
        assert of_frame == of_file
    else:
        pd.testing.assert_frame_equal(of_frame, of_file)


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (FRAME["text"], "must be a DataFrame of pandas or polars, or a table of pyarrow"),
        (FRAME.to_dict("list"), "got an object of type dict"),
        (pd.DataFrame(), "has no columns"),
        (FRAME[:0], "has no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "several columns are named 'a'"),
        (FRAME.assign(a=[1, "x", 2]), "column 'a' holds values of several kinds"),
        (FRAME.assign(a=[1j, 2, 3], b=[{1}, 1, 2]), "column 'b' holds values of several kinds"),
    ],
)
def test_what_is_no_table_is_told(frame, text):
    with pytest.raises(InputError, match=text):
        read_frame(frame)


def test_numbered_names_and_sparse_columns_are_taken():
    dummies = pd.get_dummies(pd.Series(["a", "b", "a"]), sparse=True, dtype=float)
    frame = pd.concat([pd.DataFrame([[1.0], [2.0], [4.0]]), dummies], axis=1)
    read = read_frame(frame)
    assert read.names == ("0", "a", "b")
    assert read.read(["a", "0"])["a"].tolist() == [1, 0, 1]
