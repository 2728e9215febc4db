"""Layers of every kind, strengths of single layers, and schedules, against penalties by hand."""

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import BackboneFinetuning
from small_fits import ROWS, First, Plain, Tokens, Unfreezing, assert_same, fitted, perceptron
from torch import nn

from sparse_lightning import (
    L0,
    L1,
    ConnectionCount,
    GroupLasso,
    HiddenCovariance,
    HiddenKL,
    HiddenL1,
    Ramp,
    RegularizerError,
    SelectiveL1,
    Warmup,
)
from sparse_lightning.regularizers.layers import unit_rows


class Keyed(nn.Module):
    """Attention whose keys and values are wider than its queries, so that it has three matrices."""

    def __init__(self):
        super().__init__()
        self.layer = nn.MultiheadAttention(2, 1, kdim=4, vdim=4, batch_first=True)

    def forward(self, x):
        wide = torch.cat([x, x.square()], dim=-1)
        return self.layer(x, wide, wide)[0]


NETWORKS = {
    "Conv1d": (lambda: [nn.Unflatten(1, (2, 3)), nn.Conv1d(2, 3, 2)], ["1.weight"]),
    "Conv2d": (lambda: [nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 3, 2)], ["1.weight"]),
    "Conv3d": (lambda: [nn.Unflatten(1, (1, 1, 2, 3)), nn.Conv3d(1, 2, (1, 2, 2))], ["1.weight"]),
    "transposed": (
        lambda: [nn.Unflatten(1, (2, 3)), nn.ConvTranspose1d(2, 3, 2)],
        ["1.weight"],
    ),
    "Embedding": (lambda: [Tokens(), nn.Embedding(5, 3)], ["1.weight"]),
    "sparse Embedding": (lambda: [Tokens(), nn.Embedding(5, 3, sparse=True)], ["1.weight"]),
    "attention": (
        lambda: [nn.Unflatten(1, (3, 2)), First(nn.MultiheadAttention(2, 1, batch_first=True), 3)],
        ["1.layer.in_proj_weight", "1.layer.out_proj.weight"],
    ),
    "attention of other sizes": (
        lambda: [nn.Unflatten(1, (3, 2)), Keyed()],
        [*(f"1.layer.{part}_proj_weight" for part in "qkv"), "1.layer.out_proj.weight"],
    ),
    "LSTM": (
        lambda: [nn.Unflatten(1, (3, 2)), First(nn.LSTM(2, 3, batch_first=True))],
        ["1.layer.weight_ih_l0", "1.layer.weight_hh_l0"],
    ),
}


def network(name):
    torch.manual_seed(1)
    return nn.Sequential(*NETWORKS[name][0]())


@pytest.mark.parametrize("name", NETWORKS)
def test_the_weights_of_every_kind_of_layer_are_penalised_and_nothing_else(name):
    weights = NETWORKS[name][1]

    def by_hand(module):
        return 0.05 * sum(module.network.get_parameter(w).abs().sum() for w in weights)

    # A sparse gradient cannot be added to that of a penalty by autograd either.
    reference = network(name)
    for layer in reference.modules():
        if isinstance(layer, nn.Embedding):
            layer.sparse = False
    module = fitted(Plain(network(name)), [L1(0.05)])
    assert_same(module, fitted(Plain(reference, penalty=by_hand)))
    before = network(name)
    assert all(
        not torch.equal(before.get_parameter(w), module.network.get_parameter(w)) for w in weights
    )


def test_strengths_of_single_layers():
    def by_hand(module):
        first, _, last = module.network
        return 0.02 * first.weight.abs().sum() + 0.1 * last.weight.abs().sum()

    strengths = {"network.0": 0.02, "network.*": 0.1}
    module = fitted(Plain(perceptron()), [L1(weight=strengths)])
    assert_same(module, fitted(Plain(perceptron(), penalty=by_hand)))


