"""The code that travels with the model: the same predictions, and messages for bad rows."""

import json

import mlflow
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.integrations.exporting import save_model
from sparse_lightning.integrations.exporting.tabular_network import TabularNetwork
from sparse_lightning.network import Network
from sparse_lightning.project import Step
from sparse_lightning.weights import Layer


@pytest.fixture(scope="module")
def loaded(autoencoder, tmp_path_factory):
    return mlflow.pyfunc.load_model(
        save_model(autoencoder, tmp_path_factory.mktemp("model") / "it", threshold=0)
    )


def test_an_autoencoder_gives_the_tables_columns_and_the_codes(autoencoder, loaded, frame):
    predicted = loaded.predict(frame)
    codes = autoencoder.encode(frame)
    assert list(predicted) == [*frame.columns, *(f"code_{unit}" for unit in (1, 2, 3, 4))]
    pd.testing.assert_frame_equal(
        predicted[list(frame.columns)], autoencoder.reconstruct(frame), rtol=1e-5
    )
    assert predicted.iloc[:, -4:].to_numpy() == pytest.approx(codes.to_numpy(), abs=1e-6)


def test_rows_keep_their_labels_and_other_columns_are_passed_over(loaded, frame):
    rows = frame.set_index(pd.Index([f"row {n}" for n in range(len(frame))])).iloc[::-7]
    shuffled = rows[rows.columns[::-1]].assign(more="?")
    expected = loaded.predict(frame).iloc[::-7].set_axis(rows.index)
    pd.testing.assert_frame_equal(loaded.predict(shuffled), expected)


def test_no_rows_give_no_rows(loaded, frame):
    assert loaded.predict(frame.head(0)).shape == (0, len(frame.columns) + 4)


@pytest.mark.parametrize("kind", ["category", object])
def test_columns_may_be_categories_or_objects(loaded, frame, kind):
    leveled = ["sex", "job", "grade", "size", "city", "race"]
    pd.testing.assert_frame_equal(
        loaded.predict(frame.astype(dict.fromkeys(leveled, kind))), loaded.predict(frame)
    )


@pytest.mark.parametrize("name", ["classifier", "softmax_classifier"])
def test_a_classifier_gives_the_class_and_a_probability_each(request, frame, tmp_path, name):
    classifier = request.getfixturevalue(name)
    model = mlflow.pyfunc.load_model(save_model(classifier, tmp_path / "it", threshold=0))
    expected = classifier.classify(frame)
    assert model.predict(frame).tolist() == expected["class"].tolist()
    predicted = model.predict(frame, params={"probabilities": True})
    assert list(predicted) == ["class", *(f"probability_{name}" for name in classifier.classes)]
    assert predicted["class"].tolist() == expected["class"].tolist()
    assert predicted.iloc[:, 1:].to_numpy() == pytest.approx(
        expected[list(classifier.classes)].to_numpy(), abs=1e-6
    )


def test_components_give_scores_and_the_tables_columns(components, frame, tmp_path):
    model = mlflow.pyfunc.load_model(save_model(components, tmp_path / "it", threshold=0))
    predicted = model.predict(frame)
    expected = components.reconstruct(frame)
    pd.testing.assert_frame_equal(predicted[list(expected)], expected, rtol=1e-5)
    assert predicted.iloc[:, 3:].to_numpy() == pytest.approx(
        components.encode(frame).to_numpy(), abs=1e-6
    )


def served(encoding):
    """The model's code with an encoding and no network."""
    model = TabularNetwork()
    model.variables = json.loads(json.dumps(encoding.to_dict()))["variables"]
    return model


LEVELS = st.sampled_from(["a", "b", "c c", "É", "1"])
NUMBERS = st.floats(-1e6, 1e6, width=32) | st.integers(-(2**40), 2**40) | st.booleans()


