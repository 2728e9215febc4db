"""Fits that are stopped and gone on with end with the same bits; what is kept is checked."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from sparse_lightning import Project
from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import CheckpointError
from sparse_lightning.training.checkpoints import CarriedCheckpoints, FolderCheckpoints
from sparse_lightning.training.executors import Workers
from sparse_lightning.training.progress import SilentProgress
from sparse_lightning.training.tasks import train, train_on

generator = np.random.default_rng(4)
ROWS = generator.uniform(size=(60, 2)) @ generator.uniform(size=(2, 5))
INPUTS = torch.from_numpy(ROWS / ROWS.max()).float()
LABELS = torch.from_numpy((ROWS[:, 0] > np.median(ROWS[:, 0])).astype(np.int64))

EVERY_TERM = """\
{L1: {}, sL1: {}, sL1+sh: {hidden_weight: 0.01, hidden_threshold: 0.1},
 sL1+KL: {hidden_weight: 0.01, sparsity: 0.5}, sL1+decs: {hidden_weight: 0.1}, L0: {},
 magnitude: {l1_weights: [0.5]}, group: {}, L1+topk: {hidden_weight: 0.1, sparsity: 0.5}}"""

CASES = {
    "sae": ("sae", "[4, 3]", "fine_tune_epochs: 4,", EVERY_TERM),
    "diverging": (
        *("sae", "[4], output: linear", "optimizer: sgd, learning_rate: 0.1,"),
        "{L1: {l1_weights: [0.001, 1.0e+30]}, sL1: {}}",
    ),
    "clipped": ("sae", "[4]", "chunk: 3, gradient_clip: 0.1,", "{L1: {}, sL1: {}}"),
    "classifier": ("classifier", "[4]", "fine_tune_epochs: 4,", "{L1: {}, sL1: {}}"),
    "tied": ("pca", "[3]", "", "{L1: {}, sL1+decs: {hidden_weight: 0.002}}"),
    "span": ("pca", "[3], decoder: span", "", "{L1: {}, sL1+decs: {hidden_weight: 0.002}}"),
}


def case(name):
    task, units, training, groups = CASES[name]
    target = ", target: y" if task == "classifier" else ""
    project = Project.parse(
        f"""\
name: small
task: {task}
table: {{source: small.csv{target}}}
network: {{units: {units}}}
training:
  {{epochs: 6, {training} seeds: [1, 2], accelerator: cpu, batch_size: 20,
    floor: {{max_cycles: 2}}}}
regularizers: {{l1_weights: [0.001], groups: {groups}}}
"""
    )
    if task == "classifier":
        return project, Examples(INPUTS, LABELS, ("0", "1"))
    return project, Examples(INPUTS)


class Stop(BaseException):
    """Ends a training where it is."""


class Stopping(SilentProgress):
    """Stops after so many epochs."""

    def __init__(self, epochs):
        self.left = epochs

    def advance(self):
        self.left -= 1
        if self.left < 0:
            raise Stop


def same(one, other):
    for weight, again in zip(one.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(weight, again)
    np.testing.assert_array_equal(one.squared_error, other.squared_error)
    for values, again in zip(one.metrics.values(), other.metrics.values(), strict=True):
        np.testing.assert_array_equal(values, again)
    assert one.failures == other.failures
    assert one.floor_settled == other.floor_settled
    assert repr(one.histories) == repr(other.histories)
    assert repr(one.documents) == repr(other.documents)


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_a_training_that_is_stopped_again_and_again_gives_the_same_bits(name, tmp_path):
    project, examples = case(name)
    whole = train(project, examples)
    assert any(whole.failures) == (name == "diverging")
    checkpoints = FolderCheckpoints(tmp_path, "study", every=0.0)
    for epochs in range(4, 100, 5):
        try:
            again = train(project, examples, Stopping(epochs), checkpoints=checkpoints)
        except Stop:
            continue
        break
    assert epochs > 4
    same(whole, again)


def test_what_was_trained_to_its_end_is_not_trained_again(tmp_path, monkeypatch):
    project, examples = case("clipped")
    seconds = {}

    class Noting(FolderCheckpoints):
        def write(self, name, state):
            seconds[name] = state["seconds"]
            super().write(name, state)

    checkpoints = Noting(tmp_path, "study")
    whole = train(project, examples, checkpoints=checkpoints)
    monkeypatch.setattr("sparse_lightning.training.grid_training.fit", None)
    again = train(project, examples, checkpoints=checkpoints)
    same(whole, again)
    assert again.seconds >= sum(seconds.values()) > 0  # they count as if they were trained anew


def test_fits_of_another_process_are_gone_on_with():
    project, examples = case("clipped")
    first = CarriedCheckpoints({})
    whole = train(project, examples, checkpoints=first)
    second = CarriedCheckpoints(first.new)
    same(whole, train(project, examples, checkpoints=second))
    assert not second.new


def kept_file(folder):
    (file,) = folder.iterdir()
    return file


@pytest.mark.parametrize("harm", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b + b"x"])
def test_a_torn_checkpoint_is_refused(tmp_path, harm):
    checkpoints = FolderCheckpoints(tmp_path, "study")
    checkpoints.write("fit", {"weights": torch.arange(100.0)})
    file = kept_file(tmp_path)
    file.write_bytes(harm(file.read_bytes()))
    with pytest.raises(CheckpointError, match=r"the checkpoint is torn: .* with --fresh") as caught:
        checkpoints.read("fit")
    assert str(caught.value).startswith(str(file))


def test_a_changed_checkpoint_is_refused(tmp_path):
    checkpoints = FolderCheckpoints(tmp_path, "study")
    checkpoints.write("fit", {"weights": torch.arange(100.0)})
    content = bytearray(kept_file(tmp_path).read_bytes())
    content[-7] ^= 1
    kept_file(tmp_path).write_bytes(content)
    with pytest.raises(CheckpointError, match="torn: its content is not what was written"):
        checkpoints.read("fit")


def test_a_checkpoint_of_another_study_is_refused(tmp_path):
    FolderCheckpoints(tmp_path, "other").write("fit", {"epochs": 3})
    with pytest.raises(CheckpointError, match=r"of another study or fit, 'fit'; .* --fresh"):
        FolderCheckpoints(tmp_path, "study").read("fit")


def test_nothing_is_kept_of_a_fit_that_was_not_begun(tmp_path):
    assert FolderCheckpoints(tmp_path / "nothing", "study").read("fit") is None


class Here(Workers):
    """Workers in this process, which lose the last parts."""

    workers = 2

    def __init__(self, parts):
        self.parts = parts
        self.trained = 0

    def executor(self):
        return ThreadPoolExecutor(1)

    def run(self, function, arguments, progress, arrived=None):
        def limited(*values):
            if not self.parts:
                raise Stop
            self.parts -= 1
            part = function(*values)
            self.trained += len(part.fits)
            return part

        return super().run(limited, arguments, progress, arrived)


@pytest.mark.long
def test_parts_of_a_cluster_that_have_come_back_are_not_trained_again(tmp_path):
    project, examples = case("clipped")
    checkpoints = FolderCheckpoints(tmp_path, "study")
    whole = Here(parts=3)
    wanted = train_on(whole, project, examples, None)
    with pytest.raises(Stop):
        train_on(Here(parts=2), project, examples, None, checkpoints)
    rest = Here(parts=3)
    same(wanted, train_on(rest, project, examples, None, checkpoints))
    assert 0 < rest.trained < whole.trained