def test_strengths_of_single_hidden_layers():
    def deep():
        torch.manual_seed(2)
        return nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh())

    def by_hand(module):
        return sum(
            strength * module.outputs[f"network.{place}"].abs().sum() / 8
            for place, strength in ((1, 0.02), (3, 0.3))
        )

    module = fitted(Plain(deep()), [HiddenL1({"network.1": 0.02, "network.3": 0.3}, threshold=9.0)])
    reference = Plain(deep(), penalty=by_hand, watched=("network.1", "network.3"))
    assert_same(module, fitted(reference))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L1({}), "L1: name the layers either as the keys of weight= or in layers="),
        (lambda: L1({"network.0": 0.1}, layers="network.*"), "either as the keys"),
        (lambda: L1({"network.0": -1.0}), "weight of network.0 must be finite and at least 0"),
        (lambda: L1({"network.*": 0.1, "head.*": 0.1}), "no layer matches head"),
    ],
)
def test_wrong_strengths_of_layers_are_refused(make, message):
    with pytest.raises(RegularizerError, match=message):
        fitted(Plain(perceptron()), [make()])


def test_a_convolutions_channels_can_be_the_units():
    def convolution():
        torch.manual_seed(4)
        return nn.Sequential(nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 3, 3), nn.Sigmoid())

    def by_hand(module):
        mean = module.outputs["network.2"].mean((0, 2))
        kl = 0.2 * (0.2 / mean).log() + 0.8 * (0.8 / (1 - mean)).log()
        return 0.3 * kl.sum()

    module = fitted(Plain(convolution()), [HiddenKL(0.3, 0.2, "network.2", unit_axis=1)])
    reference = Plain(convolution(), penalty=by_hand, watched=("network.2",))
    assert_same(module, fitted(reference))
    with pytest.raises(RegularizerError, match=r"unit_axis is 5, but an output has the shape"):
        fitted(Plain(convolution()), [HiddenKL(0.3, 0.2, "network.2", unit_axis=5)])


def encoder():
    torch.manual_seed(5)
    layer = nn.TransformerEncoderLayer(2, 1, dim_feedforward=4, dropout=0.0, batch_first=True)
    return nn.Sequential(nn.Unflatten(1, (3, 2)), layer)


def test_the_output_of_a_whole_block_and_of_attention():
    def by_hand(module):
        block, attention = (module.outputs[name] for name in watched)
        return 0.1 * block.abs().sum() / 8 + 0.2 * attention[0].abs().sum() / 8

    watched = ("network.1", "network.1.self_attn")
    callbacks = [
        HiddenL1(0.1, 99.0, layers="network.1"),
        HiddenL1(0.2, 99.0, layers="*.self_attn"),
    ]
    reference = Plain(encoder(), penalty=by_hand, watched=watched)
    assert_same(fitted(Plain(encoder()), callbacks), fitted(reference))


def test_a_layer_whose_output_is_never_made_is_an_error():
    # Attention uses the weights of out_proj without calling it.
    with pytest.raises(RegularizerError, match=r"no training step has called.*\*\.out_proj"):
        fitted(Plain(encoder()), [HiddenL1(0.1, 9.0, layers="*.out_proj")])


def test_an_output_without_a_tensor_is_an_error():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(6, 1)

        def forward(self, x):
            return {"logits": self.inner(x)}

    class Unpacked(nn.Module):
        def __init__(self):
            super().__init__()
            self.named = Named()

        def forward(self, x):
            return self.named(x)["logits"]

    with pytest.raises(RegularizerError, match=r"layer network\.named gives dict"):
        fitted(Plain(Unpacked()), [HiddenL1(0.1, 9.0, layers="network.named")])


def test_layers_that_are_unfrozen_later_are_penalised_from_then_on():
    class Tuned(Plain):
        def __init__(self, penalty=None):
            torch.manual_seed(0)
            super().__init__(nn.Identity(), penalty=penalty)
            self.backbone = nn.Linear(6, 5)
            self.network = nn.Linear(5, 1)

        def training_step(self, batch, number):
            penalty = 0.0 if self.penalty is None else self.penalty(self)
            output = self.network(self.backbone(batch))
            return (output - batch[:, :1]).square().sum() / len(batch) + penalty

        def configure_optimizers(self):
            return torch.optim.SGD(self.network.parameters(), lr=0.05)

    def by_hand(module):
        backbone = 0.1 * module.backbone.weight.abs().sum()
        late = module.current_epoch >= 1
        return 0.1 * module.network.weight.abs().sum() + (backbone if late else 0.0)

    def unfreezing():
        return BackboneFinetuning(unfreeze_backbone_at_epoch=1, backbone_initial_lr=0.05)

    module = fitted(Tuned(), [unfreezing(), L1(0.1)])
    assert_same(module, fitted(Tuned(by_hand), [unfreezing()]))


