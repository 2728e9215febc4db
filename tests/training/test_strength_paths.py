"""λ and epochs that are found by a pilot: from nothing left to nearly all, until it has settled."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sparse_lightning as sl
from sparse_lightning.project.groups import PATH_LENGTH
from sparse_lightning.training.checkpoints import NoCheckpoints
from sparse_lightning.training.path import (
    NEARLY_ALL,
    STEPS,
    found_settings,
    loss_without_weights,
    path_of,
)
from sparse_lightning.training.preparing import prepare
from sparse_lightning.training.progress import SilentProgress
from sparse_lightning.training.settling import CYCLE_STEPS, State, cycle_epochs, has_settled

BRACKET = [10 ** (-place / 3) for place in range(16)]


def table(rows=80):
    generator = np.random.default_rng(3)
    codes = generator.uniform(size=(rows, 2))
    values = np.repeat(codes, 2, 1) + 0.1 * generator.uniform(size=(rows, 4))
    frame = pd.DataFrame(values, columns=list("abcd"))
    frame["y"] = np.where(codes[:, 0] > 0.6, "high", "low")
    return frame


def project(task="sae", **fields):
    target = {"classifier": "y", "regressor": "d"}.get(task)
    training = {"epochs": 60, "seeds": [1, 2], "accelerator": "cpu", "floor": {"max_cycles": 1}}
    training |= fields.pop("training", {})
    regularizers = {"l1_weights": "auto", "groups": {"L1": {}}, **fields.pop("regularizers", {})}
    return sl.Project(
        task=task,
        table={"columns": [name for name in "abcd" if name != target], "target": target},
        network={"units": [2], **({} if task == "pca" else {"activation": "tanh"})},
        training=training,
        regularizers=regularizers,
        **fields,
    )


def found(made, frame=None):
    prepared = prepare(made, frame=table() if frame is None else frame)
    return found_settings(made, prepared.examples, SilentProgress(), NoCheckpoints())


def test_a_path_follows_the_shares_that_the_pilot_has_left():
    # A straight line of the logarithm: 0 at the eighth strength, all at the last.
    shares = [max(0.0, (place - 7) / 8) for place in range(16)]

    path = path_of(BRACKET, shares)

    assert len(path) == PATH_LENGTH
    left = np.interp(-np.log(path), -np.log(BRACKET), shares)
    # Both ends are further than the pilot needs, as other seeds may need it.
    assert path[0] == pytest.approx(BRACKET[5], rel=0.01)
    assert left[1:] == pytest.approx(np.array(STEPS[1:]) * NEARLY_ALL, abs=0.005 + 1 / 8)
    assert np.diff(left[1:-1]).max() < 0.2


@given(
    shares=st.lists(st.floats(0, 1), min_size=16, max_size=16),
    length=st.integers(2, 30),
)
def test_every_path_falls_and_stays_within_the_strengths_that_were_tried(shares, length):
    path = path_of(BRACKET, shares, length)

    assert len(path) == length
    assert (np.diff(path) < 0).all()
    assert path[0] <= BRACKET[0] * 1.01
    assert path[-1] >= BRACKET[-1] * 0.99


@pytest.mark.long
@pytest.mark.parametrize("task", ["sae", "classifier", "regressor", "pca"])
def test_the_study_runs_from_nothing_to_nearly_all(task, tmp_path):
    training = {"epochs": 300, "refit": True, "resample": True, "seeds": [1, 2, 3, 4, 5]}
    made = project(task, training=training, evaluation={"folds": 0, "validation": 0, "test": 0})
    made = made.model_copy(
        update={"report": made.report.model_copy(update={"bootstrap": 20})},
    )

    study = sl.run(made, f"sqlite:///{tmp_path}/m.db", tmp_path / "report", table=table(200))

    networks = study.networks[study.networks["group"] == "L1"]
    inputs, outputs = (4, 4) if task in ("sae", "pca") else (3 + (task == "classifier"), 1)
    outputs = 2 if task == "classifier" else outputs
    total = inputs if task == "pca" else inputs * 2 + 2 * outputs
    shares = networks.groupby("l1_weight")["connections"].mean() / total
    assert len(shares) == PATH_LENGTH
    assert shares.iloc[-1] <= (0.26 if task == "pca" else 0.02)  # a component has a loading
    assert shares.iloc[0] >= 0.85
    assert study.project.regularizers.groups["L1"].l1_weights == tuple(
        networks["l1_weight"].unique()
    )


def test_the_loss_without_weights_is_that_of_a_model_of_the_means():
    frame = table()
    examples = prepare(project(), frame=frame).examples.training()
    rows = examples.inputs.double().numpy()

    loss = loss_without_weights(project(), examples)

    assert loss == pytest.approx(((rows - rows.mean(0)) ** 2).sum(1).mean(), rel=1e-5)


def test_of_cross_entropy_the_loss_without_weights_is_the_entropy_of_the_classes():
    made = project("classifier", training={"loss": "cross_entropy"})
    frame = table()
    frame[list("abcd")] *= 1e-9  # scaled to [0, 1] all the same
    examples = prepare(made, frame=frame).examples.training()
    shares = np.bincount(examples.labels) / len(examples.labels)

    loss = loss_without_weights(made, examples)

    assert loss >= -(shares * np.log(shares)).sum() - 1e-6


@pytest.mark.parametrize("epochs", [60, pytest.param("auto", marks=pytest.mark.long)])
def test_rows_that_train_nothing_change_no_path(epochs, monkeypatch):
    monkeypatch.setattr("sparse_lightning.training.settling.CYCLE_STEPS", 60)
    frame = table(100)
    made = project(training={"epochs": epochs}, evaluation={"folds": 0})
    before = found(made, frame)
    trained = prepare(made, frame=frame).table.split.training
    others = frame.copy()
    others.loc[~trained, list("abcd")] = 0.5

    after = found(made, others)

    assert after.project == before.project
    assert isinstance(before.project.training.epochs, int)


def test_shares_to_prune_need_no_pilot():
    made = project(regularizers={"groups": {"magnitude": {}}})

    chosen = found(made).project.regularizers.groups["magnitude"].l1_weights

    assert len(chosen) == PATH_LENGTH
    assert all(0 < share < 1 for share in chosen)


def test_what_is_given_is_not_searched_for():
    assert found(project(regularizers={"l1_weights": [0.1]})) is None


@pytest.mark.parametrize(
    ("epochs", "fine_tune_epochs"), [(3, "auto"), ("auto", 4), ("auto", "auto")]
)
def test_fine_tuning_has_epochs_of_its_own(epochs, fine_tune_epochs, monkeypatch):
    monkeypatch.setattr("sparse_lightning.training.settling.CYCLE_STEPS", 6)
    training = {"epochs": epochs, "fine_tune_epochs": fine_tune_epochs}
    made = project("classifier", training=training, regularizers={"l1_weights": [0.01]})

    chosen = found(made).project.training

    for asked, taken in ((epochs, chosen.epochs), (fine_tune_epochs, chosen.fine_tune_epochs)):
        assert isinstance(taken, int)
        if asked != "auto":
            assert taken == asked
        else:
            assert taken % 3 == 0  # two steps an epoch, and three epochs a cycle


def test_steps_and_not_epochs_make_a_cycle():
    assert cycle_epochs(rows=40, batch_size=64) == CYCLE_STEPS
    assert cycle_epochs(rows=64 * CYCLE_STEPS, batch_size=64) == 1


def test_a_population_has_settled_when_neither_axis_moves():
    errors, shares = np.array([1.0, 0.5]), np.array([0.0, 0.5])
    before = State(errors, shares)

    assert has_settled(before, State(errors - 0.015, shares + 0.015))
    assert not has_settled(before, State(errors - 0.03, shares))
    assert not has_settled(before, State(errors, shares + 0.03))
    assert has_settled(State(errors[:0], shares[:0]), State(errors[:0], shares[:0]))
    assert not has_settled(before, State(errors[:1], shares[:1]))


def test_another_word_than_auto_is_refused():
    with pytest.raises(sl.ProjectError, match=r"l1_weights must be auto or a list, got 'all'"):
        project(regularizers={"l1_weights": "all"})
    with pytest.raises(sl.ProjectError, match=r"training.epochs must be auto or a whole number"):
        project(training={"epochs": "many"})
