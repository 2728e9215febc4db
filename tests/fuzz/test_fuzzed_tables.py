"""Tables that nobody should make: explained by this package's own errors, or usable."""

import gzip
import io
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hostile import CASES, ODD, TEXTS, numbers, outcome, spoiled, texts, values
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_lightning.data.catalog import load_table
from sparse_lightning.errors import InputError
from sparse_lightning.project import Project, TableSettings
from sparse_lightning.training.preparing import prepare

SOUND = "a,b,c\n1,2.5,x\n2,-3,y\n3,4e2,x\n4,7,z\n5,8,x\n"
CELLS = [
    *("1", "2.5", "-3e4", "", "?", "NA", "null", "inf", "-inf", "nan", "1e308", "-1e308", "1e999"),
    *("5e-324", "9" * 40, "0x10", "1_000", '"1,000"', "1.000,5", "12%", "$3", "True", "false"),
    *("2001-02-03", "12:30", "2001-02-03T04:05:06Z", "x", "y", " 7", "٣", "<b>", "=1+1", '"', '"x'),
    *("007", "01234", "250.0", "250.00", "9007199254740993", "1 660", "12,5", "<0.5", "-", "Total"),
    *("a" * 5000, "é", "\u202e", "\ufeff", "\x00", "'", "#", "\r", "\n", ";", "\t"),
]
SNIPPETS = [cell.encode() for cell in CELLS] + [
    b",",
    b",,",
    b"\n",
    b"\r\n",
    b"\n\n",
    b'""',
    b"\xff",
]
cells = st.sampled_from(CELLS) | st.integers(-9, 9).map(str) | st.text(max_size=6)
steps = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "dummies": st.fixed_dictionaries(
                {"columns": st.lists(st.sampled_from("abc"), max_size=3) | values},
                optional={"drop_first": st.booleans() | values},
            ),
            "binarize": st.dictionaries(st.sampled_from("abc") | texts, values, max_size=2)
            | values,
            "drop_rare": st.fixed_dictionaries(
                {"columns": st.lists(st.sampled_from("abc"), max_size=2) | values},
                optional={"below": st.integers(2, 4) | numbers},
            ),
        },
    ),
    max_size=3,
)
levels = st.lists(st.sampled_from(["x", "y", "z", "1", "True"]) | texts | values, max_size=3)
pins = (
    st.sampled_from(["number", "text", "date", "leave_out"])
    | st.fixed_dictionaries({"ordered": levels})
    | st.fixed_dictionaries({"levels": levels})
    | st.fixed_dictionaries({"date": st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%"]) | texts})
    | values
)
settings_of = st.fixed_dictionaries(
    {},
    optional={
        "columns": st.lists(st.sampled_from("abc") | texts, max_size=4)
        | st.sampled_from(["auto", "all"])
        | st.dictionaries(st.sampled_from("abc") | texts, pins, max_size=3),
        "leave_out": st.lists(st.sampled_from("abc") | texts, max_size=1),
        "target": st.sampled_from("abc")
        | texts
        | st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True),
        "scale": st.sampled_from(["minmax", "standard", "equal", "none"]),
        "missing": st.sampled_from(["impute", "error", "drop"]),
        "prepare": steps,
    },
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@contextmanager
def naming(name):
    """Whatever is wrong with a table, the message begins with its name."""
    try:
        yield
    except InputError as error:
        if not str(error).startswith(f"{name}: "):
            raise AssertionError(error) from error
        raise


def used(folder, name, content, fields):
    """Load, check and encode a table; what can be loaded can be encoded, and decoded again."""
    (folder / name).write_bytes(content)
    target = fields.get("target")
    task = "regressor" if isinstance(target, list) else "classifier" if target else "sae"

    def go():
        source = {"source": name, **fields}
        project = Project(task=task, table=source, network={"units": [2]})
        project._folder = folder
        with naming(name):
            table = load_table(project.table, folder)
        inputs = table.encoding.transform(table.frame)
        assert np.isfinite(inputs).all()
        assert len(table.encoding.inverse(inputs)) == len(table.frame) >= 2
        restored = type(table.encoding).from_dict(table.encoding.to_dict())
        assert np.array_equal(restored.transform(table.frame), inputs)
        return prepare(project)

    return outcome(go)


@settings(max_examples=CASES)
@given(
    st.binary(max_size=300) | st.text(max_size=100).map(str.encode),
    st.sampled_from([".csv", ".txt", ".tsv.gz", ".csv.zip", ".zip", ".parquet", ".feather"]),
    settings_of,
)
def test_any_bytes_are_a_table_or_explained(folder, content, suffix, fields):
    used(folder, f"any{suffix}", content, fields)


@settings(max_examples=CASES)
@given(spoiled(SOUND.encode(), SNIPPETS), settings_of, st.booleans())
def test_a_spoiled_csv_file_is_used_or_explained(folder, content, fields, packed):
    if packed:
        content = gzip.compress(content, mtime=0)
    used(folder, "spoiled.csv" + ".gz" * packed, content, fields)


@settings(max_examples=CASES)
@given(
    st.lists(st.sampled_from(["a", "b", "c", *TEXTS]) | texts, max_size=5),
    st.lists(st.lists(cells, max_size=5), max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(ENCODINGS),
    settings_of,
)
def test_a_csv_file_of_odd_cells_is_used_or_explained(folder, names, rows, sign, encoding, fields):
    text = "\n".join(sign.join(row) for row in [names, *rows])
    used(folder, "cells.csv", text.encode(encoding, "replace"), fields)


KINDS = {
    "levels": st.sampled_from(["x", "y", "z"]),
    "codes": st.sampled_from(["007", "01", "12"]),
    "classes": st.integers(1, 3).map(str),
    "numbers": st.floats(-1e6, 1e6).map("{:.3f}".format),
    "whole": st.integers(0, 10**6).map(str),
    "huge": st.integers(2**53, 2**53 + 3).map(str),
    "days": st.dates(date(1990, 1, 1), date(2030, 1, 1)).map(str),
    "european": st.dates(date(1990, 1, 1)).map(lambda day: day.strftime("%d.%m.%Y")),
    "slashed": st.dates(date(1990, 1, 1)).map(lambda day: day.strftime("%d/%m/%Y")),
    "clocks": st.times().map(lambda time: time.strftime("%H:%M")),
    "money": st.integers(1, 50).map("${}".format),
    "units": st.integers(1, 50).map("{} kg".format),
    "shares": st.integers(0, 100).map("{}%".format),
    "names": st.uuids().map(str),
    "truths": st.sampled_from(["True", "false"]),
    "one": st.just("7"),
    "nothing": st.just(""),
}


@st.composite
def usual(draw):
    """A table of columns as people have them, some with gaps."""
    rows = draw(st.integers(2, 30))
    columns = {"a": [*map(str, range(1, rows + 1))]} if draw(st.booleans()) else {}
    for name in "abc"[len(columns) :]:
        cells = KINDS[draw(st.sampled_from(sorted(KINDS)))]
        gaps = draw(st.sampled_from([st.nothing(), st.just(""), st.sampled_from(["-", "NA"])]))
        columns[name] = draw(st.lists(cells | gaps, min_size=rows, max_size=rows))
    return pd.DataFrame(columns).to_csv(index=False)


@settings(max_examples=CASES // 3)
@given(usual(), settings_of)
def test_a_usual_table_is_used_or_explained(folder, content, fields):
    used(folder, "usual.csv", content.encode(), fields)


@settings(max_examples=CASES // 3)
@given(
    usual(),
    st.sampled_from(["impute", "drop", "error"]),
    st.sampled_from(["minmax", "standard", "equal", "none"]),
    st.sampled_from([None, "c"]),
    st.sampled_from(["auto", "all"]),
)
def test_what_is_said_of_columns_makes_the_same_of_them(
    folder, content, missing, scale, target, columns
):
    (folder / "said.csv").write_text(content)
    fields = {"source": "said.csv", "missing": missing, "scale": scale, "target": target}
    try:
        table = load_table(TableSettings(**fields, columns=columns), folder)
    except InputError:
        return
    said = {one.name: one.pin for one in table.readings}
    again = load_table(TableSettings(**fields, columns=said), folder)
    assert again.encoding == table.encoding
    pd.testing.assert_frame_equal(again.frame, table.frame)
    assert [one.kind for one in again.readings] == [one.kind for one in table.readings]
    assert sum(one.inputs for one in table.readings) == len(table.encoding.input_names)


def column(draw, rows):
    """A column of a Parquet file, of a kind that a table may hold, or should not."""
    kinds = {
        "integers": st.integers(-(2**63), 2**63 - 1),
        "unsigned": st.integers(0, 2**64 - 1),
        "floats": st.floats(),
        "texts": st.sampled_from(CELLS) | st.none(),
        "decimals": st.decimals(allow_nan=False, allow_infinity=False, places=2, max_value=10**9),
        "dates": st.dates(),
        "times": st.datetimes(
            min_value=pd.Timestamp("1700-1-1"), max_value=pd.Timestamp("2200-1-1")
        ),
        "durations": st.timedeltas(max_value=pd.Timedelta(days=99), min_value=pd.Timedelta(0)),
        "switches": st.booleans(),
        "bytes": st.binary(max_size=4),
        "lists": st.lists(st.integers(0, 3), max_size=2),
        "structs": st.fixed_dictionaries({"x": st.integers(0, 3)}),
        "nothing": st.none(),
    }
    kind = draw(st.sampled_from(sorted(kinds)))
    cells = draw(st.lists(kinds[kind], min_size=rows, max_size=rows))
    made = pd.Series(cells, dtype={"unsigned": "uint64"}.get(kind, "object"))
    if kind == "texts" and draw(st.booleans()):
        return made.astype("category")
    if kind == "integers" and draw(st.booleans()):
        return pd.Series(cells, dtype="Int64")
    return made


@st.composite
def parquet(draw):
    rows = draw(st.integers(0, 6))
    names = draw(
        st.lists(st.sampled_from(["a", "b", "c"]) | st.sampled_from(TEXTS), unique=True, max_size=4)
    )
    names = [name for name in names if name.isprintable() or name in ODD[:4]]
    frame = pd.DataFrame({name: column(draw, rows) for name in names})
    if draw(st.booleans()) and rows:
        frame.index = pd.Index(range(5, rows + 5), name="c")
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


@settings(max_examples=CASES)
@given(parquet(), settings_of)
def test_a_parquet_file_of_any_types_is_used_or_explained(folder, content, fields):
    used(folder, "types.parquet", content, fields)


@settings(max_examples=CASES)
@given(st.data(), settings_of)
def test_a_damaged_parquet_file_is_used_or_explained(folder, data, fields):
    content = data.draw(spoiled(PARQUET, [b"PAR1", b"\0" * 40, b"\xff" * 8]))
    used(folder, "damaged.parquet", content, fields)


def _sound_parquet():
    buffer = io.BytesIO()
    frame = pd.read_csv(io.StringIO(SOUND)).assign(d=[Decimal(1), *[Decimal(2)] * 4])
    frame.to_parquet(buffer)
    return buffer.getvalue()


PARQUET = _sound_parquet()
