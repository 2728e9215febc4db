"""Regularizers on a LightningModule that knows nothing of this package.

The reference is the same module with the penalty written into its `training_step`.
"""

from functools import cache

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import GradientAccumulationScheduler
from pytorch_lightning.plugins.precision import MixedPrecision
from small_fits import trainer_for
from torch import nn
from torch.utils.data import DataLoader

from sparse_lightning import (
    L1,
    ConnectionCount,
    HiddenCovariance,
    HiddenKL,
    HiddenL1,
    HiddenL2,
    Prune,
    RegularizerError,
    SelectiveL1,
    WeightRegularizer,
)

ROWS = torch.rand(40, 6, generator=torch.Generator().manual_seed(5))


class Ordinary(pl.LightningModule):
    """A small autoencoder; `penalty(module)` joins its loss, if there is one."""

    def __init__(self, penalty=None, optimizer="adam", activation=nn.Sigmoid, schedule=False):
        super().__init__()
        torch.manual_seed(0)
        self.encoder = nn.Sequential(nn.Linear(6, 4), activation())
        self.decoder = nn.Sequential(nn.Linear(4, 6), nn.Sigmoid())
        self.penalty = penalty
        self.optimizer = optimizer
        self.schedule = schedule
        self.losses = []

    def training_step(self, batch, _):
        hidden = self.encoder(batch)
        self.hidden = hidden.float()
        loss = (self.decoder(hidden).float() - batch).square().sum() / len(batch)
        return loss if self.penalty is None else loss + self.penalty(self)

    def configure_optimizers(self):
        kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[self.optimizer]
        optimizer = kind(self.parameters(), lr=0.01 if self.optimizer == "adam" else 0.1)
        if not self.schedule:
            return optimizer
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1)]

    def on_train_batch_end(self, outputs, *_):
        self.losses.append(outputs["loss"].item())

    @property
    def weights(self):
        return [self.encoder[0].weight, self.decoder[0].weight]


def fitted(module, callbacks=(), epochs=2, **options):
    trainer = trainer_for(callbacks, epochs, **options)
    trainer.fit(module, DataLoader(ROWS, batch_size=8))
    return module


def scaled_16_bit():
    """A gradient scaler on the CPU, where Lightning would otherwise choose bf16 without one."""
    scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
    return {"plugins": [MixedPrecision("16-mixed", "cpu", scaler=scaler)]}


def l1(module):
    return 0.02 * sum(weight.abs().sum() for weight in module.weights)


def selective_l1(module):
    return 0.02 * sum(w[w.abs() < 0.25].abs().sum() for w in module.weights)


def hidden_l1(module):
    hidden = module.hidden
    return 0.1 * hidden[hidden.abs() < 0.55].abs().sum() / len(hidden)


def hidden_l2(module):
    hidden = module.hidden
    return 0.1 * hidden[hidden.abs() < 0.55].square().sum() / len(hidden)


def hidden_kl(module):
    mean = module.hidden.mean(0)
    return 0.1 * sum(0.2 * (0.2 / m).log() + 0.8 * (0.8 / (1 - m)).log() for m in mean)


def hidden_covariance(module):
    with torch.autocast("cpu", enabled=False):  # its matrix product would be a 16-bit one
        matrix = torch.cov(module.hidden.T, correction=0)
    return 200.0 * (matrix.square().sum() - matrix.diagonal().square().sum())


CASES = {
    "L1": (lambda: L1(0.02), l1),
    "sL1": (lambda: SelectiveL1(0.02, threshold=0.25), selective_l1),
    "sh": (lambda: HiddenL1(0.1, threshold=0.55, layers="encoder.*"), hidden_l1),
    "sh2": (lambda: HiddenL2(0.1, threshold=0.55, layers="encoder.*"), hidden_l2),
    "KL": (lambda: HiddenKL(0.1, sparsity=0.2, layers="encoder.*"), hidden_kl),
    "decs": (lambda: HiddenCovariance(200.0, layers="encoder.*"), hidden_covariance),
}
OPTIONS = {
    "32-bit": dict,
    "accumulation": lambda: {"accumulate_grad_batches": 3},
    "growing accumulation": lambda: {"scheduler": GradientAccumulationScheduler({0: 1, 1: 3})},
    "64-bit": lambda: {"precision": "64-true"},
    "bf16": lambda: {"precision": "bf16-mixed"},
    "16-bit": scaled_16_bit,
    "16-bit accumulation": lambda: {**scaled_16_bit(), "accumulate_grad_batches": 3},
}


