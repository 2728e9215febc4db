"""Each seed has a sample of the rows of its own; what a penalty has left is refitted."""

import numpy as np
import pandas as pd
import pytest
import torch

import sparse_lightning as sl
from sparse_lightning.nn.layers import linear_layers, take
from sparse_lightning.training import train
from sparse_lightning.training.preparing import prepare
from sparse_lightning.training.resampling import sample_counts


def table(rows=60):
    generator = np.random.default_rng(3)
    codes = generator.uniform(size=(rows, 2))
    values = np.repeat(codes, 2, 1) + 0.1 * generator.uniform(size=(rows, 4))
    frame = pd.DataFrame(values, columns=list("abcd"))
    frame["y"] = np.where(codes[:, 0] > 0.6, "high", "low")
    return frame


def project(task="sae", seeds=(1, 2), weights=(0.002,), **training):
    target = {"classifier": "y", "regressor": "d"}.get(task)
    defaults = {
        "resample": False,
        "refit": False,
        "epochs": 10,
        "accelerator": "cpu",
        "floor": {"max_cycles": 1},
    }
    return sl.Project(
        task=task,
        table={"columns": [name for name in "abcd" if name != target], "target": target},
        network={"units": [2]},
        training={**defaults, "batch_size": 500, "seeds": list(seeds), **training},
        evaluation={"validation": 0, "test": 0, "folds": 0},
        regularizers={"l1_weights": list(weights), "groups": {"L1": {}}},
    )


def trained(made, frame=None):
    return train(made, prepare(made, frame=table() if frame is None else frame).examples)


def test_a_sample_is_drawn_with_replacement():
    counts = sample_counts(1000, seed=3)

    assert counts.sum() == 1000
    assert torch.equal(counts, sample_counts(1000, seed=3))
    assert not torch.equal(counts, sample_counts(1000, seed=4))
    # Of a sample with replacement a row is left out with the probability 1/e.
    assert float((counts == 0).float().mean()) == pytest.approx(np.exp(-1), abs=0.05)


@pytest.mark.parametrize("task", ["sae", "classifier", "regressor", "pca"])
def test_a_sample_is_the_table_with_its_rows_as_often_as_they_were_drawn(task):
    frame = table()
    made = project(task, resample=True)
    made = made.model_copy(update={"table": made.table.model_copy(update={"scale": "none"})})
    examples = prepare(made, frame=frame).examples
    sampled = train(made, examples)

    for seed in (1, 2):
        counts = sample_counts(len(frame), seed).long()
        rows = torch.arange(len(frame)).repeat_interleave(counts)
        alone = made.model_copy(
            update={
                "training": made.training.model_copy(update={"resample": False, "seeds": (seed,)})
            }
        )
        wanted = train(alone, examples.take(rows))

        for number, replica in enumerate(sampled.replicas):
            if replica.seed != seed:
                continue
            (other,) = (n for n, one in enumerate(wanted.replicas) if one.group == replica.group)
            mine, theirs = take(sampled.network, [number]), take(wanted.network, [other])
            for ours, expected in zip(linear_layers(mine), linear_layers(theirs), strict=True):
                torch.testing.assert_close(ours.weight, expected.weight, rtol=5e-3, atol=1e-3)


def test_a_seed_has_the_same_sample_whatever_other_seeds_there_are():
    both = trained(project(seeds=(1, 2), resample=True))
    alone = trained(project(seeds=(2,), resample=True))

    places = [n for n, one in enumerate(both.replicas) if one.seed == 2]
    for mine, theirs in zip(
        take(both.network, places).parameters(), alone.network.parameters(), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


def test_measures_are_those_of_all_rows():
    made = project(resample=True)
    examples = prepare(made, frame=table()).examples

    population = train(made, examples)

    with torch.no_grad():
        errors = (population.network(examples.inputs) - examples.inputs).square().mean((1, 2))
    np.testing.assert_allclose(population.squared_error, errors.numpy(), rtol=1e-5)


@pytest.mark.parametrize("task", ["sae", "classifier", "regressor", "pca"])
def test_refitting_keeps_zeros_and_lowers_the_error(task):
    weights = (0.03,) if task != "pca" else (0.3,)
    made = project(task, weights=weights, epochs=150, learning_rate=0.03)
    before = trained(made)
    after = trained(
        made.model_copy(update={"training": made.training.model_copy(update={"refit": True})})
    )

    penalised = np.array([one.group == "L1" for one in before.replicas])
    threshold = made.report.connection_threshold
    for mine, theirs in zip(
        linear_layers(before.network)[:1], linear_layers(after.network)[:1], strict=True
    ):
        gone = mine.weight[penalised].abs() <= threshold
        if task != "pca":  # whose components are put in order anew
            assert (theirs.weight[penalised][gone] == 0).all()
        assert gone.any()
    # Components are trained by the mean over their first n; the error is that of all of them.
    slack = 0.01 if task == "pca" else 1e-5
    assert (after.squared_error[penalised] <= before.squared_error[penalised] * (1 + slack)).all()
    kept = after.metrics["squared_error_before_refit"]
    np.testing.assert_allclose(kept, before.squared_error, rtol=1e-4)
    assert (after.connections[penalised] <= before.connections[penalised]).all()


def test_the_floor_is_not_refitted():
    before = trained(project(epochs=30))
    after = trained(project(epochs=30, refit=True))

    floor = [n for n, one in enumerate(before.replicas) if one.group == "none"]
    np.testing.assert_array_equal(before.squared_error[floor], after.squared_error[floor])
