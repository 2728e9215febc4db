"""Regressors: least squares in the limit, and what they are judged by."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LassoCV, LinearRegression, RidgeCV
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.preprocessing import StandardScaler
from torch import nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.data.number_target import NumberTarget
from sparse_lightning.data.rows.splits import TEST, VALIDATION
from sparse_lightning.errors import TableError
from sparse_lightning.nn.layers import linear_layers, single
from sparse_lightning.project import Project
from sparse_lightning.training import measuring, train
from sparse_lightning.training.judging import judge_networks
from sparse_lightning.training.regressor_measures import (
    MOST_PREDICTIONS,
    judge_numbers,
    predictions_document,
    reference_regressors,
)

PLAIN = {"resample": False, "refit": False}
"""All networks see the same rows, and stay as their penalty has left them."""


def examples(rows=120, targets=1):
    """Rows with targets that are linear in their columns but for noise."""
    random = np.random.default_rng(3)
    inputs = random.random((rows, 5))
    numbers = 100 + inputs @ random.normal(size=(5, targets)) * [40.0, 3.0][:targets]
    numbers += random.normal(size=numbers.shape)
    names = [f"y{place}" for place in range(targets)]
    target = NumberTarget.fit(dict(zip(names, numbers.T, strict=True)))
    return Examples(
        torch.from_numpy(inputs.astype(np.float32)),
        numbers=torch.from_numpy(target.standardised(numbers)),
        number_target=target,
    )


def project(groups=None, evaluation=None, network=None, l1_weights=(0.0001,), **training):
    defaults = {"epochs": 4, "batch_size": 16, "seeds": [1, 2], "accelerator": "cpu"}
    return Project(
        task="regressor",
        table={"source": "my.csv", "target": "y", "scale": "minmax"},
        network={"units": [4, 3], "activation": "sigmoid", **(network or {})},
        training={**PLAIN, **defaults, "floor": {"max_cycles": 1}, **training},
        evaluation=evaluation or {"holdout": 0},
        regularizers={"l1_weights": list(l1_weights), "groups": groups or {"L1": {}}},
    )


@cache
def trained(targets):
    return train(project(), examples(targets=targets))


def predictions(population, number, rows):
    with torch.no_grad():
        return single(population.network, number)(rows).numpy()


def test_a_regressor_has_the_encoder_and_a_linear_output_a_target():
    network = trained(2).network
    assert [layer.weight.shape for layer in linear_layers(network)] == [
        (4, 5, 4),
        (4, 4, 3),
        (4, 3, 2),
    ]
    assert isinstance(single(network, 0)[-1], nn.Identity)


@pytest.mark.slow
@pytest.mark.parametrize("targets", [pytest.param(1, marks=pytest.mark.long), 2])
def test_without_penalty_a_linear_network_is_least_squares(targets):
    rows = examples(targets=targets)
    population = train(
        project(
            network={"units": [3], "activation": "linear"},
            epochs=20,
            fine_tune_epochs=150,
            batch_size=60,
            learning_rate=0.05,
            seeds=[1],
            l1_weights=[0.0],
        ),
        rows,
    )
    inputs, numbers = rows.inputs.double().numpy(), rows.numbers.double().numpy()
    wanted = LinearRegression().fit(inputs, numbers).predict(inputs)
    for number in range(2):
        found = predictions(population, number, rows.inputs)
        np.testing.assert_allclose(found, wanted, atol=0.03)
        assert population.metrics["r2"][number] == pytest.approx(
            r2_score(numbers, wanted), abs=1e-3
        )


@pytest.mark.parametrize("targets", [1, 2])
def test_the_measures_are_those_of_scikit_learn(targets):
    population, rows = trained(targets), examples(targets=targets)
    in_units = rows.number_target.in_units
    true = in_units(rows.numbers.numpy())
    kinds = {"r2": r2_score, "mae": mean_absolute_error, "rmse": root_mean_squared_error}
    for number in range(len(population.replicas)):
        found = in_units(predictions(population, number, rows.inputs))
        measures = {name: values[number] for name, values in population.metrics.items()}
        assert measures["r2"] == pytest.approx(r2_score(true, found), rel=1e-4)
        for name, measure in kinds.items():
            for place in range(targets):
                key = name if targets == 1 else f"{name}_target_{place + 1}"
                wanted = measure(true[:, place], found[:, place])
                assert measures[key] == pytest.approx(wanted, rel=1e-4)
        document = population.documents["predictions.json"][number]
        assert document["rows"] == "training"
        np.testing.assert_allclose(np.transpose(document["true"]), true, rtol=1e-5)
        np.testing.assert_allclose(np.transpose(document["predicted"]), found, rtol=1e-5)
    assert "mae" in population.metrics or targets == 2


def test_networks_that_are_judged_a_few_at_a_time_are_judged_alike(monkeypatch):
    rows, network = examples(targets=2), trained(2).network
    whole, predicted = judge_networks(judge_numbers, network, rows, "heldout_")
    monkeypatch.setattr(measuring, "MOST_VALUES", 2 * 2 * len(rows.inputs))
    parts, again = judge_networks(judge_numbers, network, rows, "heldout_")
    np.testing.assert_allclose(again, predicted, rtol=1e-6)
    assert parts.keys() == whole.keys()
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-6)


def test_held_out_rows_are_not_trained_on():
    split = examples().hold_out(0.25, seed=1)
    population = train(project(), split)
    alone = train(project(), split.training())
    np.testing.assert_array_equal(population.squared_error, alone.squared_error)
    heldout = split.held_out()
    assert len(heldout.inputs) == 30
    found = predictions(population, 3, heldout.inputs)
    assert population.metrics["heldout_squared_error"][3] == pytest.approx(
        np.mean((found - heldout.numbers.numpy()) ** 2), rel=1e-4
    )
    assert population.documents["predictions.json"][3]["rows"] == "heldout"


@pytest.mark.long
@pytest.mark.slow
def test_a_cross_validation_judges_every_row_by_networks_that_do_not_know_it():
    rows = examples()
    population = train(project(evaluation={"folds": 3, "seed": 5}), rows)
    by_hand = np.zeros((len(rows.inputs), 1))
    for fold in rows.folds(3, seed=5, scale="minmax"):
        part = train(project(), fold.training())
        found = predictions(part, 2, fold.inputs[fold.heldout])
        in_units = fold.number_target.in_units(found)
        by_hand[fold.heldout.numpy()] = rows.number_target.standardised(in_units)
    assert population.metrics["heldout_squared_error"][2] == pytest.approx(
        np.mean((by_hand - rows.numbers.numpy()) ** 2), rel=1e-5
    )
    assert sum(int(fold.heldout.sum()) for fold in rows.folds(3, seed=5)) == len(rows.inputs)


@pytest.mark.slow
def test_validation_and_test_rows_are_judged_beside_other_methods():
    parts = torch.zeros(120, dtype=torch.int8)
    parts[80:100], parts[100:] = VALIDATION, TEST
    rows = replace(examples(), parts=parts)
    population = train(project(), rows)
    alone = train(project(), rows.training())
    np.testing.assert_array_equal(population.squared_error, alone.squared_error)
    for part in ("validation", "test"):
        there = rows.part(part)
        assert len(there.inputs) == 20
        found = predictions(population, 3, there.inputs)
        true = there.numbers.numpy()
        measures = {name: values[3] for name, values in population.metrics.items()}
        assert measures[f"{part}_r2"] == pytest.approx(r2_score(true, found), rel=1e-4)
        (unit,) = rows.number_target.deviations
        wanted = root_mean_squared_error(true, found) * unit
        assert measures[f"{part}_rmse"] == pytest.approx(wanted, rel=1e-4)
        assert measures[f"{part}_squared_error"] == pytest.approx(np.mean((true - found) ** 2))
        for method in ("ridge", "lasso", "gradient_boosting"):
            assert np.isfinite(population.references[f"{method}_{part}_mae"])
    assert population.documents["predictions.json"][3]["rows"] == "test"


def test_a_row_of_weight_two_counts_as_two_rows():
    rows = examples(rows=40, targets=2)
    outputs = np.random.default_rng(0).normal(size=(2, 40, 2))
    counts = torch.arange(40) % 3 + 1
    twice = torch.arange(40).repeat_interleave(counts)
    weighted, _ = judge_numbers(outputs, replace(rows, weights=counts.float()), "test_")
    repeated, _ = judge_numbers(outputs[:, twice], rows.take(twice), "test_")
    assert weighted.keys() == repeated.keys()
    for name, values in weighted.items():
        np.testing.assert_allclose(values, repeated[name], rtol=1e-6)


def test_other_methods_count_rows_by_their_weights():
    rows = examples(rows=40)
    weights = np.arange(40) % 3 + 1.0
    weighted = replace(rows, weights=torch.from_numpy(weights).float())
    inputs, numbers = rows.inputs.double().numpy(), rows.numbers[:, 0].double().numpy()
    scaled = StandardScaler().fit(inputs, sample_weight=weights).transform(inputs)
    for name, method in (
        ("ridge", RidgeCV(np.logspace(-3, 4, 22))),
        ("lasso", LassoCV(cv=5)),
        ("gradient_boosting", HistGradientBoostingRegressor(random_state=0)),
    ):
        wanted = method.fit(scaled, numbers, sample_weight=weights).predict(scaled)
        found = reference_regressors()[name](weighted)(rows)
        np.testing.assert_allclose(found[0, :, 0], wanted, rtol=1e-6)


def test_more_folds_than_rows_are_refused():
    with pytest.raises(TableError, match=r"evaluation\.folds 5 needs at least 5 rows: there are 4"):
        examples(rows=4).folds(5, seed=0)


@pytest.mark.parametrize("targets", [pytest.param(1, marks=pytest.mark.long), 2])
def test_other_methods_are_judged_on_the_same_rows(targets):
    split = examples(targets=targets).hold_out(0.25, seed=1)
    references = train(project(), split).references
    names = ["r2", "mae", "rmse"]
    if targets == 2:
        names = ["r2", *(f"{name}_target_{place}" for name in names for place in (1, 2))]
    names += [f"heldout_{name}" for name in (*names, "squared_error")]
    methods = ("ridge", "lasso", "gradient_boosting")
    assert set(references) == {f"{method}_{name}" for method in methods for name in names}
    known, others = split.training(), split.held_out()
    scaler = StandardScaler().fit(known.inputs.double())
    for name, method in (("ridge", RidgeCV(np.logspace(-3, 4, 22))), ("lasso", LassoCV(cv=5))):
        scores = [
            method.fit(scaler.transform(known.inputs.double()), known.numbers[:, place]).predict(
                scaler.transform(others.inputs.double())
            )
            for place in range(targets)
        ]
        wanted = r2_score(others.numbers.numpy(), np.transpose(scores))
        assert references[f"{name}_heldout_r2"] == pytest.approx(wanted, abs=1e-3)


def test_a_target_that_is_the_same_in_all_rows_has_no_r2():
    rows = examples().take(torch.tensor([3, 3, 3]))
    metrics, _ = judge_numbers(np.ones((1, 3, 1)), rows, "heldout_")
    assert np.isnan(metrics["heldout_r2"]).all()
    assert np.isfinite(metrics["heldout_mae"]).all()


def test_of_many_rows_some_predictions_are_told_and_what_is_not_finite_is_none():
    rows = examples(rows=2 * MOST_PREDICTIONS)
    outputs = np.full((1, len(rows.inputs), 1), np.inf)
    _, predicted = judge_numbers(outputs, rows, "")
    document = predictions_document(predicted[0], rows, "training")
    assert document["predicted"] == [[None] * MOST_PREDICTIONS]
    assert len(document["true"][0]) == MOST_PREDICTIONS
    assert document["rows_total"] == 2 * MOST_PREDICTIONS


def test_a_regressor_that_diverged_is_marked_and_judged_by_nothing():
    population = train(
        project(l1_weights=[1e38], optimizer="sgd", learning_rate=0.1, seeds=[1]), examples()
    )
    assert [bool(failure) for failure in population.failures] == [False, True]
    assert np.isnan(population.metrics["r2"]).tolist() == [False, True]
