"""Classifiers: pre-training, output layer, fine-tuning, and what they are judged by."""

from functools import cache

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, roc_auc_score
from torch import nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import TableError
from sparse_lightning.nn.failures import Failure
from sparse_lightning.nn.layers import linear_layers, single
from sparse_lightning.project import Project
from sparse_lightning.training import measuring, predictors, train
from sparse_lightning.training.classifier_measures import judge_classes
from sparse_lightning.training.judging import judge_networks

PLAIN = {"resample": False, "refit": False}
"""All networks see the same rows, and stay as their penalty has left them."""

GROUPS = {"L1": {}, "sL1+sh": {"hidden_weight": 0.01, "hidden_threshold": 0.3}}


def examples(rows=120, classes=("a", "b", "c")):
    """Rows whose class is that of the largest of their first columns."""
    inputs = torch.rand(rows, 5, generator=torch.Generator().manual_seed(3))
    return Examples(inputs, inputs[:, : len(classes)].argmax(1), classes)


def project(groups=GROUPS, evaluation=None, **training):
    defaults = {"epochs": 4, "batch_size": 16, "seeds": [1, 2], "accelerator": "cpu"}
    return Project(
        task="classifier",
        table={"source": "my.csv", "target": "y", "scale": "minmax"},
        network={"units": [4, 3], "activation": "sigmoid"},
        training={**PLAIN, **defaults, "floor": {"max_cycles": 2}, **training},
        evaluation=evaluation or {"holdout": 0},
        regularizers={"l1_weights": [0.0001], "groups": groups},
    )


@cache
def trained():
    return train(project(fine_tune_epochs=120, learning_rate=0.03), examples())


def predictions(population, number, rows):
    with torch.no_grad():
        return single(population.network, number)(rows)


def test_a_classifier_has_the_encoder_and_an_output_a_class():
    population = trained()
    shapes = [layer.weight.shape for layer in linear_layers(population.network)]
    assert shapes == [(6, 5, 4), (6, 4, 3), (6, 3, 3)]
    assert isinstance(single(population.network, 0)[-1], nn.Sigmoid)


def test_it_learns_what_separates_the_classes():
    population = trained()
    assert population.metrics["accuracy"][:2].min() > 0.8
    assert set(population.metrics) == {
        *("accuracy", "balanced_accuracy", "roc_auc", "live_connections")
    }


def test_the_measures_are_those_of_scikit_learn():
    population, rows = trained(), examples()
    labels, targets = rows.labels.numpy(), rows.targets.numpy()
    for number in range(len(population.replicas)):
        output = predictions(population, number, rows.inputs).numpy()
        predicted = output.argmax(1)
        measures = {name: values[number] for name, values in population.metrics.items()}
        assert measures["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
        assert measures["balanced_accuracy"] == pytest.approx(
            balanced_accuracy_score(labels, predicted)
        )
        area = np.mean([roc_auc_score(targets[:, n], output[:, n]) for n in range(3)])
        assert measures["roc_auc"] == pytest.approx(area, abs=1e-4)
        assert population.squared_error[number] == pytest.approx(
            np.mean((output - targets) ** 2), rel=1e-4
        )
        document = population.documents["confusion.json"][number]
        assert document["training"] == confusion_matrix(labels, predicted).tolist()
        assert document["classes"] == ["a", "b", "c"]
        assert "heldout" not in document


def test_networks_that_are_judged_a_few_at_a_time_are_judged_alike(monkeypatch):
    rows = examples()
    whole, confusion = judge_networks(judge_classes, trained().network, rows, "heldout_")
    monkeypatch.setattr(measuring, "MOST_VALUES", 2 * 3 * len(rows.inputs))
    parts, again = judge_networks(judge_classes, trained().network, rows, "heldout_")
    np.testing.assert_array_equal(again, confusion)
    assert parts.keys() == whole.keys()
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-6)


def test_held_out_rows_are_not_trained_on():
    rows = examples()
    split = rows.hold_out(0.25, seed=1)
    kept = split.training()
    assert len(kept.inputs) == 90
    population = train(project(), split)
    alone = train(project(), kept)
    np.testing.assert_array_equal(population.squared_error, alone.squared_error)
    heldout = split.held_out()
    output = predictions(population, 3, heldout.inputs).numpy()
    assert population.metrics["heldout_squared_error"][3] == pytest.approx(
        np.mean((output - heldout.targets.numpy()) ** 2), rel=1e-4
    )
    assert population.metrics["heldout_accuracy"][3] == pytest.approx(
        accuracy_score(heldout.labels, output.argmax(1))
    )
    matrix = np.array(population.documents["confusion.json"][3]["heldout"])
    assert matrix.sum() == 30


@pytest.mark.long
def test_a_cross_validation_judges_every_row_by_networks_that_do_not_know_it():
    rows = examples()
    population = train(project(evaluation={"folds": 3, "seed": 5}), rows)
    alone = train(project(), rows)
    np.testing.assert_array_equal(population.squared_error, alone.squared_error)
    assert np.array(population.documents["confusion.json"][0]["heldout"]).sum() == len(rows.inputs)
    by_hand = np.zeros((len(rows.inputs), 3))
    for fold in rows.folds(3, seed=5, scale="minmax"):
        part = train(project(), fold.training())
        by_hand[fold.heldout.numpy()] = predictions(part, 2, fold.inputs[fold.heldout]).numpy()
    assert population.metrics["heldout_squared_error"][2] == pytest.approx(
        np.mean((by_hand - rows.targets.numpy()) ** 2), rel=1e-5
    )