class LateStart(Plain):
    """Its optimizer begins with what is trained then; its own hook may unfreeze, too."""

    unfreezes = False

    def on_train_epoch_start(self):
        if self.unfreezes and self.current_epoch == 1:
            self.network[0].requires_grad_(True)
            self.optimizers().add_param_group({"params": self.network[0].parameters()})

    def configure_optimizers(self):
        return torch.optim.SGD([p for p in self.parameters() if p.requires_grad], lr=0.05)


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("layers", [None, "network.*", "network.0", ["network.0", "network.2"]])
def test_the_epoch_of_unfreezing_is_penalised_in_any_order_of_callbacks(layers, turn):
    def by_hand(module):
        numbers = (0,) if layers == "network.0" else (0, 2)
        return 0.1 * sum(module.network[n].weight.abs().sum() for n in numbers)

    module = fitted(LateStart(perceptron()), [L1(0.1, layers), Unfreezing()][::turn])
    assert_same(module, fitted(LateStart(perceptron(), penalty=by_hand), [Unfreezing()]))


def test_what_the_module_itself_unfreezes_is_penalised_at_once():
    def by_hand(module):
        return 0.1 * sum(module.network[n].weight.abs().sum() for n in (0, 2))

    def frozen(penalty=None):
        module = LateStart(perceptron(), penalty=penalty)
        module.network[0].requires_grad_(False)
        module.unfreezes = True
        return module

    assert_same(fitted(frozen(), [L1(0.1)]), fitted(frozen(by_hand)))


@pytest.mark.parametrize("layers", [None, "network.0"])
def test_a_lazy_layer_is_penalised_from_its_first_step_on(layers):
    def lazy():
        torch.manual_seed(0)
        return nn.Sequential(nn.LazyLinear(5), nn.Tanh(), nn.LazyLinear(1))

    def by_hand(module):
        numbers = (0,) if layers else (0, 2)
        return 0.1 * sum(module.network[n].weight.abs().sum() for n in numbers)

    module = fitted(Plain(lazy()), [L1(0.1, layers)], epochs=1)
    assert_same(module, fitted(Plain(lazy(), penalty=by_hand), epochs=1))


def test_gates_for_a_lazy_layer_are_refused_by_name():
    network = nn.Sequential(nn.LazyLinear(5), nn.Linear(5, 1))
    with pytest.raises(RegularizerError, match=r"L0: network\.0\.weight has no shape yet; run a"):
        fitted(Plain(network), [L0(0.1)])


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(6, 4),
        lambda: nn.Conv2d(2, 4, 3),
        lambda: nn.ConvTranspose1d(4, 6, 3),
        lambda: nn.ConvTranspose2d(4, 6, 3, groups=2),
        lambda: nn.Embedding(5, 3),
        lambda: nn.EmbeddingBag(5, 3),
        lambda: nn.Bilinear(3, 2, 4),
        lambda: nn.LSTM(2, 3),
    ],
)
def test_the_units_that_a_group_lasso_takes_away_are_those_counted_as_dead(make):
    class Penalised(Plain):
        def training_step(self, batch, _):
            return 0.0 * sum(p.sum() for p in self.parameters())

    torch.manual_seed(0)
    layer = make()
    weights = [p for p in layer.parameters() if p.ndim > 1]
    with torch.no_grad():
        for weight in weights:
            weight.normal_()
    before = [weight.clone() for weight in weights]
    count = ConnectionCount(threshold=0.0)
    module = Penalised(layer)
    fitted(module, [GroupLasso(4.8, proximal=True)], epochs=1)
    dead = count.measures(module)["dead_units"]
    zeros = [(weight == 0) for weight in weights]
    assert dead > 0
    # Only whole units are zero, and each of them is counted.
    assert count.measures(module)["connections"] == sum(int((~zero).sum()) for zero in zeros)
    rows = [unit_rows(layer, zero) for zero in zeros]
    assert dead == sum(int(units.all(1).sum()) for units in rows)
    assert all((units.all(1) == units.any(1)).all() for units in rows)
    assert all(not torch.equal(one, other) for one, other in zip(before, weights, strict=True))


