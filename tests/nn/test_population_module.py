"""Populations in one fit: replicas that never mix, failures, scaled gradients, an ordinary twin."""

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import nn
from torch.utils.data import DataLoader

from sparse_lightning.data.loading import TableModule
from sparse_lightning.nn.autoencoder import Autoencoder
from sparse_lightning.nn.layers import batched_layer, linear_layers, single
from sparse_lightning.nn.population import Optimization
from sparse_lightning.regularizers.groups import regularizers_for
from sparse_lightning.regularizers.replica import Replica

ROWS = torch.rand(50, 6, generator=torch.Generator().manual_seed(7))
HIDDEN = {"hidden_weight": 0.2, "hidden_threshold": 0.55}
REPLICAS = [
    Replica(0, "none", "none", 1),
    Replica(1, "L1", "L1", 1, l1_weight=0.02),
    Replica(2, "sL1", "sL1", 2, l1_weight=0.02, l1_threshold=0.25),
    Replica(3, "sL1+sh", "sL1+sh", 1, l1_weight=0.01, l1_threshold=0.25, **HIDDEN),
    Replica(4, "sh2", "sh2", 3, **HIDDEN),
    Replica(5, "KL", "KL", 3, hidden_weight=0.1, sparsity=0.2),
    Replica(6, "sL1+decs", "sL1+decs", 2, l1_weight=0.01, l1_threshold=0.3, hidden_weight=5.0),
]


def population(replicas=REPLICAS, rates=None, activation="sigmoid", **settings):
    seeds = [replica.seed for replica in replicas]
    return Autoencoder(
        batched_layer(6, 4, activation, seeds, 0),
        batched_layer(4, 6, activation, seeds, 1),
        nn.Sequential(),
        Optimization(**{"epochs": 3, **settings}),
        rates,
    )


def trainer_for(callbacks, epochs=3, **options):
    return pl.Trainer(
        max_epochs=epochs,
        accelerator=options.pop("accelerator", "cpu"),
        devices=1,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )


def fitted(module, replicas=REPLICAS, callbacks=(), **options):
    trainer = trainer_for([*regularizers_for(replicas), *callbacks], **options)
    trainer.fit(module, datamodule=TableModule(ROWS, batch_size=16, seed=3))
    return module.cpu()


def weights_of(module, replicas=slice(None)):
    return [
        tensor.detach()[replicas]
        for layer in linear_layers(nn.Sequential(module.encoder, module.decoder))
        for tensor in (layer.weight, layer.bias)
    ]


def assert_same(first, second, atol=2e-6):
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=atol)


SETTINGS = [{"optimizer": "adam"}, {"optimizer": "sgd", "learning_rate": 0.1}]


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_replica_alone_is_the_replica_in_the_crowd(settings):
    crowd = fitted(population(**settings))
    for place, replica in enumerate(REPLICAS):
        alone = fitted(population([replica], **settings), [replica])
        assert_same(weights_of(crowd, slice(place, place + 1)), weights_of(alone))


class Twin(pl.LightningModule):
    """The same network as anyone would write it."""

    hidden_layers = ("network.1",)

    def __init__(self, network, optimizer):
        super().__init__()
        self.network = network
        self.kind = optimizer

    def training_step(self, batch, _):
        return (self.network(batch) - batch).square().sum() / len(batch)

    def configure_optimizers(self):
        kind, rate = {"adam": (torch.optim.Adam, 0.01), "sgd": (torch.optim.SGD, 0.1)}[self.kind]
        optimizer = kind(self.parameters(), lr=rate)
        return [optimizer], [torch.optim.lr_scheduler.MultiStepLR(optimizer, [2], gamma=0.1)]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("place", range(len(REPLICAS)))
def test_an_ordinary_module_with_the_same_callbacks_gets_the_same_weights(place, settings):
    start = population(**settings)
    network = single(nn.Sequential(start.encoder, start.decoder), place)
    twin = fitted(Twin(network, settings["optimizer"]), [REPLICAS[place]])
    alone = fitted(population([REPLICAS[place]], **settings), [REPLICAS[place]])
    expected = single(nn.Sequential(alone.encoder, alone.decoder), 0)
    assert_same(twin.network.parameters(), expected.parameters())


def test_same_seeds_give_the_same_weights_bit_for_bit():
    first, second = fitted(population()), fitted(population())
    for one, other in zip(weights_of(first), weights_of(second), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e38])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_a_diverging_replica_fails_alone(bad, clip):
    settings = {"activation": "linear", "gradient_clip": clip}
    replicas = REPLICAS[:4]
    sound = fitted(population(replicas, **settings), replicas)
    module = population(replicas, **settings)
    with torch.no_grad():
        module.encoder[0].weight[1] = bad
    module = fitted(module, replicas)
    assert module.failures.step.tolist() == [-1, 0, -1, -1]
    assert all(not weight.any() for weight in weights_of(module, slice(1, 2)))
    assert_same(weights_of(module, [0, 2, 3]), weights_of(sound, [0, 2, 3]), atol=0)