def trained(module, option, *callbacks):
    options = OPTIONS[option]()
    scheduler = [options.pop("scheduler")] if "scheduler" in options else []
    return fitted(module, [*callbacks, *scheduler], **options)


@cache
def free(option, optimizer):
    return trained(Ordinary(optimizer=optimizer), option)


FITS = [
    ("32-bit", "adam"),
    ("32-bit", "sgd"),
    ("accumulation", "adam"),
    ("growing accumulation", "sgd"),
    ("64-bit", "sgd"),
    ("bf16", "adam"),
    ("16-bit", "sgd"),
    ("16-bit accumulation", "adam"),
]


@pytest.mark.parametrize(
    ("name", "option", "optimizer"),
    [
        pytest.param(
            *(name, option, optimizer),
            marks=[] if option == "32-bit" or name in ("sL1", "KL") else [pytest.mark.long],
        )
        for name in CASES
        for option, optimizer in FITS
    ],
)
def test_trains_as_the_penalty_written_into_the_training_step(name, option, optimizer):
    regularizer, by_hand = CASES[name]

    module = trained(Ordinary(optimizer=optimizer), option, regularizer())
    reference = trained(Ordinary(by_hand, optimizer), option)
    unregularized = free(option, optimizer)

    effect = 0.0
    for parameter, expected, without in zip(
        module.parameters(), reference.parameters(), unregularized.parameters(), strict=True
    ):
        torch.testing.assert_close(parameter, expected, rtol=0, atol=1e-6)
        effect = max(effect, (expected - without).abs().max().item())
    assert effect > 1e-4
    torch.testing.assert_close(
        torch.tensor(module.losses), torch.tensor(reference.losses), rtol=1e-4, atol=1e-4
    )


def test_two_regularizers_of_one_class_add_up():
    callbacks = [L1(0.02, layers="encoder.0"), L1(0.05, layers="decoder.*"), L1(0.01)]
    module = fitted(Ordinary(), callbacks)

    def both(module):
        encoder, decoder = module.weights
        return 0.03 * encoder.abs().sum() + 0.06 * decoder.abs().sum()

    for parameter, expected in zip(
        module.parameters(), fitted(Ordinary(both)).parameters(), strict=True
    ):
        torch.testing.assert_close(parameter, expected, rtol=0, atol=1e-6)


