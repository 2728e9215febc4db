"""Replicas that fail: noticed wherever it begins, told apart by cause, and no concern of others."""

from itertools import pairwise

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import nn

from sparse_lightning.data.loading import TableModule
from sparse_lightning.nn.autoencoder import Autoencoder
from sparse_lightning.nn.components import covariance_of
from sparse_lightning.nn.failures import PATIENCE, Failure, largest_outputs
from sparse_lightning.nn.layers import BatchedLinear, batched_layer
from sparse_lightning.nn.population import Optimization
from sparse_lightning.nn.predictor import Predictor
from sparse_lightning.nn.principal_components import PrincipalComponents
from sparse_lightning.regularizers.groups import regularizers_for
from sparse_lightning.regularizers.replica import Replica

ROWS = torch.rand(50, 6, generator=torch.Generator().manual_seed(7)) - 0.5
SEEDS = [1, 1, 2, 3]
REPLICAS = [
    Replica(0, "none", "none", 1),
    Replica(1, "L1", "L1", 1, l1_weight=0.002),
    Replica(2, "sL1", "sL1", 2, l1_weight=0.002, l1_threshold=0.25),
    Replica(3, "sL1+sh", "sL1+sh", 3, 0.001, 0.25, hidden_weight=0.02, hidden_threshold=0.55),
]
STEPS = 4
"""Of an epoch."""


def autoencoder(optimization, rates, activation="sigmoid"):
    encoder = batched_layer(6, 4, activation, SEEDS, 0)
    decoder = batched_layer(4, 6, "linear", SEEDS, 1)
    return Autoencoder(encoder, decoder, nn.Sequential(), optimization, rates)


def classifier(optimization, rates):
    encoder = batched_layer(4, 3, "tanh", SEEDS, 0)
    output = batched_layer(3, 2, "sigmoid", SEEDS, 1)
    return Predictor(encoder, output, nn.Sequential(), optimization, rates)


def components(decoder):
    def make(optimization, rates):
        covariance = covariance_of(ROWS - ROWS.mean(0))
        return PrincipalComponents.initialise(covariance, 3, SEEDS, optimization, rates, decoder)

    return make


MODULES = {
    "sae": autoencoder,
    "classifier": classifier,
    "tied": components("tied"),
    "span": components("span"),
}


def scaled(scale=256.0):
    scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    return {"plugins": [MixedPrecision("16-mixed", "cpu", scaler=scaler)]}


class Poison(pl.Callback):
    """Writes into the weights of a replica before a step, or into its gradient after it."""

    def __init__(self, replica, what, value=float("nan"), step=5, until=None):
        self.replica, self.what, self.value = replica, what, value
        self.steps = range(step, until or step + 1)

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if self.what == "weights" and trainer.global_step in self.steps:
            with torch.no_grad():
                pl_module.encoder[0].weight[self.replica, 1, 2] = self.value

    def on_after_backward(self, trainer, pl_module):
        if self.what == "gradient" and trainer.global_step in self.steps:
            pl_module.encoder[0].weight.grad[self.replica, 1, 2] = self.value


def fitted(kind, callbacks=(), epochs=2, rates=None, options=None, make=None, **settings):
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "epochs": epochs, **settings}
    module = (make or MODULES[kind])(Optimization(**settings), rates)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        devices=1,
        callbacks=[*regularizers_for(REPLICAS), *callbacks],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **(options or {}),
    )
    trainer.fit(module, datamodule=TableModule(ROWS.clone(), batch_size=13, seed=3))
    return module.cpu().float()


def weights_of(module, replicas):
    return [p.detach()[replicas] for p in module.parameters()]


def assert_alone(module, sound, failed, atol=0.0):
    """The failed ones are cleared, and all others are what they are where nothing fails."""
    assert module.failures.failed.tolist() == [n in failed for n in range(4)]
    for one, other in zip(module.parameters(), sound.parameters(), strict=True):
        kept = [n for n in range(4) if n not in failed]
        assert not one[failed].any()
        torch.testing.assert_close(one[kept], other[kept], rtol=0, atol=atol)


SETTINGS = {
    "sgd": {},
    "adam": {"optimizer": "adam", "learning_rate": 0.01},
    "clipped": {"gradient_clip": 0.5},
    "bf16": {"options": {"precision": "bf16-mixed"}},
    "64 bits": {"options": {"precision": "64-true"}},
}


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("kind", MODULES)
def test_nan_in_weights_and_in_gradients_is_told_apart_and_reaches_no_other(kind, settings):
    sound = fitted(kind, **SETTINGS[settings])
    poison = [Poison(1, "weights", step=5), Poison(2, "gradient", step=2)]
    module = fitted(kind, poison, **SETTINGS[settings])
    assert_alone(module, sound, [1, 2])
    assert module.failures.failures("stage 1") == [
        None,
        Failure("stage 1", 5, "weights"),
        Failure("stage 1", 2, "gradient"),
        None,
    ]


@pytest.mark.parametrize("what", ["weights", "gradient"])
@pytest.mark.parametrize("kind", ["sae", "span"])
def test_what_the_last_step_leaves_is_looked_at(kind, what):
    last = 2 * STEPS - 1
    # Of the weights, after the step: nobody computes a loss of them any more.
    poison = Poison(3, "gradient", step=last, value=float("nan" if what == "gradient" else "inf"))
    module = fitted(kind, [poison])
    assert module.failures.failures("")[3] == Failure("", last, "gradient")
    assert_alone(module, fitted(kind), [3])