@given(
    st.lists(
        st.tuples(NUMBERS, LEVELS, LEVELS, LEVELS, st.integers(0, 3)), min_size=2, max_size=20
    ),
    st.sampled_from(["standard", "none", "minmax"]),
    st.booleans(),
)
def test_encoding_and_decoding_are_those_of_the_package(rows, scale, drop_first):
    ends = [(0, "a", "a", "a", 0), (1, "b", "b", "b", 1), (2.5, "c c", "b", "b", 2)]
    frame = pd.DataFrame(ends + rows, columns=["x", "l", "b", "m", "n"])
    frame["b"] = frame["b"].where(frame["b"] == "a", "b")
    steps = [
        Step(binarize={"b": "a", "m": "b", "n": 1}),
        Step(dummies={"columns": ["l"], "drop_first": drop_first}),
    ]
    encoding = Encoding.fit(frame, scale, steps)
    model = served(encoding)
    inputs = encoding.transform(frame)
    assert np.array_equal(model._encode(frame), inputs)
    noise = np.random.default_rng(len(rows)).normal(size=inputs.shape).astype(np.float32)
    for values in (inputs, noise):
        pd.testing.assert_frame_equal(model._decode(values), encoding.inverse(values))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"job": "nurze"}, r"column 'job' holds 'nurze' in row 3, an unknown level \(did you mean "
         r"nurse\?\); it takes one of clerk, cook, nurse"),
        ({"sex": "x"}, "column 'sex' holds 'x' in row 3, an unknown level; it takes one of Female, "
         "Male"),
        ({"size": 41}, "column 'size' holds 41.0 in row 3, an unknown level; it takes one of 36"),
        ({"city": ["Rome"]}, r"column 'city' holds \['Rome'\] in row 3, neither text nor a number; "
         "it takes text or a number"),
        ({"age": "old"}, "column 'age' holds 'old' in row 3, no number; it takes a finite number"),
        ({"age": "041"}, "column 'age' holds '041' in row 3, no number; it takes a finite number"),
        ({"age": float("inf")}, "column 'age' holds inf in row 3, no number"),
        ({"age": 10**400}, "column 'age' holds 10+ in row 3, no number"),
        ({"age": [1]}, r"column 'age' holds \[1\] in row 3, no number"),
        ({"age": pd.Timestamp(2020, 1, 1)}, "column 'age' holds Timestamp"),
        ({"income": 1e200}, r"column 'income' holds 1e\+200 in row 3, too large; it takes a number "
         "that 32 bits can hold"),
        ({"age": None}, "column 'age' has no value in row 3; it takes a number"),
        ({"race": None}, "column 'race' has no value in row 3; it takes one of A, B, C"),
    ],
)  # fmt: skip
def test_a_bad_value_is_named_with_its_column_and_row_and_what_is_allowed(
    loaded, frame, change, message
):
    rows = frame.head(5).astype(object)
    ((name, value),) = change.items()
    rows[name] = [*rows[name][:2], value, *rows[name][3:]]
    with pytest.raises(MlflowException, match=message) as caught:
        loaded.predict(rows)
    assert caught.value.get_http_status_code() == 400


def test_all_bad_columns_are_told_at_once(loaded, frame):
    rows = frame.head(3).assign(job="nurze", age=["old", 1, 2], sex=[None, "Male", "Male"])
    with pytest.raises(MlflowException) as caught:
        loaded.predict(rows)
    for expected in (
        "'job' holds 'nurze' in row 1",
        "'age' holds 'old'",
        "'sex' has no value in row 1",
    ):
        assert expected in caught.value.message


def test_missing_values_are_counted(loaded, frame):
    rows = frame.assign(income=[None, *frame["income"][1:-1], None])
    with pytest.raises(MlflowException, match="'income' has no value in row 1 and in 1 more rows"):
        loaded.predict(rows)


def test_a_missing_column_is_named(loaded, frame):
    with pytest.raises(MlflowException, match=r"Model is missing inputs \['sex'\]") as caught:
        loaded.predict(frame.rename(columns={"sex": "Sex"}))
    assert caught.value.get_http_status_code() == 400


def test_without_mlflows_own_check_a_missing_column_is_named_too(loaded, frame):
    model = loaded.unwrap_python_model()
    with pytest.raises(MlflowException, match=r"there is no column 'sex' \(did you mean Sex\?\) "
                       r"\(the model takes: age, sex, income"):  # fmt: skip
        model.predict(None, frame.rename(columns={"sex": "Sex"}))
    twice = frame.set_axis(["age", "age", *frame.columns[2:]], axis=1)
    with pytest.raises(MlflowException, match="several columns are named 'age'"):
        model.predict(None, twice)


def test_odd_names_survive(frame, tmp_path):
    names = ["température λ", " a  b ", 'say "hi"']
    columns = frame[["age", "income", "size"]].set_axis(names, axis=1)
    identity = Layer(np.eye(3, dtype=np.float32), np.zeros(3, dtype=np.float32), "linear")
    network = Network((identity, identity), Encoding.fit(columns, "none"), {}, "e" * 32)
    model = mlflow.pyfunc.load_model(save_model(network, tmp_path / "it", threshold=0))
    predicted = model.predict(columns)
    assert predicted[names].to_numpy() == pytest.approx(columns.to_numpy(), rel=1e-6)
