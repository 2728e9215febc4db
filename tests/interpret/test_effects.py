"""Effects: by how much each column moves a target, against closed forms and differences."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sparse_lightning.data.catalog import load_table
from sparse_lightning.data.contrasts import contrasts
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.number_target import NumberTarget
from sparse_lightning.errors import InputError
from sparse_lightning.interpret.average_effects import average_effects
from sparse_lightning.interpret.effects import effects_document, effects_frame, effects_from
from sparse_lightning.network import Network
from sparse_lightning.nn.layers import batched_layer, single
from sparse_lightning.project import TableSettings
from sparse_lightning.project.preparation import Step
from sparse_lightning.weights import Layer, layers_of

TARGET = NumberTarget(("price", "size"), (100.0, 5.0), (20.0, 0.5))

STEPS = [
    Step.model_validate({"binarize": {"sex": "m"}}),
    Step.model_validate({"dummies": {"columns": ["job"]}}),
]


def frame(rows=60):
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "age": random.uniform(20, 80, rows),
            "sex": random.choice(["f", "m"], rows),
            "job": random.choice(["a", "b", "c"], rows),
        }
    )


def network(activation, scale="minmax", seed=0, drop_first=False):
    steps = [*STEPS]
    if drop_first:
        steps[1] = Step.model_validate({"dummies": {"columns": ["job"], "drop_first": True}})
    encoding = Encoding.fit(frame(), scale, steps)
    random = np.random.default_rng(seed)
    widths = [len(encoding.input_names), 4, 2]
    layers = tuple(
        Layer(
            random.normal(size=(below, above)).astype(np.float32),
            random.normal(size=below).astype(np.float32),
            kind,
        )
        for above, below, kind in zip(widths[:-1], widths[1:], (activation, "linear"), strict=True)
    )
    return Network(layers, encoding, {}, "", "regressor", target=TARGET)


@pytest.mark.parametrize("scale", ["minmax", "standard", "none"])
@pytest.mark.parametrize("drop_first", [False, True])
@given(seed=st.integers(0, 2**32 - 1))
def test_of_a_linear_network_they_are_its_coefficients(seed, scale, drop_first):
    made = network("linear", scale, seed, drop_first)
    product = made.weights[1].astype(float) @ made.weights[0] / made.encoding.factors
    units = np.array(TARGET.deviations)[:, None]
    number, sex, *jobs = (product * units).T
    jobs = jobs if drop_first else [job - jobs[0] for job in jobs[1:]]
    wanted = np.stack([number, sex, *jobs], axis=1)
    found = made.effects(frame())
    assert found["target"].tolist() == ["price"] * 4 + ["size"] * 4
    assert found["variable"].tolist() == ["age", "sex", "job", "job"] * 2
    assert found["level"].tolist() == [None, "m", "b", "c"] * 2
    assert found["reference"].tolist() == [None, "f", "a", "a"] * 2
    np.testing.assert_allclose(
        found["effect"].to_numpy().reshape(2, 4), wanted, rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_of_a_curved_network_they_are_differences_over_the_rows(activation):
    made, rows = network(activation), frame()
    found = made.effects(rows).set_index(["target", "variable", "level"])["effect"]

    def predicted(**columns):
        return made.predict(rows.assign(**columns))["price"].to_numpy()

    step = 0.5
    slope = (predicted(age=rows["age"] + step) - predicted(age=rows["age"] - step)) / (2 * step)
    assert found["price", "age", None] == pytest.approx(slope.mean(), rel=1e-2)
    moved = (predicted(sex="m") - predicted(sex="f")).mean()
    assert found["price", "sex", "m"] == pytest.approx(moved, rel=1e-4)
    moved = (predicted(job="c") - predicted(job="a")).mean()
    assert found["price", "job", "c"] == pytest.approx(moved, rel=1e-4)


def test_every_kind_of_column_has_an_effect(tmp_path):
    random = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "size": np.where(random.random(60) < 0.2, np.nan, random.normal(size=60)),
            "grade": random.choice(["low", "mid", "high"], 60),
            "day": pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d"),
            "kind": np.where(random.random(60) < 0.2, None, random.choice(["a", "b"], 60)),
            "y": random.normal(size=60),
        }
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    pins = {"grade": {"ordered": ["low", "mid", "high"]}}
    settings = TableSettings(source="t.csv", target=("y",), columns=pins, scale="standard")
    used = load_table(settings, tmp_path)
    encoding = used.encoding
    columns = contrasts(encoding)
    assert [one.variable for one in columns] == ["size", "grade", "day", "kind"]
    assert [one.reference for one in columns] == ["", "low", "", "a"]
    size, grade, day, kind = columns
    assert (grade.levels, kind.levels) == (("mid", "high"), ("b", "missing"))
    assert (size.place.stop - size.place.start, day.place.stop - day.place.start) == (2, 8)
    weights = random.normal(size=(1, len(encoding.input_names)))
    layer = Layer(weights.astype(np.float32), np.zeros(1, np.float32), "linear")
    target = NumberTarget(("y",), (0.0,), (1.0,))
    made = Network((layer,), encoding, {}, "", "regressor", target=target)
    rows = used.frame
    found = made.effects(rows).set_index(["variable", "level"])["effect"]

    def mean(**values):
        return made.predict(rows.assign(**values))["y"].mean()

    assert found["grade", "high"] == pytest.approx(mean(grade="high") - mean(grade="low"), rel=1e-4)
    assert found["kind", "b"] == pytest.approx(mean(kind="b") - mean(kind="a"), rel=1e-4)
    assert found["kind", "missing"] == pytest.approx(mean(kind=None) - mean(kind="a"), rel=1e-4)
    assert found["size", None] == pytest.approx(mean(size=1.0) - mean(size=0.0), rel=1e-4)
    week = pd.Timestamp("2024-01-15"), pd.Timestamp("2024-01-08")  # on the same weekday
    moved = (mean(day=week[0]) - mean(day=week[1])) / 7
    assert found["day", None] == pytest.approx(moved, rel=1e-4)


def test_a_replica_in_a_crowd_has_the_effects_that_it_has_alone():
    encoding, rows = Encoding.fit(frame(), "minmax", STEPS), frame()
    population = torch.nn.Sequential(
        *batched_layer(5, 3, "tanh", [1, 2, 3], layer=0),
        *batched_layer(3, 2, "linear", [1, 2, 3], layer=1),
    )
    inputs, columns = encoding.transform(rows), contrasts(encoding)
    alone = [layers_of(single(population, number)) for number in range(3)]
    crowd = average_effects(population.double(), inputs, columns)
    assert crowd.shape == (3, 2, 4)
    for number in range(3):
        one = Network(alone[number], encoding, {}, "", "regressor", target=TARGET)
        found = effects_frame(crowd[number], columns, TARGET.names, TARGET.deviations)
        pd.testing.assert_frame_equal(found, one.effects(rows), rtol=1e-9)


def test_they_are_stored_and_read_back():
    found = network("tanh").effects(frame())
    found.loc[0, "effect"] = np.nan
    document = effects_document(found)
    assert document[0]["effect"] is None
    pd.testing.assert_frame_equal(effects_from(document), found)
    with pytest.raises(KeyError):
        effects_from([{"target": "price"}])


def test_a_network_tells_them_in_words():
    made = network("linear")
    weights = np.zeros((4, 5), np.float32)
    weights[0, 0], weights[0, 1], weights[1, 4] = 0.6, -0.5, 0.25
    layers = (
        Layer(weights, np.zeros(4, np.float32), "linear"),
        Layer(np.eye(2, 4, dtype=np.float32), np.zeros(2, np.float32), "linear"),
    )
    made = Network(layers, made.encoding, {}, "", "regressor", target=TARGET)
    slope = np.float32(0.6) * 20 / made.encoding.factors[0]
    told = made.describe(frame()).splitlines()
    assert told[1:5] == [
        "The target price is reached by sex and age.",
        "The target size is reached by job.",
        f"On average price moves by -10 for sex m instead of f and +{slope:.3g} for +1 of age.",
        "On average size moves by +0.125 for job c instead of a.",
    ]
    assert not any("average" in line for line in made.describe().splitlines())
    paths = made.mappings()
    assert paths.targets["variables"].tolist() == [("sex", "age"), ("job",)]
    assert paths.variables.set_index("variable")["targets"]["job"] == ("size",)


def test_only_regressors_have_them():
    made = network("tanh")
    with pytest.raises(InputError, match="a regressor rebuilds none of its inputs; use predict"):
        made.reconstruct(frame())
    with pytest.raises(InputError, match="a regressor knows no classes; use predict"):
        made.classify(frame())
    with pytest.raises(InputError, match="a regressor rebuilds no inputs"):
        made.information_loss(frame())
    with pytest.raises(InputError, match="no rows over which"):
        made.effects(frame()[:0])
    other = Network(made.layers, made.encoding, {}, "", "classifier", ("a", "b"))
    with pytest.raises(InputError, match="a classifier predicts no numbers; use classify"):
        other.predict(frame())
    with pytest.raises(InputError, match="a classifier predicts no numbers, so"):
        other.effects(frame())