def test_gradients_are_clipped_with_the_penalty_in_them():
    module = fitted(Ordinary(), [L1(0.5)], gradient_clip_val=0.3)
    reference = fitted(Ordinary(lambda module: 25 * l1(module)), gradient_clip_val=0.3)
    for parameter, expected in zip(module.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(parameter, expected, rtol=0, atol=1e-6)


def test_a_value_that_is_one_number_of_all_replicas_is_refused():
    class Scalar(WeightRegularizer):
        def value(self, tensor):
            return tensor.square().sum()

    with pytest.raises(RegularizerError, match=r"value must give one number a replica.*got \(\)"):
        fitted(Ordinary(), [Scalar(0.1)])
    with pytest.raises(RegularizerError, match="Scalar: has no proximal step"):
        Scalar(0.1, proximal=True)


def test_a_module_with_an_attribute_replicas_is_no_population():
    module = Ordinary()
    module.replicas = 3
    fitted(module, [L1(0.02), Prune(0.1)])
    assert (module.weights[0] == 0).any()


def test_weights_and_hidden_outputs_together():
    callbacks = [SelectiveL1(0.02, threshold=0.25), HiddenKL(0.1, 0.2, layers="encoder.*")]
    module = fitted(Ordinary(), callbacks)
    reference = fitted(Ordinary(lambda module: selective_l1(module) + hidden_kl(module)))
    for parameter, expected in zip(module.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(parameter, expected, rtol=0, atol=1e-6)


def hooks_of(module):
    return [hook for part in module.modules() for hook in part._forward_hooks]


@pytest.mark.parametrize("name", CASES)
def test_leaves_nothing_behind_after_a_fit(name):
    module = fitted(Ordinary(), [CASES[name][0]()])
    assert not hooks_of(module)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_leaves_nothing_behind_after_an_error(error):
    class Stop(pl.Callback):
        def on_train_batch_end(self, *_, **__):
            raise error("enough")

    module = Ordinary(optimizer="sgd")
    callbacks = [HiddenL1(0.1, 0.5, "encoder.*"), L1(0.1, proximal=True)]
    with pytest.raises((error, SystemExit)):
        fitted(module, [*callbacks, Stop()])
    assert not hooks_of(module)
    assert all(not callback._hooks for callback in callbacks)


def test_one_callback_serves_several_fits():
    regularizer = HiddenKL(0.1, sparsity=0.2, layers="encoder.*")
    first, second = (fitted(Ordinary(), [regularizer]) for _ in range(2))
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(RegularizerError, match="must lie in"):
        fitted(Ordinary(activation=nn.Tanh), [regularizer])


def test_kl_refuses_outputs_that_are_no_probabilities():
    with pytest.raises(RegularizerError, match=r"\[0, 1\], got -.*; use sigmoid units"):
        fitted(Ordinary(activation=nn.Tanh), [HiddenKL(0.1, sparsity=0.2, layers="encoder.*")])


@pytest.mark.parametrize("regularizer", [L1(0.1, "deep*"), HiddenL1(0.1, 0.5, "deep*")])
def test_no_matching_layer_is_an_error_that_lists_the_layers(regularizer):
    with pytest.raises(RegularizerError, match=r"no layer matches deep\*.*encoder\.0.*decoder\.0"):
        fitted(Ordinary(), [regularizer])


def test_hidden_regularizer_without_layers_asks_for_them():
    with pytest.raises(RegularizerError, match=r'name the layers.*layers="encoder'):
        fitted(Ordinary(), [HiddenL2(0.1, threshold=0.5)])


def test_nothing_to_penalise_is_an_error():
    class Biases(Ordinary):
        def __init__(self):
            super().__init__()
            for weight in self.weights:
                weight.requires_grad_(False)

    with pytest.raises(RegularizerError, match="L1: no layer matches"):
        fitted(Biases(), [L1(0.1)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L1(-0.1), "L1: weight must be finite and at least 0, got -0.1"),
        (lambda: L1(float("nan")), "L1: weight must be finite and at least 0, got nan"),
        (lambda: L1(float("inf")), "L1: weight must be finite and at least 0, got inf"),
        (lambda: SelectiveL1(0.1, threshold=0), "threshold must be finite and greater than 0"),
        (lambda: HiddenL1([0.1, -1.0], threshold=1), "weight must be .* got -1"),
        (lambda: HiddenKL(0.1, sparsity=1), "sparsity must be between 0 and 1, both excluded"),
        (lambda: HiddenKL(0.1, sparsity=0), "sparsity must be between 0 and 1, both excluded"),
        (lambda: L1("a"), "L1: weight must be a number, or one for each replica, got the text 'a'"),
        (lambda: L1(None), "L1: weight must be a number, or one for each replica, got None"),
        (lambda: L1(0.1, layers=3), "layers must be a pattern of layer names or a list of them, "),
        (lambda: Prune(0.1, layers=[3]), "Prune: layers must be a pattern of layer names"),
        (lambda: L1(0.1, schedule=0.5), "schedule must be a function of the step and the epoch"),
        (lambda: L1(0.1, schedule=lambda step: 1.0), "is called with the step and the epoch: too"),
    ],
)
def test_strengths_out_of_range_are_refused(make, message):
    with pytest.raises(RegularizerError, match=message):
        make()


def test_strengths_must_fit_the_number_of_networks():
    with pytest.raises(RegularizerError, match="weight has 2 values for 1 replicas"):
        fitted(Ordinary(), [L1([0.1, 0.2])])


def test_connection_count_is_logged():
    module = Ordinary()
    counts = []

    class Read(pl.Callback):
        def on_train_end(self, trainer, pl_module):
            counts.append(trainer.callback_metrics["connections"].item())

    fitted(module, [ConnectionCount(threshold=0.2), Read()])
    assert counts == [sum((weight.abs() > 0.2).sum().item() for weight in module.weights)]