def test_folds_and_held_out_rows_keep_the_shares_of_the_classes():
    rows = examples(300)
    shares = rows.labels.bincount() / 300
    for part in [*rows.folds(5, seed=0), rows.hold_out(0.2, seed=0)]:
        heldout = part.held_out()
        assert len(heldout.inputs) == 60
        torch.testing.assert_close(heldout.labels.bincount() / 60, shares, rtol=0, atol=0.02)


def test_a_class_that_is_too_rare_for_the_folds_is_named():
    labels = torch.tensor([0] * 10 + [1] * 3)
    rows = Examples(torch.rand(13, 2), labels, ("common", "rare"))
    with pytest.raises(TableError, match="folds 5 needs at least 5 rows of every class: 'rare'"):
        rows.folds(5, seed=0)
    with pytest.raises(TableError, match=r"evaluation.holdout 0.01 is not possible: "):
        rows.hold_out(0.01, seed=0)


def test_without_fine_tuning_the_encoder_stays_as_it_was_pre_trained():
    population = train(project(groups={"L1": {}}, fine_tune_epochs=0), examples())
    stack = Project(
        **{
            **project(groups={"L1": {}}, fine_tune_epochs=0).model_dump(exclude={"evaluation"}),
            "task": "sae",
            "table": {"source": "my.csv", "scale": "minmax"},
        }
    )
    pretrained = train(stack, Examples(examples().inputs))
    for layer in (0, 1):
        ours, theirs = (linear_layers(p.network)[layer].weight for p in (population, pretrained))
        # The floor of a stack is trained on in every stage, that of a classifier in the last.
        torch.testing.assert_close(ours[2:], theirs[2:], rtol=0, atol=0)


@pytest.mark.long
def test_cross_entropy_trains_softmax_outputs():
    population = train(
        project(groups={"L1": {}}, loss="cross_entropy", fine_tune_epochs=120), examples()
    )
    output = predictions(population, 0, examples().inputs)
    torch.testing.assert_close(output.sum(1), torch.ones(120))
    assert population.metrics["accuracy"][0] > 0.8
    assert population.squared_error[0] == pytest.approx(
        float((output - examples().targets).square().mean()), rel=1e-4
    )


def test_a_classifier_that_diverged_is_marked_and_judged_by_nothing():
    population = train(
        project(
            groups={"L1": {"l1_weights": [1e38]}},
            optimizer="sgd",
            learning_rate=0.1,
            loss="cross_entropy",
        ),
        examples(),
    )
    assert [bool(failure) for failure in population.failures] == [False] * 2 + [True] * 2
    assert np.isnan(population.metrics["accuracy"][2:]).all()
    assert np.isfinite(population.metrics["accuracy"][:2]).all()


def test_a_network_that_fails_in_a_fold_has_failed(monkeypatch):
    fitted, calls = predictors._fit, []

    def fit(*arguments):
        grid, network = fitted(*arguments)
        calls.append(grid)
        if len(calls) == 3:  # of all rows, of the first fold, of the second
            grid.failures[1] = Failure("fold 2 of 3, stage 1 of 2", 7, "loss")
        return grid, network

    monkeypatch.setattr(predictors, "_fit", fit)
    population = train(project(evaluation={"folds": 3, "seed": 5}), examples())
    told = [str(failure) for failure in population.failures if failure]
    assert told == ["diverged in fold 2 of 3, stage 1 of 2 at step 7: the loss was not finite"]
    assert np.isnan(population.metrics["heldout_accuracy"]).sum() == 1
    assert np.isnan(population.squared_error).sum() == 1


def test_rows_that_are_not_finite_are_refused():
    rows = examples()
    rows.inputs[4, 2] = float("nan")
    with pytest.raises(TableError, match="row 5 holds an input that is not finite"):
        train(project(), rows)


def test_a_class_that_is_never_right_counts_in_the_balanced_accuracy():
    rows = Examples(torch.zeros(4, 1), torch.tensor([0, 0, 0, 1]), ("no", "yes"))
    outputs = np.array([[[0.9, 0.1]] * 4, [[0.9, 0.1]] * 3 + [[0.2, 0.7]]])
    metrics, confusion = judge_classes(outputs, rows, prefix="heldout_")
    np.testing.assert_allclose(metrics["heldout_accuracy"], [0.75, 1])
    np.testing.assert_allclose(metrics["heldout_balanced_accuracy"], [0.5, 1])
    np.testing.assert_allclose(metrics["heldout_roc_auc"], [0.5, 1])
    assert confusion.tolist() == [[[3, 0], [1, 0]], [[3, 0], [0, 1]]]


@pytest.mark.long
def test_other_methods_are_judged_on_the_same_rows():
    rows = examples()
    names = {"accuracy", "balanced_accuracy", "roc_auc"}
    heldout = {f"heldout_{name}" for name in (*names, "squared_error")}
    methods = ("logistic_regression", "gradient_boosting")
    expected = {f"{method}_{name}" for method in methods for name in names}
    population = train(project(), rows)
    assert set(population.references) == expected
    expected |= {f"{method}_{name}" for method in methods for name in heldout}
    for judged in (
        train(project(), rows.hold_out(0.25, seed=1)),
        train(project(evaluation={"folds": 3}), rows),
    ):
        assert set(judged.references) == expected
        assert judged.references["logistic_regression_heldout_accuracy"] > 0.7
