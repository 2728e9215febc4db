"""An epoch in one call: the steps and the hooks around them that Lightning's loop makes."""

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from sparse_lightning.data.loading import TableModule
from sparse_lightning.nn.autoencoder import Autoencoder
from sparse_lightning.nn.layers import batched_layer
from sparse_lightning.nn.population import Optimization
from sparse_lightning.nn.principal_components import PrincipalComponents
from sparse_lightning.nn.stepping import ByGraph
from sparse_lightning.project import Project
from sparse_lightning.regularizers.groups import regularizers_for
from sparse_lightning.regularizers.replica import Replica
from sparse_lightning.training import fitting

ROWS = torch.rand(50, 6, generator=torch.Generator().manual_seed(7))
HIDDEN = {"hidden_weight": 0.2, "hidden_threshold": 0.55}
REPLICAS = [
    Replica(0, "none", "none", 1),
    Replica(1, "L1", "L1", 1, l1_weight=0.02),
    Replica(2, "sL1+sh", "sL1+sh", 1, l1_weight=0.01, l1_threshold=0.25, **HIDDEN),
    Replica(
        3, "sL1+KL", "sL1+KL", 3, l1_weight=0.01, l1_threshold=0.2, hidden_weight=0.1, sparsity=0.2
    ),
    Replica(4, "magnitude", "magnitude", 2, l1_weight=0.5),
    Replica(5, "L0", "L0", 2, l1_weight=0.001),
]
BATCHES = ("on_train_batch_start", "on_before_backward", "on_after_backward")
BATCHES += ("on_before_optimizer_step", "on_train_batch_end")


class Diary(pl.Callback):
    """What is called of it, with the number of steps so far and where it can be known the batch."""

    def __init__(self):
        self.calls = []


def _note(name):
    def hook(self, trainer, pl_module, *arguments):
        place = arguments[1] if name == "on_train_batch_start" else None
        self.calls.append((name, trainer.global_step, trainer.current_epoch, place))

    return hook


for _name in BATCHES:
    setattr(Diary, _name, _note(_name))


def autoencoder(**settings):
    seeds = [replica.seed for replica in REPLICAS]
    return Autoencoder(
        batched_layer(6, 4, "sigmoid", seeds, 0),
        batched_layer(4, 6, "sigmoid", seeds, 1),
        nn.Sequential(),
        Optimization(**{"epochs": 4, "tail": 0.5, **settings}),
    )


def components(**settings):
    return PrincipalComponents.initialise(
        torch.from_numpy(ROWS.numpy()).T.cov(),
        3,
        [replica.seed for replica in REPLICAS],
        Optimization(**{"epochs": 4, **settings}),
        decoder="span",
    )


def trained(module, whole_epochs, precision="32-true", callbacks=()):
    module.automatic_optimization = not whole_epochs
    trainer = pl.Trainer(
        max_epochs=module.optimization.epochs,
        accelerator="cpu",
        devices=1,
        precision=precision,
        callbacks=[*regularizers_for(REPLICAS), *callbacks],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = TableModule(ROWS, batch_size=16, seed=3, whole_epochs=whole_epochs)
    trainer.fit(module, datamodule=data)
    return module


@pytest.mark.parametrize("precision", ["32-true", "64-true", "bf16-mixed"])
@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (autoencoder, {"optimizer": "adam"}),
        (autoencoder, {"optimizer": "sgd", "learning_rate": 0.1, "gradient_clip": 0.2}),
        (components, {}),
    ],
)
def test_an_epoch_in_one_call_makes_the_steps_of_lightnings_loop(make, settings, precision):
    torch.manual_seed(0)
    together = trained(make(**settings), True, precision)
    one_by_one = trained(make(**settings), False, precision)
    for one, other in zip(together.parameters(), one_by_one.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert together.failures.step.tolist() == one_by_one.failures.step.tolist()


@pytest.mark.parametrize(("make", "graph"), [(autoencoder, False), (components, True)])
def test_a_graph_is_recorded_only_for_what_is_more_than_plain_layers(make, graph, monkeypatch):
    recorded = []
    loss = ByGraph.loss
    monkeypatch.setattr(ByGraph, "loss", lambda *args: recorded.append(1) or loss(*args))
    trained(make(), True)
    assert len(recorded) == (4 * 4 if graph else 0)


def test_callbacks_see_each_step_once_in_both_ways():
    together, one_by_one = Diary(), Diary()
    trained(autoencoder(), True, callbacks=[together])
    trained(autoencoder(), False, callbacks=[one_by_one])
    assert together.calls == one_by_one.calls
    assert len(together.calls) == len(BATCHES) * 4 * 4


def test_a_schedule_is_asked_for_the_same_steps_and_epochs_in_both_ways():
    asked = {True: [], False: []}
    for whole_epochs, calls in asked.items():
        replicas = regularizers_for(REPLICAS[1:2])
        replicas[0].schedule = lambda step, epoch, calls=calls: calls.append((step, epoch)) or 1.0
        replicas[0].replicas = slice(1, 2)
        trained(autoencoder(), whole_epochs, callbacks=replicas)
    assert asked[True] == asked[False]
    assert asked[True][5] == (5, 1.25)


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
def test_a_fit_in_other_precisions_is_near_that_in_32_bits(precision):
    found = {}
    for name in ("32-true", precision):
        project = Project(
            table={"source": "wine"},
            network={"units": [4]},
            training={"precision": name, "accelerator": "cpu"},
        )
        module = autoencoder(optimizer="sgd", learning_rate=0.1)
        fitting.fit(module, ROWS, project, regularizers_for(REPLICAS[:4]), 16)
        found[name] = list(module.parameters())
    for one, other in zip(found["32-true"], found[precision], strict=True):
        assert other.dtype == torch.float32
        torch.testing.assert_close(one[:4], other[:4], rtol=0, atol=2e-2)
