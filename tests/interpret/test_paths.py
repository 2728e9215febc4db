"""Path strengths are weighed by the spread of what flows through them."""

import numpy as np
import pandas as pd
import pytest

import sparse_lightning as sl
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.paths import reaching, rebuilding
from sparse_lightning.interpret.structure import Moments, Structure
from sparse_lightning.network import Network
from sparse_lightning.project.preparation import Step
from sparse_lightning.weights import Layer

ROWS = 400
RANDOM = np.random.default_rng(7)
FRAME = pd.DataFrame(
    {
        "age": RANDOM.normal(40, 12, ROWS),
        "ward": RANDOM.choice(list("abcdefgh"), ROWS, p=[0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05]),
        "treated": RANDOM.choice(["yes", "no"], ROWS, p=[0.1, 0.9]),
        "dose": RANDOM.lognormal(0, 1, ROWS),
    }
)


@pytest.mark.parametrize("scale", ["minmax", "standard", "none"])
@pytest.mark.parametrize("drop_first", [False, True])
def test_strengths_at_the_first_layer_are_the_spreads_of_what_arrives(scale, drop_first):
    dummies = {"columns": ["ward"], "drop_first": drop_first}
    steps = [Step(dummies=dummies), Step(binarize={"treated": "yes"})]
    encoding = Encoding.fit(FRAME, scale, steps)
    inputs = encoding.transform(FRAME).astype(float)
    weight = RANDOM.normal(size=(5, inputs.shape[1])).astype(np.float32)
    network = _network(encoding, weight)
    arrived = [(inputs[:, part] @ weight[:, part].T).std(axis=0) for _, part in encoding.groups]
    found = reaching(network.structure(0.0), 1)
    np.testing.assert_allclose(found, np.stack(arrived, axis=1), rtol=1e-5)
    stored = Encoding.from_dict(encoding.to_dict())
    np.testing.assert_array_equal(found, reaching(_network(stored, weight).structure(0.0), 1))


def test_levels_that_are_weighed_alike_reach_nothing():
    encoding = Encoding.fit(
        FRAME[["ward", "dose"]], "minmax", [Step(dummies={"columns": ["ward"]})]
    )
    weight = np.array([[0.7] * 8 + [1.0]], dtype=np.float32)
    paths = ClassPaths.of(_network(encoding, weight).structure())
    assert dict(zip(paths.variables["variable"], paths.variables["kind"], strict=True)) == {
        "dose": "used",
        "ward": "ignored",
    }


def test_an_input_that_never_varies_reaches_nothing():
    moments = Moments(np.array([0.0, 0.25]), np.zeros(2))
    structure = Structure.of([np.ones((1, 2))], ["same", "varies"], ["y"], moments=moments)
    assert reaching(structure, 1).tolist() == [[0.0, 0.5]]


def test_what_no_rows_are_known_of_varies_alike():
    groups = (("colour", slice(0, 3)), ("size", slice(3, 4)))
    weight = np.array([[1.0, -2.0, 0.5, 3.0]])
    structure = Structure.of([weight], "rgbs", "y", groups)
    np.testing.assert_allclose(reaching(structure, 1), [[np.sqrt(5.25), 3.0]])


def test_the_outputs_of_a_variable_are_one_vector():
    groups = (("colour", slice(0, 3)), ("size", slice(3, 4)))
    decoder = np.array([[3.0], [4.0], [0.0], [2.0]])
    structure = Structure.of([np.ones((1, 4)), decoder], "rgbs", groups=groups)
    np.testing.assert_allclose(rebuilding(structure, 1), [[5.0, 2.0]])


@pytest.mark.long
def test_levels_without_effect_do_not_stand_before_what_drives_the_outcome():
    """A yes or no decides, a column of twelve levels and a number are noise."""
    random = np.random.default_rng(0)
    count = 800
    treated, ward = random.integers(2, size=count), random.integers(12, size=count)
    outcome = (treated + random.normal(0, 0.6, count) > 0.5).astype(int)
    columns = [treated, *(ward == level for level in range(12)), random.normal(size=count)]
    inputs = np.stack(columns, axis=1).astype(float)
    model = sl.SparseClassifier(4, l1_weight=0.0002, n_seeds=1, epochs=300, random_state=0)
    model.fit(inputs, outcome)
    groups = (("treated", slice(0, 1)), ("ward", slice(1, 13)), ("dose", slice(13, 14)))
    weights = model.network_.weights
    shares = inputs.mean(axis=0)
    scaled = (inputs - inputs.min(axis=0)) / np.ptp(inputs, axis=0)
    squares = np.where(np.arange(14) % 13 == 0, scaled.var(axis=0), shares)
    means = np.where(np.arange(14) % 13 == 0, 0.0, shares)
    names = [f"input {place}" for place in range(14)]
    structure = Structure.of(weights, names, "01", groups, moments=Moments(squares, means))
    strengths = ClassPaths.of(structure).strengths.sum()
    assert strengths.idxmax() == "treated"
    assert strengths["treated"] > 10 * strengths["dose"]


def _network(encoding: Encoding, weight: np.ndarray) -> Network:
    layer = Layer(weight, np.zeros(len(weight), np.float32))
    names = tuple(f"class {place}" for place in range(len(weight)))
    return Network((layer,), encoding, {}, "r" * 32, "classifier", names)