def test_each_optimizer_of_several_gets_the_penalty_once():
    class Two(pl.LightningModule):
        def __init__(self, penalty=0.0):
            super().__init__()
            torch.manual_seed(0)
            self.one, self.two = nn.Linear(6, 3), nn.Linear(3, 1)
            self.penalty = penalty
            self.automatic_optimization = False

        def training_step(self, batch, _):
            for optimizer, layer in zip(self.optimizers(), (self.one, self.two), strict=True):
                self.toggle_optimizer(optimizer)
                loss = self.two(self.one(batch)).square().mean()
                if self.penalty:
                    loss = loss + self.penalty * layer.weight.abs().sum()
                optimizer.zero_grad()
                self.manual_backward(loss)
                optimizer.step()
                self.untoggle_optimizer(optimizer)

        def configure_optimizers(self):
            return [torch.optim.SGD(m.parameters(), lr=0.1) for m in (self.one, self.two)]

    assert_same(fitted(Two(), [L1(0.05)]), fitted(Two(0.05)))


def test_hidden_outputs_that_are_first_made_without_a_graph_are_penalised():
    from torch.utils.checkpoint import checkpoint

    class Reentrant(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = perceptron()

        def forward(self, x):
            return checkpoint(self.layers, x.clone().requires_grad_(), use_reentrant=True)

    module = fitted(Plain(Reentrant()), [HiddenCovariance(5.0, layers="*.1")])
    reference = fitted(Plain(perceptron()), [HiddenCovariance(5.0, layers="*.1")])
    assert_same(module, reference)


def test_hidden_outputs_are_counted_once_under_activation_checkpointing():
    from torch.utils.checkpoint import checkpoint

    class Recomputed(nn.Module):
        def __init__(self, again):
            super().__init__()
            self.layers = perceptron()
            self.again = again

        def forward(self, x):
            return checkpoint(self.layers, x, use_reentrant=False) if self.again else self.layers(x)

    losses = {True: [], False: []}
    modules = []
    for again, seen in losses.items():

        class Read(pl.Callback):
            def on_train_batch_end(self, trainer, module, outputs, *_, seen=seen):
                seen.append(outputs["loss"].item())

        callbacks = [HiddenCovariance(5.0, layers="*.1"), Read()]
        modules.append(fitted(Plain(Recomputed(again)), callbacks))
    assert_same(*modules)
    assert losses[True] == pytest.approx(losses[False], abs=1e-6)


@pytest.mark.parametrize(
    ("schedule", "factor"),
    [
        (Warmup(epochs=1.5), lambda step: min(1, step / 4 / 1.5)),
        (Warmup(steps=4, delay=2), lambda step: min(1, max(0, step - 2) / 4)),
        (Ramp(steps=4, first=1.0, last=0.25), lambda step: max(0.25, 1 - 0.75 * step / 4)),
        (lambda step, epoch: 0.5 * (step % 2) + epoch, lambda step: 0.5 * (step % 2) + step / 4),
    ],
)
@pytest.mark.parametrize("proximal", [False, True])
def test_a_schedule_multiplies_the_strength(schedule, factor, proximal):
    module = fitted(Plain(perceptron()), [L1(0.1, schedule=schedule, proximal=proximal)])
    reference = perceptron()
    parameters = list(reference.parameters())
    for step, batch in enumerate([*ROWS.split(8), *ROWS.split(8)]):
        strength = 0.1 * factor(step)
        loss = (reference(batch)[:, :1] - batch[:, :1]).square().sum() / len(batch)
        if not proximal:
            loss = loss + strength * sum(p.abs().sum() for p in parameters if p.ndim == 2)
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, gradient in zip(parameters, gradients, strict=True):
                p -= 0.05 * gradient
                if proximal and p.ndim == 2:
                    p.copy_(p.sign() * (p.abs() - 0.05 * strength).clamp(min=0))
    assert_same(module.network, reference)


def test_a_schedule_goes_on_where_a_checkpoint_was_made(tmp_path):
    def penalties():
        return [
            SelectiveL1(0.1, 0.5, schedule=Warmup(epochs=4)),
            HiddenKL(0.1, 0.2, "network.1", schedule=Warmup(steps=12)),
        ]

    whole = fitted(Plain(perceptron(), "adam"), penalties(), epochs=4)

    class Save(pl.Callback):
        def on_train_epoch_end(self, trainer, _):
            if trainer.current_epoch == 1:
                trainer.save_checkpoint(tmp_path / "second.ckpt")

    fitted(Plain(perceptron(), "adam"), [*penalties(), Save()], epochs=4)
    resumed = Plain(nn.Sequential(*perceptron()), "adam")
    fitted(resumed, penalties(), epochs=4, checkpoint=tmp_path / "second.ckpt")
    assert_same(resumed, whole)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Warmup(), "Warmup: give its length either as epochs= or as steps="),
        (lambda: Warmup(epochs=1, steps=1), "either as epochs= or as steps="),
        (lambda: Ramp(epochs=-1), "Ramp: epochs must be finite and at least 0, got -1"),
        (lambda: Ramp(epochs=1, last=float("inf")), "last must be finite"),
    ],
)
def test_wrong_schedules_are_refused(make, message):
    with pytest.raises(RegularizerError, match=message):
        make()


