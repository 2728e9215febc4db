"""Columns as people have them: each decides what it is, which is told and can be pinned."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.raw_table import RawTable
from sparse_lightning.data.table import used_table
from sparse_lightning.errors import TableError
from sparse_lightning.integrations.exporting.tabular_network import TabularNetwork
from sparse_lightning.project import TableSettings
from sparse_lightning.project.settings import EvaluationSettings

ROWS = 200


def load(folder, cells, **table):
    frame = pd.DataFrame({"x": np.random.default_rng(1).normal(size=ROWS), **cells})
    frame.to_csv(folder / "t.csv", index=False)
    return load_table(TableSettings(source="t.csv", **table), folder)


def reading(table, name):
    return next(one for one in table.readings if one.name == name)


def cycle(*values):
    return [values[row % len(values)] for row in range(ROWS)]


KINDS = [
    (cycle(1.5, 2.5, 4, 8, 9.25), "number", 1, ""),
    (cycle(0, 1, 1), "number", 1, "0 or 1"),
    (cycle(1, 2, 3), "number", 1, "3 different whole numbers; if they are codes, call it text"),
    (cycle(True, False, True), "number", 1, "0 or 1"),
    (cycle("yes", "no", "no"), "text", 1, "no or yes"),
    (cycle("red", "green", "blue"), "text", 3, "3 levels"),
    (cycle("007", "010", "123"), "text", 3, "codes made of digits; 3 levels"),
    (cycle("$1.50", "$20", "$3.25"), "number", 1, "written with '$'"),
    (cycle("12 kg", "13.5 kg", "9 kg"), "number", 1, "written with 'kg'"),
    (cycle("(5)", "7", "8.5"), "number", 1, "negative ones in parentheses"),
    (cycle("2.5", "n.a.", "4", "8.5"), "number", 2, "'n.a.' in 50 rows is no value"),
    (cycle("2024-01-31", "2024-02-02", "2024-02-03"), "date", 4, "days since 2024-01-31"),
    (range(ROWS), "left out", 0, "numbers the rows, as an id does"),
    ([10_000_019 + 7919 * row % 90_001 for row in range(ROWS)], "left out", 0, "as an id has"),
    ([f"P{row}" for row in range(ROWS)], "left out", 0, "200 different texts, names of rows"),
    ([f"{row:05d}" for row in range(ROWS)], "left out", 0, "names made of digits"),
    (cycle(7), "left out", 0, "always 7"),
    (cycle("same"), "left out", 0, "always 'same'"),
    (cycle(None), "left out", 0, "no row has a value"),
    ([3.5, 4, *[None] * (ROWS - 2)], "left out", 0, "only 2 of 200 rows have a value"),
]


@pytest.mark.parametrize(("values", "kind", "inputs", "why"), KINDS)
def test_a_column_decides_what_it_is(tmp_path, values, kind, inputs, why):
    found = reading(load(tmp_path, {"c": values}), "c")
    assert (found.kind, found.inputs) == (kind, inputs)
    assert why in found.why


@pytest.mark.parametrize(("values", "kind", "inputs", "why"), KINDS)
def test_what_was_decided_can_be_pinned(tmp_path, values, kind, inputs, why):
    table = load(tmp_path, {"c": values})
    pins = yaml.safe_load(yaml.safe_dump({one.name: one.pin for one in table.readings}))
    again = load(tmp_path, {"c": values}, columns=pins)
    assert again.encoding.input_names == table.encoding.input_names
    np.testing.assert_array_equal(
        again.encoding.transform(again.frame), table.encoding.transform(table.frame)
    )


def test_missing_numbers_become_the_median_and_an_input_says_where_there_are_many(tmp_path):
    few, many = cycle(*range(1, 51)), cycle(1, 5, 9, None)
    few[3] = None
    table = load(tmp_path, {"few": few, "many": many}, scale="none")
    assert table.encoding.input_names == ("x", "few", "many", "many=missing")
    inputs = table.encoding.transform(table.frame)
    present = [value for value in few if value is not None]
    assert inputs[3, 1] == np.median(present)
    np.testing.assert_array_equal(inputs[:4, 2:], [[1, 0], [5, 0], [9, 0], [5, 1]])
    back = table.encoding.inverse(inputs)
    assert back["many"].isna().tolist() == [value is None for value in many]
    assert back["few"].notna().all()


def test_missing_levels_are_a_level_and_rare_ones_are_joined(tmp_path):
    colours = cycle("red", "green", "blue", None)
    colours[4], colours[8] = "teal", "mauve"
    table = load(tmp_path, {"c": colours}, scale="none")
    names = ("c=blue", "c=green", "c=red", "c=other", "c=missing")
    assert table.encoding.input_names == ("x", *names)
    assert "5 levels, 2 rare ones in 2 rows became other, missing values became a level" in (
        reading(table, "c").why
    )
    rows = pd.DataFrame({"x": 0.0, "c": ["blue", "unheard of", None, "teal"]})
    expected = [[1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0]]
    np.testing.assert_array_equal(table.encoding.transform(rows)[:, 1:], expected)
    back = table.encoding.inverse(table.encoding.transform(rows))["c"]
    assert back.astype(object).where(back.notna(), None).tolist() == [
        *("blue", "other", None, "other")
    ]


def test_levels_that_training_did_not_see_have_no_input(tmp_path):
    table = load(
        tmp_path, {"c": cycle("a", "b", "c"), "two": cycle("no", "no", "yes")}, scale="none"
    )
    rows = pd.DataFrame({"x": 0.0, "c": ["b", "new", None], "two": ["yes", "new", None]})
    np.testing.assert_array_equal(
        table.encoding.transform(rows)[:, 1:], [[0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    )
    complete = load(tmp_path, {"c": cycle("a", "b", "c")}, missing="drop")
    with pytest.raises(TableError, match="column 'c' has 1 missing value, first in row 3"):
        complete.encoding.transform(rows)


@pytest.mark.parametrize(
    "cells",
    [
        cycle("a", "b", "c"),
        cycle("no", "yes", "no"),
        cycle(1.5, 2.5, 4.0, 9.0),
        cycle("2024-01-31", "2024-02-02", "2024-02-03"),
    ],
)
def test_gaps_that_training_rows_do_not_have_have_inputs(tmp_path, cells):
    """Wherever a single missing value lies, the table is used."""
    for row in range(0, ROWS, 25):
        some = [*cells[:row], None, *cells[row + 1 :]]
        frame = pd.DataFrame({"x": np.random.default_rng(1).normal(size=ROWS), "c": some})
        frame.to_csv(tmp_path / "t.csv", index=False)
        rows = EvaluationSettings(validation=0.3, test=0.3, folds=0, seed=row)
        table = load_table(TableSettings(source="t.csv"), tmp_path, rows)
        assert np.isfinite(table.encoding.transform(table.frame, unseen=True)).all()
        assert reading(table, "c").missing == 1


def test_an_order_is_declared_and_kept(tmp_path):
    grades = cycle("mid", "low", "high", None)
    order = {"ordered": ["low", "mid", "high"]}
    table = load(tmp_path, {"g": grades}, columns={"g": order}, scale="none")
    np.testing.assert_array_equal(table.encoding.transform(table.frame)[:4, 1], [1, 0, 2, 1])
    assert table.encoding.inverse([[0, 1.4], [0, 7]])["g"].tolist() == ["mid", "high"]
    with pytest.raises(TableError, match=r"column 'g' holds 'low' in row 2 \(line 3\), which is "):
        load(tmp_path, {"g": grades}, columns={"g": {"ordered": ["mid", "high"]}})


def test_an_order_of_pandas_is_known(tmp_path):
    sizes = pd.Categorical(cycle("S", "L", "M"), ["S", "M", "L"], ordered=True)
    frame = pd.DataFrame({"x": np.arange(ROWS) ** 2 % 17.0, "size": sizes})
    frame.to_parquet(tmp_path / "t.parquet")
    table = load_table(TableSettings(source="t.parquet", scale="none"), tmp_path)
    assert reading(table, "size").pin == {"ordered": ["S", "M", "L"]}
    np.testing.assert_array_equal(table.encoding.transform(frame)[:3, 1], [0, 2, 1])


def test_levels_can_be_named(tmp_path):
    colours = cycle("red", "green", "blue", "teal")
    table = load(tmp_path, {"c": colours}, columns={"c": {"levels": ["red", "teal"]}})
    assert table.encoding.input_names == ("x", "c=red", "c=teal", "c=other")
    with pytest.raises(TableError, match=r"column 'c' never holds 'rd'; did you mean red\?"):
        load(tmp_path, {"c": colours}, columns={"c": {"levels": ["rd", "teal"]}})


@pytest.mark.parametrize(
    ("columns", "table", "expected"),
    [
        ({"c": cycle("3", "4", "<5")}, {}, "column 'c' holds .*'<5' in row 3 .line 4. and 65 more"),
        ({"c": cycle("3", "4", "x")}, {"columns": {"c": "number"}}, "'x' in row 3 .line 4."),
        (
            {"c": cycle("a", "b")},
            {"columns": {"c": "date"}},
            "column 'c' holds what is no date: 'a'",
        ),
        (
            {"c": cycle("01/02/2024", "03/04/2024")},
            {},
            "dates that can be read in two ways: '01/02",
        ),
        ({"c": cycle(7)}, {"columns": "all"}, "the same value stands in every row of column 'c'"),
        ({"c": cycle(7, 8)}, {"leave_out": ["d"]}, "there is no column 'd'"),
        ({"c": cycle(7, 8)}, {"columns": {"d": "text"}}, "there is no column 'd'"),
        ({"c": cycle(7, 8)}, {"leave_out": ["x", "c"]}, "has no column but"),
        (
            {},
            {"columns": {"x": "leave_out"}},
            "no column that can be an input: table.columns leaves",
        ),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, columns, table, expected):
    with pytest.raises(TableError, match=expected):
        load(tmp_path, columns, **table)


def test_named_columns_are_never_left_out(tmp_path):
    table = load(tmp_path, {"id": range(ROWS), "name": cycle("a", "b")}, columns=["name", "id"])
    assert [(one.name, one.kind) for one in table.readings] == [("name", "text"), ("id", "number")]
    assert "numbers the rows" in reading(table, "id").why


def test_left_out_columns_are_not_read(tmp_path):
    table = load(tmp_path, {"c": cycle("3", "<5")}, leave_out=["c"])
    assert table.encoding.columns == ("x",)


def test_equal_gives_every_column_the_same_variance(tmp_path):
    columns = {
        "c": cycle("red", "green", "green", "blue"),
        "d": pd.date_range("2020-01-01", periods=ROWS, freq="31h").astype(str),
        "m": cycle(1, 5, 9, None),
    }
    table = load(tmp_path, columns, scale="equal")
    inputs = table.encoding.transform(table.frame).astype(np.float64)
    for _, place in table.encoding.groups:
        assert inputs[:, place].var(axis=0).sum() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize(
    "cells",
    [
        ["1,50 €", "2,25 €", "10,00 €"],
        ["1.234,50 €", "2,25 €", "10,00 €"],
        ["$1,234.50", "$2.25", "$10.00"],
        ["12 kg", "13.5 kg", "(9) kg"],
        ["12.5%", "7%", "1,024.5%"],
        ["12,5 %", "7 %", "30,25 %"],
    ],
)
def test_rows_with_signs_are_the_numbers_that_the_file_has(tmp_path, cells):
    """A frame, an exported network and the file take the same texts for the same numbers."""
    table = load(tmp_path, {"c": cycle(*cells)}, scale="none")
    rows = pd.DataFrame({"x": table.frame["x"], "c": cycle(*cells)})
    expected = table.encoding.transform(table.frame)
    np.testing.assert_array_equal(table.encoding.transform(rows), expected)
    exported = TabularNetwork()
    exported.variables = json.loads(json.dumps(table.encoding.to_dict()))["variables"]
    np.testing.assert_array_equal(exported._encode(rows), expected)


@given(st.data())
def test_every_encoding_comes_back_from_json(data):
    text = st.text(min_size=1, alphabet=st.characters(blacklist_categories=["Cs"]))
    levels = data.draw(st.lists(text, min_size=2, max_size=5, unique=True))
    rows = data.draw(st.integers(20, 60))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    frame = pd.DataFrame(
        {
            "n": random.normal(size=rows),
            "c": random.choice(np.array(levels, dtype=object), rows),
            "d": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 900, rows), "h"),
        }
    )
    frame.loc[random.random(rows) < 0.2, "n"] = np.nan
    raw = RawTable(tuple(frame), rows, "", lambda names, leveled=(): frame[list(names)])
    try:
        table = used_table(TableSettings(source="t"), raw, "t", "t", raw.names)
    except TableError as error:
        if "column 'c'" not in str(error):  # of text among numbers
            raise
        return
    encoding = Encoding.from_dict(json.loads(json.dumps(table.encoding.to_dict())))
    assert encoding == table.encoding
    np.testing.assert_array_equal(
        encoding.transform(frame[list(encoding.columns)]), table.encoding.transform(table.frame)
    )