def test_a_replica_that_fails_later_tells_the_step():
    class Poison(pl.Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            if trainer.global_step == 5:
                with torch.no_grad():
                    pl_module.decoder[0].bias[2, 0, 0] = float("nan")

    module = fitted(population(), callbacks=[Poison()])
    assert module.failures.step.tolist() == [-1, -1, 5, -1, -1, -1, -1]
    assert_same(weights_of(module, [0, 6]), weights_of(fitted(population()), [0, 6]), atol=0)


def scaled_16_bit(scale=256.0):
    scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    return {"plugins": [MixedPrecision("16-mixed", "cpu", scaler=scaler)]}


@pytest.mark.parametrize("precision", ["bf16-mixed", "64-true", "16 bits, scaled"])
def test_other_precisions_train_to_about_the_same_weights(precision):
    options = scaled_16_bit() if "16 bits" in precision else {"precision": precision}
    settings = {"optimizer": "sgd", "learning_rate": 0.1}
    module = fitted(population(**settings), **options).float()
    start, exact = population(**settings), fitted(population(**settings))
    assert_same(weights_of(module), weights_of(exact), atol=2e-2)
    for begun, one, other in zip(*map(weights_of, (start, module, exact)), strict=True):
        way, expected = (one - begun).flatten(1), (other - begun).flatten(1)
        assert (torch.cosine_similarity(way, expected) > 0.98).all()


def test_a_failed_replica_does_not_stop_the_scaled_steps_of_the_others():
    module = population(REPLICAS[:3])
    with torch.no_grad():
        module.encoder[0].weight[1] = float("nan")
    module = fitted(module, REPLICAS[:3], **scaled_16_bit())
    sound = fitted(population(REPLICAS[:3]), REPLICAS[:3], **scaled_16_bit())
    assert module.failures.step.tolist() == [-1, 0, -1]
    assert_same(weights_of(module, [0, 2]), weights_of(sound, [0, 2]), atol=1e-3)


@pytest.mark.parametrize("scale", [1.0, 1024.0])
def test_clipping_does_not_depend_on_the_gradient_scale(scale):
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "gradient_clip": 0.05, "epochs": 1}
    module = fitted(population(**settings), epochs=1, **scaled_16_bit(scale))
    start = population(**settings)
    moved = torch.stack(
        [
            (one.float() - begun).flatten(1).square().sum(1)
            for one, begun in zip(weights_of(module), weights_of(start), strict=True)
        ]
    )
    # Four steps of at most 0.1 · 0.05; they point nearly the same way.
    distance = moved.sum(0).sqrt()
    assert (distance <= 4 * 0.1 * 0.05 * 1.001).all()
    assert (distance >= 2 * 0.1 * 0.05).all()


def test_rates_are_each_replicas_own():
    rates = torch.tensor([1.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0])
    module = fitted(population(rates=rates))
    whole, half = fitted(population()), fitted(population(learning_rate=0.005))
    start = weights_of(population())
    assert_same(weights_of(module, [1]), [weight[[1]] for weight in start], atol=0)
    assert_same(weights_of(module, [2]), weights_of(half, [2]))
    assert_same(weights_of(module, [0, 3, 6]), weights_of(whole, [0, 3, 6]), atol=1e-6)


def test_frozen_stages_below_stay_as_they_are():
    below = batched_layer(6, 5, "sigmoid", [1, 2], 0)
    before = below[0].weight.detach().clone()
    module = Autoencoder(
        batched_layer(5, 3, "sigmoid", [1, 2], 2),
        batched_layer(3, 5, "sigmoid", [1, 2], 3),
        below,
        Optimization(epochs=1),
    )
    fitted(module, [], epochs=1)
    assert torch.equal(below[0].weight, before)
    assert module(ROWS).shape == (2, 50, 5)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
def test_an_accelerator_trains_to_the_same_weights():
    settings = {"optimizer": "sgd", "learning_rate": 0.1}
    there = fitted(population(**settings), accelerator="gpu")
    assert_same(weights_of(there), weights_of(fitted(population(**settings))), atol=1e-4)


def test_ordinary_loaders_work_too():
    module = population(epochs=1)
    trainer_for(regularizers_for(REPLICAS), epochs=1).fit(module, DataLoader(ROWS, batch_size=16))
    assert not module.failures.failed.any()