def test_weights_that_overflow_in_the_last_step_are_noticed():
    class Overflow(pl.Callback):
        def on_train_batch_end(self, trainer, pl_module, *_):
            if trainer.global_step == 2 * STEPS:
                with torch.no_grad():
                    pl_module.decoder[0].bias[0] = float("inf")

    module = fitted("sae", [Overflow()])
    assert module.failures.failures("")[0] == Failure("", 2 * STEPS - 1, "weights")
    assert_alone(module, fitted("sae"), [0])


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_loss_that_overflows_has_finite_weights(settings):
    # Products of 1e25, whose squares 32 bits do not hold.
    value = 1e200 if settings == "64 bits" else 1e25
    poison = Poison(1, "weights", value=value)
    linear = lambda optimization, rates: autoencoder(optimization, rates, "linear")  # noqa: E731
    module = fitted("sae", [poison], make=linear, **SETTINGS[settings])
    assert module.failures.failures("")[1] == Failure("", 5, "loss")
    assert_alone(module, fitted("sae", make=linear, **SETTINGS[settings]), [1])


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("kind", ["sae", "classifier", "tied"])
def test_a_huge_learning_rate_of_one_changes_no_other(kind, optimizer):
    rates = torch.tensor([1.0, 1.0, 1e30, 1.0])
    settings = {"optimizer": optimizer, "learning_rate": 0.01}
    module = fitted(kind, rates=rates, **settings)
    sound = fitted(kind, rates=torch.tensor([1.0, 1.0, 0.5, 1.0]), **settings)
    for one, other in zip(module.parameters(), sound.parameters(), strict=True):
        torch.testing.assert_close(one[[0, 1, 3]], other[[0, 1, 3]], rtol=0, atol=0)
    # Sigmoid outputs saturate and stay finite; whatever is not is marked.
    assert module.failures.failed[[0, 1, 3]].tolist() == [False] * 3
    assert kind == "classifier" or bool(module.failures.failed[2])
    for weight in weights_of(module, slice(None)):
        assert weight.isfinite().all()


def test_lengths_of_span_components_that_overflow_are_a_failure():
    rates = torch.tensor([1.0, 1.0, 1e36, 1.0])
    module = fitted("span", rates=rates)
    assert module.failures.failures("")[2] is not None
    assert module.failures.failures("")[2].cause == "weights"


def test_a_saturated_unit_hides_no_overflow():
    # sigmoid(inf) is 1: the loss and all gradients are finite.
    large = Poison(1, "weights", value=3e38, step=2 * STEPS - 1)
    scale = 16 * ROWS / ROWS.abs().max()

    class Large(pl.Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            batch.copy_(scale[: len(batch)])

        def on_train_end(self, trainer, pl_module):
            trainer.train_dataloader.dataset.rows.copy_(scale)

    module = fitted("sae", [Large(), large])
    assert module.failures.failures("")[1] == Failure("", 2 * STEPS - 1, "products")
    assert_alone(module, fitted("sae", [Large()]), [1])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", ["sae", "classifier", "tied"])
def test_one_scaled_gradient_that_overflows_costs_its_replica_a_step_and_others_none(kind, value):
    sound = fitted(kind, options=scaled())
    module = fitted(kind, [Poison(1, "gradient", value, step=2)], options=scaled())
    assert not module.failures.failed.any()
    for one, other in zip(module.parameters(), sound.parameters(), strict=True):
        torch.testing.assert_close(one[[0, 2, 3]], other[[0, 2, 3]], rtol=0, atol=1e-4)
        assert one.isfinite().all()


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_scaled_gradient_that_always_overflows_is_a_failure_of_its_replica(optimizer):
    settings = {"epochs": 6, "optimizer": optimizer, "learning_rate": 0.01}
    poison = [Poison(1, "gradient", step=2, until=99), Poison(2, "weights", step=3)]
    sound = fitted("sae", options=scaled(), **settings)
    module = fitted("sae", poison, options=scaled(), **settings)
    assert module.failures.failures("")[1] == Failure("", 2 + PATIENCE - 1, "gradient")
    assert module.failures.failures("")[2] == Failure("", 3, "weights")
    assert_alone(module, sound, [1, 2], atol=5e-3)


def test_a_scale_that_is_too_large_is_lowered_until_all_can_train():
    options = scaled(2.0**20)
    module = fitted("sae", epochs=8, options=options)
    assert not module.failures.failed.any()
    assert options["plugins"][0].scaler.get_scale() < 2.0**18
    start = autoencoder(Optimization(), None)
    for one, begun in zip(module.parameters(), start.parameters(), strict=True):
        assert (one - begun).flatten(1).norm(dim=1).min() > 0.01


def test_a_batch_that_is_not_finite_is_no_replicas_own_fault_and_fails_all():
    class Spoiled(pl.Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            if trainer.global_step == 3:
                batch[0, 0] = float("nan")

    module = fitted("sae", [Spoiled()])
    assert module.failures.failures("")[:2] == [Failure("", 3, "loss")] * 2


@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(0.01, 30))
def test_no_output_is_above_what_the_weights_allow(seed, spread, largest):
    generator = torch.Generator().manual_seed(seed)
    layers = [
        BatchedLinear(
            torch.randn(3, below, above, generator=generator) * spread,
            torch.randn(3, 1, above, generator=generator) * spread,
        )
        for below, above in pairwise((4, 5, 2, 4))
    ]
    rows = (2 * torch.rand(20, 4, generator=generator) - 1) * largest
    module = nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.ReLU(), layers[2])
    seen = []
    for layer in layers:
        layer.register_forward_hook(lambda _, __, output: seen.append(output.abs().amax((1, 2))))
    module(rows.expand(3, -1, -1))
    bound = largest_outputs(module, float(rows.abs().max()), 3)
    assert (torch.stack(seen).amax(0).double() <= bound).all()
