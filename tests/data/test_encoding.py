"""The encoding: closed forms, the way back, and exact storage."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from sparse_lightning.data.columns.number_columns import NumberColumn
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.errors import TableError

FRAME = pd.DataFrame({"a": [0.0, 5.0, 10.0], "b": [-1.0, 1.0, 3.0]})


def test_minmax_maps_to_the_unit_interval():
    encoding = Encoding.fit(FRAME, "minmax")
    assert encoding.variables == (NumberColumn("a"), NumberColumn("b"))
    assert (encoding.offsets, encoding.factors) == ((0, -1), (10, 4))
    assert encoding.columns == encoding.input_names == ("a", "b")
    assert encoding.groups == (("a", slice(0, 1)), ("b", slice(1, 2)))
    inputs = encoding.transform(FRAME)
    assert inputs.dtype == np.float32
    np.testing.assert_array_equal(inputs, [[0, 0], [0.5, 0.5], [1, 1]])


def test_standard_gives_mean_0_and_variance_1():
    inputs = Encoding.fit(FRAME, "standard").transform(FRAME).astype(float)
    np.testing.assert_allclose(inputs.mean(0), 0, atol=1e-7)
    np.testing.assert_allclose(inputs.var(0), 1, rtol=1e-6)


def test_none_changes_nothing():
    encoding = Encoding.fit(FRAME, "none")
    np.testing.assert_array_equal(encoding.transform(FRAME), FRAME.to_numpy())


def test_columns_are_found_by_name_and_others_ignored():
    encoding = Encoding.fit(FRAME, "minmax")
    other = FRAME[["b", "a"]].assign(c="text")
    np.testing.assert_array_equal(encoding.transform(other), encoding.transform(FRAME))
    assert encoding.transform(FRAME.iloc[:0]).shape == (0, 2)


def test_inverse_has_the_users_names_and_units():
    frame = Encoding.fit(FRAME, "minmax").inverse(np.array([[0.5, 0.25]], dtype=np.float32))
    pd.testing.assert_frame_equal(frame, pd.DataFrame({"a": [5.0], "b": [0.0]}))
    with pytest.raises(TableError, match=r"expected an array \(row, 2\), got the shape \(2,\)"):
        Encoding.fit(FRAME, "minmax").inverse(np.zeros(2))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (pd.DataFrame({"a": [1.0]}), "there is no column 'b'"),
        (pd.DataFrame({"a": [1.0], "B": [2.0]}), "there is no column 'b'; did you mean B?"),
        (
            pd.DataFrame({"a": [1.0, 2.0], "b": ["1", "x"]}),
            "column 'b' holds text, not numbers: 'x' in row 2",
        ),
        (
            pd.DataFrame({"a": [1.0, np.nan], "b": [1, 2]}),
            "column 'a' has 1 missing value, first in row 2",
        ),
        (
            pd.DataFrame({"a": [1.0, -np.inf], "b": [1, 2]}),
            "column 'a' holds infinite values: -inf in row 2",
        ),
        (
            pd.DataFrame({"a": [1e300], "b": [1]}),
            "column 'a' holds 1e+300 in row 1, which is too large",
        ),
        (pd.DataFrame([[1, 2, 3]], columns=["a", "b", "b"]), "several columns are named 'b'"),
        (
            pd.DataFrame({"a": [1, 2], "b": pd.to_datetime(["2020", "2021"])}),
            "column 'b' holds datetime64",
        ),
        (
            pd.DataFrame({"a": [1, 2], "b": pd.Categorical([1, 2])}),
            "column 'b' holds category, not",
        ),
        (pd.DataFrame({"a": [1, 2], "b": [1j, 2j]}), "column 'b' holds complex128, not numbers"),
        (
            pd.DataFrame({"a": [1, 2], "b": [[1], [2]]}),
            "column 'b' holds list, not numbers: [1] in row 1",
        ),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(frame, expected):
    with pytest.raises(TableError) as caught:
        Encoding.fit(FRAME, "minmax").transform(frame)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("values", "scale", "expected"),
    [
        ([1.0, 1.0], "minmax", "the same value stands in every row of column 'a' (1)"),
        ([1.0, 1.0], "standard", "the same value stands in every row of column 'a' (1)"),
        ([-1e308, 1e308], "minmax", "column 'a' reaches from -1e+308 to 1e+308: cannot be scaled"),
        ([0, 1e-320], "standard", "column 'a' reaches from 0 to 9.99989e-321: cannot be scaled"),
        ([], "minmax", "has no rows"),
    ],
)
def test_a_column_that_cannot_be_scaled_is_refused(values, scale, expected):
    with pytest.raises(TableError) as caught:
        Encoding.fit(pd.DataFrame({"a": np.array(values, dtype=float)}), scale)
    assert expected in str(caught.value)


def test_names_must_be_text():
    with pytest.raises(TableError, match="the name 0 of a column must be text"):
        Encoding.fit(pd.DataFrame([[1.0], [2.0]]), "none")


def test_booleans_are_0_and_1():
    frame = pd.DataFrame({"a": [True, False], "b": pd.array([True, False], dtype="boolean")})
    np.testing.assert_array_equal(Encoding.fit(frame, "none").transform(frame), [[1, 1], [0, 0]])


VALUES = st.floats(-1e6, 1e6, allow_subnormal=False)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=20),
    st.sampled_from(["minmax", "standard"]),
)
def test_the_way_back_and_storage(rows, scale):
    frame = pd.DataFrame(rows, columns=["a", "a long name, with «signs»"], dtype=float)
    try:
        encoding = Encoding.fit(frame, scale)
    except TableError:
        reject()
    stored = json.loads(json.dumps(encoding.to_dict(), allow_nan=False))
    assert Encoding.from_dict(stored) == encoding
    back = encoding.inverse(encoding.transform(frame))
    reach = frame.max() - frame.min()
    assert list(back.columns) == list(frame.columns)
    # float32 keeps 24 bits of the scaled value, float64 53 bits of the value itself.
    tolerance = 1e-6 * reach + 1e-15 * frame.abs().max()
    assert ((back - frame).abs() <= tolerance * 5).all(axis=None)


def test_encodings_of_version_1_are_read():
    columns = [{"name": "a", "offset": 1.5, "factor": 2.0}, {"name": "b", "offset": 0, "factor": 1}]
    encoding = Encoding.from_dict({"version": 1, "columns": columns})
    assert encoding == Encoding((NumberColumn("a"), NumberColumn("b")), (1.5, 0), (2, 1))
    assert Encoding.from_dict(encoding.to_dict()) == encoding


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"version": 2, "columns": []},
        {"version": 3, "variables": []},
        {"version": 2, "variables": [{"kind": "new", "name": "a"}]},
        {
            "version": 2,
            "variables": [{"kind": "number", "name": "a", "offsets": [], "factors": []}],
        },
        {"version": 2, "variables": 3},
        {"version": 2, "variables": ["a"]},
        {"version": "1"},
        {"version": 1, "columns": [{"name": "a"}]},
        {"version": 1, "columns": 3},
    ],
)
def test_what_is_no_encoding_is_refused(stored):
    with pytest.raises(TableError, match="the encoding"):
        Encoding.from_dict(stored)