def test_a_factor_that_is_no_factor_is_refused():
    with pytest.raises(RegularizerError, match="factor that is finite and at least 0, got -1 at"):
        fitted(Plain(perceptron()), [L1(0.1, schedule=lambda step, _: 1.0 - step)])


def test_connection_count_tells_of_every_layer_and_of_dead_units():
    network = perceptron()
    with torch.no_grad():
        network[0].weight[1:3] = 0.001
        network[2].weight[0, 4] = 0.0
    module = Plain(network)
    measures = ConnectionCount(threshold=0.01).measures(module)
    first = int((network[0].weight.abs() > 0.01).sum())
    last = int((network[2].weight.abs() > 0.01).sum())
    assert measures == pytest.approx(
        {
            "connections": first + last,
            "density": (first + last) / 35,
            "dead_units": 2,
            "density/network.0": first / 30,
            "density/network.2": last / 5,
            "dead_units/network.0": 2,
            "dead_units/network.2": 0,
        }
    )
    assert list(ConnectionCount(per_layer=False).measures(module)) == [
        "connections",
        "density",
        "dead_units",
    ]
    assert ConnectionCount(layers="network.2").measures(module)["density"] == last / 5


def test_connection_count_reaches_the_logger(tmp_path):
    from pytorch_lightning.loggers import CSVLogger

    logger = CSVLogger(tmp_path)
    module = Plain(perceptron())
    fitted(module, [ConnectionCount()], logger=logger, log_every_n_steps=1)
    text = (tmp_path / "lightning_logs/version_0/metrics.csv").read_text()
    assert "dead_units/network.0" in text
    assert "density" in text.splitlines()[0]


def test_weights_of_the_module_itself_are_counted_under_root():
    module = Plain(perceptron())
    module.weight = nn.Parameter(torch.ones(2, 3))
    assert ConnectionCount(layers="").measures(module)["density/root"] == 1.0


def test_units_of_transposed_convolutions_are_their_second_axis():
    layer = nn.ConvTranspose1d(2, 3, 2)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.weight[:, 1] = 0.0
    assert ConnectionCount().measures(Plain(layer))["dead_units"] == 1


def test_connection_count_refuses_a_wrong_threshold():
    with pytest.raises(RegularizerError, match="threshold must be finite and at least 0, got -1"):
        ConnectionCount(threshold=-1)
