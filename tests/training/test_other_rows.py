"""Validation and test rows: measured by closed forms, and never trained on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sparse_lightning.data.examples import Examples, rescaled
from sparse_lightning.nn.layers import linear_layers, single
from sparse_lightning.project import Project
from sparse_lightning.training import train
from sparse_lightning.training.preparing import prepare

PLAIN = {"resample": False, "refit": False}
"""All networks see the same rows, and stay as their penalty has left them."""

ROWS = 90
PARTS = torch.from_numpy(np.random.default_rng(2).permutation(np.repeat([0, 1, 2], 30)))
PARTS = PARTS.to(torch.int8)


def of(part):
    return torch.eq(PARTS, part)


TASKS = ("sae", "pca", "classifier")


def latent(rows=ROWS, seed=0):
    """Four columns of two latent ones."""
    generator = torch.Generator().manual_seed(seed)
    codes = torch.rand(rows, 2, generator=generator)
    noise = 0.1 * torch.rand(rows, 4, generator=generator)
    return codes @ torch.tensor([[1, 0.5, 0, 0.3], [0, 0.2, 1, 0.4]]) / 2 + noise


def project(task, units=(2,), evaluation=None, **training):
    defaults = {"epochs": 6, "seeds": [1, 2], "accelerator": "cpu", "floor": {"max_cycles": 2}}
    return Project(
        task=task,
        table={
            "source": "t.csv",
            "target": "y" if task == "classifier" else None,
            "scale": "standard" if task == "pca" else "minmax",
        },
        network={
            "units": list(units),
            "activation": "linear" if task == "pca" else "sigmoid",
        },
        training={**PLAIN, **defaults, **training},
        evaluation=evaluation or {},
        regularizers={
            "l1_weights": [0.001],
            "groups": {"L1": {}, "sL1+decs": {"hidden_weight": 0.01}},
        },
    )


def examples(task, **fields):
    inputs = latent()
    if task == "classifier":
        fields = {"labels": (inputs[:, 0] > inputs[:, 2]).long(), "classes": ("n", "y"), **fields}
    return Examples(inputs, **fields)


@pytest.mark.parametrize("task", TASKS)
def test_networks_are_those_of_the_training_rows_alone(task):
    whole = examples(task, parts=PARTS)
    trained = train(project(task), whole)
    alone = train(project(task), whole.training())
    np.testing.assert_array_equal(trained.squared_error, alone.squared_error)
    for one, other in zip(trained.network.parameters(), alone.network.parameters(), strict=True):
        assert torch.equal(one, other)
    for name, values in alone.metrics.items():
        np.testing.assert_array_equal(trained.metrics[name], values)
    assert not any(name.startswith(("validation_", "test_")) for name in alone.metrics)


@pytest.mark.parametrize("units", [(2,), (3, 2)])
def test_autoencoders_rebuild_other_rows_as_by_hand(units):
    rows = examples("sae", parts=PARTS)
    trained = train(project("sae", units), rows)
    mean = rows.inputs[of(0)].mean(0)
    for name, number in (("validation", 1), ("test", 2)):
        part = rows.inputs[of(number)]
        null = float((part - mean).square().mean())
        assert rows.training().null_error_on(rows.part(name)) == pytest.approx(null, rel=1e-5)
        for replica in range(len(trained.replicas)):
            with torch.no_grad():
                error = float((single(trained.network, replica)(part) - part).square().mean())
            measured = {key: value[replica] for key, value in trained.metrics.items()}
            assert measured[f"{name}_squared_error"] == pytest.approx(error, rel=1e-5)
            assert measured[f"{name}_explained"] == pytest.approx(1 - error / null, abs=1e-5)
            if len(units) == 2:
                last = measured[f"{name}_squared_error_5_layers"]
                assert last == measured[f"{name}_squared_error"]


def test_classifiers_are_judged_on_each_part():
    rows = examples("classifier", parts=PARTS)
    trained = train(project("classifier"), rows)
    for name, number in (("validation", 1), ("test", 2)):
        part = rows.take(of(number))
        with torch.no_grad():
            output = single(trained.network, 0)(part.inputs)
        assert trained.metrics[f"{name}_accuracy"][0] == pytest.approx(
            accuracy_score(part.labels, output.argmax(1))
        )
        assert trained.metrics[f"{name}_squared_error"][0] == pytest.approx(
            float((output - part.targets).square().mean()), rel=1e-5
        )
        assert np.sum(trained.documents["confusion.json"][0][name]) == 30
        assert f"logistic_regression_{name}_accuracy" in trained.references


def test_components_explain_other_rows_about_the_training_means():
    rows = examples("pca", parts=PARTS)
    trained = train(project("pca"), rows)
    mean = rows.inputs[of(0)].mean(0)
    exact = PCA(2).fit(rows.inputs[of(0)].numpy())
    for name, number in (("validation", 1), ("test", 2)):
        part = (rows.inputs[of(number)] - mean).double()
        for replica in range(len(trained.replicas)):
            loadings = linear_layers(trained.network)[0].weight[replica].detach().double()
            basis, _ = torch.linalg.qr(loadings[:, loadings.norm(dim=0) > 0])
            left = (part - part @ basis @ basis.T).square().sum() / part.square().sum()
            found = trained.metrics[f"{name}_squared_error"][replica]
            assert found == pytest.approx(float(left), abs=1e-4)
            assert trained.metrics[f"{name}_explained"][replica] == pytest.approx(1 - found)
        rebuilt = part.numpy() @ exact.components_.T @ exact.components_
        explained = 1 - np.square(part.numpy() - rebuilt).sum() / part.square().sum()
        assert trained.references[f"pca_{name}_contribution_2"] == pytest.approx(
            float(explained), abs=1e-4
        )


@pytest.mark.parametrize("task", ["sae", pytest.param("pca", marks=pytest.mark.long)])
def test_a_cross_validation_judges_each_row_by_networks_that_do_not_know_it(task):
    rows = examples(task)
    trained = train(project(task, evaluation={"folds": 3, "seed": 4}), rows)
    alone = train(project(task), rows)
    np.testing.assert_array_equal(trained.squared_error, alone.squared_error)
    total, null = 0.0, 0.0
    scaler = StandardScaler if task == "pca" else MinMaxScaler
    for inside, outside in KFold(3, shuffle=True, random_state=4).split(rows.inputs):
        fitted = scaler().fit(rows.inputs[inside].double())
        kept, out = (
            torch.from_numpy(fitted.transform(rows.inputs[part].double())).float()
            for part in (inside, outside)
        )
        network = single(train(project(task), Examples(kept)).network, 1)
        with torch.no_grad():
            total += float((network(out) - out).square().sum())
        null += float((out - kept.mean(0)).square().sum())
    assert trained.metrics["heldout_explained"][1] == pytest.approx(1 - total / null, abs=2e-3)
    error = total / null if task == "pca" else total / rows.inputs.numel()
    assert trained.metrics["heldout_squared_error"][1] == pytest.approx(error, rel=5e-3)


@pytest.mark.parametrize(
    ("scale", "scaler"), [("minmax", MinMaxScaler), ("standard", StandardScaler)]
)
def test_a_fold_is_scaled_by_the_rows_that_it_keeps(scale, scaler):
    rows = torch.cat([latent(), torch.zeros(ROWS, 1)], 1)
    kept = torch.arange(ROWS) % 3 > 0
    again = rescaled(rows, kept, scale)
    fitted = scaler().fit(rows[kept].double())
    np.testing.assert_allclose(again, fitted.transform(rows.double()), atol=1e-5)
    assert rescaled(rows, kept, "none") is rows
    binary = (rows > 0.5).float()
    assert torch.equal(rescaled(binary, kept, "minmax"), binary)


def test_folds_keep_groups_together():
    groups = torch.arange(ROWS) // 5
    for task in ("sae", "classifier"):
        folds = examples(task, groups=groups).folds(4, seed=0)
        assert len(folds) == 4
        assert sum(fold.rows_held_out for fold in folds) == ROWS
        for fold in folds:
            assert not set(groups[fold.heldout].tolist()) & set(groups[~fold.heldout].tolist())


def test_what_chooses_knows_nothing_of_what_judges():
    rows = examples("sae", parts=PARTS, groups=torch.arange(ROWS))
    choosing = rows.choosing()
    assert choosing.part("test") is None
    assert torch.equal(choosing.part("validation").inputs, rows.part("validation").inputs)
    assert torch.equal(choosing.training().inputs, rows.training().inputs)
    assert examples("sae").choosing().parts is None


def written(folder, task, frame):
    frame.to_csv(folder / "t.csv", index=False)
    made = project(task, evaluation={"folds": 0})
    made._folder = folder
    return prepare(made)


@pytest.mark.filterwarnings("ignore:look at the table")
@pytest.mark.parametrize("task", TASKS)
def test_values_of_other_rows_change_no_weight(task, tmp_path):
    frame = pd.DataFrame(latent().numpy().round(4), columns=list("abcd"))
    if task == "classifier":
        frame["y"] = np.where(frame["a"] > frame["c"], "yes", "no")
    prepared = written(tmp_path, task, frame)
    others = ~prepared.table.split.training
    changed = frame.copy()
    columns = list("abcd")
    changed.loc[others, columns] = 7 - 3 * changed.loc[others, columns]
    again = written(tmp_path, task, changed)
    first, second = (train(project(task), one.examples) for one in (prepared, again))
    for one, other in zip(first.network.parameters(), second.network.parameters(), strict=True):
        assert torch.equal(one, other)
    np.testing.assert_array_equal(first.squared_error, second.squared_error)
    assert (
        first.metrics["validation_squared_error"] != second.metrics["validation_squared_error"]
    ).any()
    assert prepared.facts["rows"] == 54
    assert prepared.facts["rows_validation"] == prepared.facts["rows_test"] == 18
    assert prepared.facts["null_error"] == again.facts["null_error"]


def test_a_part_of_some_classes_has_no_area_under_the_curve():
    rows = examples("classifier", parts=PARTS)
    labels = rows.labels.clone()
    labels[of(2)] = 0
    trained = train(project("classifier"), replace(rows, labels=labels))
    assert np.isnan(trained.metrics["test_roc_auc"]).all()
    assert np.isfinite(trained.metrics["validation_roc_auc"]).all()
