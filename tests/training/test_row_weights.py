"""Weights of rows and classes: a row of weight 2 is one that stands there twice."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import TableError
from sparse_lightning.nn.layers import single
from sparse_lightning.nn.moments import covariance_of, mean_of, variance_of
from sparse_lightning.project import Project
from sparse_lightning.training import train
from sparse_lightning.training.preparing import prepare

PLAIN = {"resample": False, "refit": False}
"""All networks see the same rows, and stay as their penalty has left them."""

pytestmark = pytest.mark.filterwarnings("ignore:look at the table")

TIMES = np.random.default_rng(5).integers(1, 4, size=40)


def table(rows=40, seed=1):
    generator = np.random.default_rng(seed)
    codes = generator.uniform(size=(rows, 2))
    values = codes @ generator.uniform(size=(2, 4)) + 0.1 * generator.uniform(size=(rows, 4))
    frame = pd.DataFrame(values, columns=list("abcd"))
    frame["y"] = np.where(codes[:, 0] > 0.6, "high", "low")
    return frame


def project(folder, task="sae", table=None, evaluation=None, **training):
    defaults = {"epochs": 8, "seeds": [1, 2], "accelerator": "cpu", "floor": {"max_cycles": 2}}
    target = {"classifier": "y", "regressor": "d"}.get(task)
    columns = [name for name in "abcd" if name != target]
    made = Project(
        task=task,
        table={
            "source": "t.csv",
            "columns": columns,
            "target": target,
            "scale": "minmax",
            **(table or {}),
        },
        network={"units": [2], "activation": "linear" if task == "pca" else "sigmoid"},
        training={**PLAIN, **defaults, "batch_size": 500, **training},
        evaluation=evaluation or {"validation": 0, "test": 0},
        regularizers={"l1_weights": [0.001], "groups": {"L1": {}, "sL1": {}}},
    )
    made._folder = folder
    return made


def trained(folder, frame, made):
    frame.to_csv(folder / "t.csv", index=False)
    prepared = prepare(made)
    return prepared, train(made, prepared.examples)


def alike(one, other, rtol=2e-3):
    for mine, theirs in zip(one.network.parameters(), other.network.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=rtol, atol=2e-4)
    np.testing.assert_allclose(one.squared_error, other.squared_error, rtol=rtol)
    for name, values in one.metrics.items():
        np.testing.assert_allclose(values, other.metrics[name], rtol=rtol, atol=1e-5)


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("sae", {}),
        ("sae", {"optimizer": "sgd", "learning_rate": 0.1, "fine_tune_epochs": 3}),
        ("pca", {}),
        ("classifier", {}),
        ("classifier", {"loss": "cross_entropy", "class_weight": "balanced"}),
        ("classifier", {"class_weight": "balanced"}),
        ("regressor", {}),
    ],
)
@pytest.mark.parametrize("scale", ["minmax", "standard"])
def test_a_weight_of_two_is_a_row_that_stands_there_twice(task, settings, scale, tmp_path):
    frame = table()
    weighted = {"scale": scale, "weight": "w"}
    first, one = trained(
        tmp_path, frame.assign(w=0.5 * TIMES), project(tmp_path, task, weighted, **settings)
    )
    repeated = frame.loc[np.repeat(frame.index, TIMES)]
    second, other = trained(
        tmp_path, repeated, project(tmp_path, task, {"scale": scale}, **settings)
    )
    for name in ("offsets", "factors", "squares", "means"):
        np.testing.assert_allclose(
            getattr(first.table.encoding, name), getattr(second.table.encoding, name), atol=1e-12
        )
    assert first.facts["null_error"] == pytest.approx(second.facts["null_error"], rel=1e-5)
    alike(one, other)


def test_equal_weights_change_nothing_but_the_last_digits(tmp_path):
    frame = table()
    made = project(tmp_path, table={"weight": "w"}, batch_size=16)
    _, one = trained(tmp_path, frame.assign(w=3), made)
    _, other = trained(tmp_path, frame, project(tmp_path, batch_size=16))
    alike(one, other)


def test_rows_of_weight_0_are_left_out(tmp_path):
    frame = table()
    frame["w"] = TIMES.astype(float)
    frame.loc[[3, 17], "w"] = 0
    wild = frame.copy()
    wild.loc[[3, 17], "a"] = 1e6
    made = project(tmp_path, table={"weight": "w"})
    prepared, one = trained(tmp_path, wild, made)
    _, other = trained(tmp_path, frame.drop(index=[3, 17]), made)
    assert (prepared.table.rows_weightless, prepared.facts["rows_dropped"]) == (2, 2)
    for mine, theirs in zip(one.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_levels_are_scaled_by_their_weights(tmp_path):
    frame = table()
    frame["kind"] = np.where(TIMES > 1, "x", "z")
    steps = {
        "columns": ["a", "kind"],
        "scale": "standard",
        "prepare": [{"dummies": {"columns": ["kind"]}}],
    }
    frame.assign(w=TIMES).to_csv(tmp_path / "t.csv", index=False)
    encoding = prepare(project(tmp_path, table={**steps, "weight": "w"})).table.encoding
    share = TIMES[TIMES > 1].sum() / TIMES.sum()
    assert encoding.offsets[1] == pytest.approx(share)
    assert encoding.factors[1] == pytest.approx(np.sqrt(share * (1 - share)))


def test_measures_of_other_rows_are_weighted(tmp_path):
    frame = table(200).assign(w=np.random.default_rng(3).uniform(0.2, 3, size=200))
    made = project(tmp_path, "classifier", {"weight": "w"}, {"folds": 0})
    prepared, population = trained(tmp_path, frame, made)
    part = prepared.examples.part("test")
    with torch.no_grad():
        output = single(population.network, 0)(part.inputs).numpy()
    labels, weights = part.labels.numpy(), part.weights.numpy()
    measured = {name: values[0] for name, values in population.metrics.items()}
    found = output.argmax(1)
    areas = [roc_auc_score(labels == n, output[:, n], sample_weight=weights) for n in (0, 1)]
    for name, value in (
        ("accuracy", accuracy_score(labels, found, sample_weight=weights)),
        ("balanced_accuracy", balanced_accuracy_score(labels, found, sample_weight=weights)),
        ("roc_auc", np.mean(areas)),
    ):
        assert measured[f"test_{name}"] == pytest.approx(
            value, abs=0.02 * (name == "roc_auc") + 1e-5
        )
    squares = np.square(output - part.targets.numpy()).mean(1)
    expected = np.average(squares, weights=weights)
    assert measured["test_squared_error"] == pytest.approx(expected, rel=1e-5)


def test_moments_count_rows_by_their_weights():
    rows = torch.rand(40, 3, generator=torch.Generator().manual_seed(2))
    repeated = rows[torch.from_numpy(np.repeat(np.arange(40), TIMES))]
    weights = torch.from_numpy(TIMES).float()
    for moment in (mean_of, variance_of, covariance_of):
        torch.testing.assert_close(moment(rows, weights), moment(repeated))


def test_weights_of_classes_balance_the_training_rows(tmp_path):
    frame = table(200)
    frame["y"] = np.where(frame["a"] > frame["a"].quantile(0.9), "rare", "often")
    frame.to_csv(tmp_path / "t.csv", index=False)
    made = project(tmp_path, "classifier", evaluation={"folds": 0}, class_weight="balanced")
    examples = prepare(made).examples
    counts = examples.training().labels.bincount()
    expected = counts.sum() / (2 * counts)
    torch.testing.assert_close(examples.class_weights, expected.float())
    assert prepare(project(tmp_path, "classifier")).examples.class_weights is None


@pytest.mark.parametrize(
    ("row", "value", "told"),
    [
        (4, -1, r"table.weight 'w' is negative in row 5 \(line 6\) \(-1\): a weight is a number"),
        (7, "", r"table.weight 'w' has no value in row 8 \(line 9\): a weight"),
        (slice(None), 0, "table.weight 'w' is 0 in every row"),
        (2, "heavy", "column 'w' holds text"),
    ],
)
def test_bad_weights_are_told_with_their_row(row, value, told, tmp_path):
    frame = table().assign(w=1).astype({"w": object})
    frame.loc[row, "w"] = value
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(TableError, match=told):
        prepare(project(tmp_path, table={"weight": "w"}))


def test_the_weight_is_no_input(tmp_path):
    frame = table().drop(columns="y").assign(w=TIMES)
    frame.to_csv(tmp_path / "t.csv", index=False)
    made = project(tmp_path, table={"weight": "w", "columns": "all"})
    assert prepare(made).table.encoding.columns == tuple("abcd")
    assert Examples(torch.rand(3, 2)).row_count == 3
