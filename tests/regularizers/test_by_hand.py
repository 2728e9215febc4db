"""Every penalty in every situation trains as the same penalty written into the training step.

A situation is a module with the options of its trainer. It tells which weights and outputs it is
about, so that the reference can compute the penalty from them and let torch differentiate it.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import torch
from small_fits import ROWS, First, Plain, Tokens, Unfreezing, assert_same, fitted
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

import sparse_lightning as sl

# What Lightning says of a training step that returns None.
pytestmark = pytest.mark.filterwarnings("ignore:.*`training_step` returned `None`:UserWarning")

THETA, TAU, RHO = 0.25, 0.4, 0.3


def small(size: Tensor) -> Tensor:
    return size * (size < THETA)


def scad(size: Tensor, a: float = 3.7) -> Tensor:
    middle = (2 * a * THETA * size - size**2 - THETA**2) / (2 * (a - 1) * THETA)
    flat = torch.full_like(size, (a + 1) * THETA / 2)
    return torch.where(size <= THETA, size, torch.where(size <= a * THETA, middle, flat))


def of_units(units: Tensor) -> Tensor:
    return units.shape[1] ** 0.5 * units.norm(dim=1).sum()


def divergence(rows: Tensor) -> Tensor:
    mean = rows.abs().tanh().mean(0)
    return (RHO * (RHO / mean).log() + (1 - RHO) * ((1 - RHO) / (1 - mean)).log()).sum()


def covariance(rows: Tensor) -> Tensor:
    with torch.autocast("cpu", enabled=False):
        matrix = torch.cov(rows.T, correction=0)
    return matrix.square().sum() - matrix.diagonal().square().sum()


def trimmed(rows: Tensor) -> Tensor:
    k = max(1, round(RHO * rows.shape[1]))
    return (rows.abs().sum() - rows.abs().topk(k).values.sum()) / len(rows)


WEIGHTS: dict[str, tuple[Callable[..., Any], Callable[[Tensor], Tensor]]] = {
    "L1": (lambda **o: sl.L1(0.03, **o), lambda w: 0.03 * w.abs().sum()),
    "sL1": (lambda **o: sl.SelectiveL1(0.05, THETA, **o), lambda w: 0.05 * small(w.abs()).sum()),
    "MCP": (
        lambda **o: sl.MCP(0.05, THETA, **o),
        lambda w: 0.05 * (w.abs() - w**2 / (2 * THETA)).where(w.abs() < THETA, THETA / 2).sum(),
    ),
    "SCAD": (lambda **o: sl.SCAD(0.05, THETA, **o), lambda w: 0.05 * scad(w.abs()).sum()),
    "logsum": (
        lambda **o: sl.LogSum(0.05, THETA, **o),
        lambda w: 0.05 * THETA * (1 + w.abs() / THETA).log().sum(),
    ),
    "elastic": (
        lambda **o: sl.ElasticNet(0.05, 0.3, **o),
        lambda w: 0.05 * (0.3 * w.abs() + 0.35 * w**2).sum(),
    ),
    "group": (lambda **o: sl.GroupLasso(0.02, **o), lambda w: 0.02 * of_units(w)),
    "hoyer": (
        lambda **o: sl.HoyerSquare(0.01, **o),
        lambda w: 0.01 * w.abs().sum() ** 2 / w.square().sum(),
    ),
}
"""Penalties of one weight `(unit, incoming weight)`."""

HIDDEN: dict[str, tuple[Callable[..., Any], Callable[[Tensor], Tensor]]] = {
    "sh": (
        lambda **o: sl.HiddenL1(0.1, TAU, **o),
        lambda h: 0.1 * (h.abs() * (h.abs() < TAU)).sum() / len(h),
    ),
    "sh2": (
        lambda **o: sl.HiddenL2(0.2, TAU, **o),
        lambda h: 0.2 * (h**2 * (h.abs() < TAU)).sum() / len(h),
    ),
    "KL": (lambda **o: sl.HiddenKL(0.1, RHO, squash=True, **o), lambda h: 0.1 * divergence(h)),
    "decs": (lambda **o: sl.HiddenCovariance(2.0, **o), lambda h: 2.0 * covariance(h)),
    "topk": (lambda **o: sl.HiddenTopK(0.1, RHO, **o), lambda h: 0.1 * trimmed(h)),
}
"""Penalties of the outputs `(row, unit)` of one layer."""


@dataclass
class Situation:
    """A network, how it is trained, and what is penalised in it: names of weights and a layer."""

    network: Callable[[], nn.Module]
    weights: tuple[str, ...] = ("0.weight", "2.weight")
    hidden: str = "0"
    module: type[Plain] = Plain
    options: dict[str, Any] = field(default_factory=dict)
    callbacks: tuple[Callable[[], Any], ...] = ()
    units: Callable[[Tensor], Tensor] = lambda weight: weight.flatten(1)
    atol: float = 1e-6

    def trained(self, penalty=None, regularizer=None) -> Plain:
        torch.manual_seed(3)
        module = self.module(self.network(), "momentum", penalty)
        # Read at once, since what follows may write to the output.
        module.network.get_submodule(self.hidden).register_forward_hook(
            lambda _, __, output: module.outputs.update(hidden=first(output).clone())
        )
        # Penalties come before the other callbacks.
        callbacks = [one for one in [regularizer, *(make() for make in self.callbacks)] if one]
        return fitted(module, callbacks, **{"epochs": 1, **self.options})

    def of_weights(self, value: Callable[[Tensor], Tensor]) -> Callable[[Plain], Tensor]:
        def penalty(module: Plain) -> Tensor:
            effective = [self.read(module.network, name) for name in self.weights]
            return sum((value(self.units(w)) for w in effective), torch.tensor(0.0))

        return penalty

    @staticmethod
    def read(network: nn.Module, name: str) -> Tensor:
        layer, _, own = name.rpartition(".")
        return getattr(network.get_submodule(layer), own)


def of_hidden(value: Callable[[Tensor], Tensor]) -> Callable[[Plain], Tensor]:
    return lambda module: value(module.outputs["hidden"].float().flatten(1))


def first(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output[0]


class Skipping(Plain):
    """A module that gives up some batches, before or after it has computed their loss."""

    def training_step(self, batch, number):
        if number == 1:
            return None
        loss = super().training_step(batch, number)
        return None if number == 2 else loss


class Unstepped(Plain):
    """A module whose optimizer steps after every second batch, without accumulation."""

    def optimizer_step(self, epoch, batch_idx, optimizer, optimizer_closure):
        if batch_idx % 2:
            optimizer.step(closure=optimizer_closure)
        else:
            optimizer_closure()


class TwoByHand(Plain):
    """A module with an optimizer for each layer, stepped in turn; some steps are without a loss."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.automatic_optimization = False

    def training_step(self, batch, number):
        for optimizer in self.optimizers():
            self.toggle_optimizer(optimizer)
            optimizer.zero_grad()
            if number != 2:
                self.manual_backward(super().training_step(batch, number))
            optimizer.step()
            self.untoggle_optimizer(optimizer)

    def configure_optimizers(self):
        options = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01}
        return [torch.optim.SGD(self.network[n].parameters(), **options) for n in (0, 2)]


class ClippedByHand(Plain):
    """A module that steps and clips by itself."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.automatic_optimization = False

    def training_step(self, batch, number):
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(super().training_step(batch, number))
        self.clip_gradients(optimizer, gradient_clip_val=0.1)
        optimizer.step()


class LateStart(Plain):
    """The optimizer has only what is trained at the start."""

    def configure_optimizers(self):
        trained = [p for p in self.parameters() if p.requires_grad]
        return torch.optim.SGD(trained, lr=0.05, momentum=0.9, weight_decay=0.01)


class Adapted(nn.Module):
    """A frozen layer with a trained one of low rank beside it, as LoRA has."""

    def __init__(self):
        super().__init__()
        self.base = nn.Linear(6, 4).requires_grad_(False)
        self.down, self.up = nn.Linear(6, 2, bias=False), nn.Linear(2, 4, bias=False)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


def perceptron(activation: Callable[[], nn.Module] = nn.Tanh) -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 5), activation(), nn.Linear(5, 1))


def frozen() -> nn.Sequential:
    network = perceptron()
    network[2].requires_grad_(False)
    return network


def tied() -> nn.Sequential:
    network = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6))
    network[2].weight = network[0].weight
    return network


def in_place_on_a_view() -> nn.Sequential:
    # A linear layer's output of three axes is a view.
    return nn.Sequential(
        nn.Linear(2, 4), nn.ReLU(inplace=True), nn.Dropout(0.0, inplace=True), nn.Linear(4, 1)
    )


def pruned() -> nn.Sequential:
    network = perceptron()
    prune.l1_unstructured(network[0], "weight", amount=0.5)
    prune.random_unstructured(network[2], "weight", amount=2)
    prune.l1_unstructured(network[0], "weight", amount=0.3)  # a second one of the same weight
    return network


def normed() -> nn.Sequential:
    network = perceptron()
    parametrizations.weight_norm(network[0])
    return network


def orthogonal() -> nn.Sequential:
    network = perceptron()
    parametrizations.orthogonal(network[0], orthogonal_map="cayley")
    return network


class ByToken(nn.Module):
    """A network that is applied to rows of three tokens with two numbers each."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x.unflatten(1, (3, 2)))


def by_token(network: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: ByToken(network())


def attention() -> nn.Module:
    return First(nn.MultiheadAttention(2, 1, batch_first=True), 3)


SITUATIONS = {
    "plain": Situation(perceptron),
    "skipped batches": Situation(perceptron, module=Skipping, options={"epochs": 2}),
    "accumulated batches": Situation(perceptron, options={"accumulate_grad_batches": 3}),
    "skipped of accumulated batches": Situation(
        perceptron, module=Skipping, options={"accumulate_grad_batches": 2}
    ),
    "batches without a step": Situation(perceptron, module=Unstepped),
    "clipped gradients": Situation(perceptron, options={"gradient_clip_val": 0.2}),
    "gradients clipped by hand": Situation(perceptron, module=ClippedByHand),
    "two optimizers by hand": Situation(perceptron, module=TwoByHand),
    "a frozen layer": Situation(frozen, weights=("0.weight",)),
    "a layer that is unfrozen": Situation(
        perceptron, module=LateStart, options={"epochs": 2}, callbacks=(Unfreezing,)
    ),
    "tied weights": Situation(tied, weights=("0.weight",)),
    "an activation in place": Situation(lambda: perceptron(lambda: nn.ReLU(inplace=True))),
    "an activation in place on a view": Situation(
        by_token(in_place_on_a_view),
        weights=("network.0.weight", "network.3.weight"),
        hidden="network.0",
    ),
    "torch's pruning": Situation(pruned),
    "weight_norm": Situation(normed),
    "an orthogonal layer": Situation(orthogonal),
    "LSTM": Situation(
        by_token(lambda: First(nn.LSTM(2, 3, batch_first=True))),
        weights=("network.layer.weight_ih_l0", "network.layer.weight_hh_l0"),
        hidden="network.layer",
    ),
    "attention": Situation(
        by_token(attention),
        weights=("network.layer.in_proj_weight", "network.layer.out_proj.weight"),
        hidden="network.layer",
    ),
    "embedding": Situation(
        lambda: nn.Sequential(Tokens(), nn.Embedding(5, 3)),
        weights=("1.weight",),
        hidden="1",
        units=lambda weight: weight.T,
    ),
    "transposed convolution": Situation(
        lambda: nn.Sequential(nn.Unflatten(1, (2, 3)), nn.ConvTranspose1d(2, 3, 2)),
        weights=("1.weight",),
        hidden="1",
        units=lambda weight: weight.transpose(0, 1).flatten(1),
    ),
    "adapter": Situation(
        Adapted, weights=("down.weight", "up.weight"), hidden="down", module=LateStart
    ),
    "bf16": Situation(perceptron, options={"precision": "bf16-mixed"}, atol=2e-3),
}


@cache
def free(name: str) -> list[Tensor]:
    return [parameter.detach() for parameter in SITUATIONS[name].trained().parameters()]


def check(name: str, regularizer: Any, by_hand: Callable[[Plain], Tensor]) -> None:
    situation = SITUATIONS[name]
    module = situation.trained(regularizer=regularizer)
    assert_same(module, situation.trained(penalty=by_hand), situation.atol)
    pairs = zip(module.parameters(), free(name), strict=True)
    assert max((one - other).abs().max().item() for one, other in pairs) > 1e-4


def combinations(names: Iterable[str], quick: Collection[str]) -> list[Any]:
    """Every penalty in every situation.

    In `make test` every penalty is in the plain situation, and those of `quick` in the others, as
    how a penalty gets into a step does not depend on its formula.
    """
    return [
        pytest.param(
            situation,
            name,
            marks=[] if situation == "plain" or name in quick else [pytest.mark.long],
        )
        for situation in SITUATIONS
        for name in names
    ]


@pytest.mark.parametrize(("situation", "name"), combinations(WEIGHTS, ("sL1", "group")))
def test_a_penalty_of_the_weights(situation, name):
    regularizer, value = WEIGHTS[name]
    check(situation, regularizer(), SITUATIONS[situation].of_weights(value))


@pytest.mark.parametrize(("situation", "name"), combinations(HIDDEN, ("KL",)))
def test_a_penalty_of_hidden_outputs(situation, name):
    regularizer, value = HIDDEN[name]
    layer = f"network.{SITUATIONS[situation].hidden}"
    check(situation, regularizer(layers=layer), of_hidden(value))


class Unused(Skipping):
    """A module with a layer that no batch uses, so that its gradients are None."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.unused = nn.Linear(2, 2)


@pytest.mark.parametrize(
    "regularizer",
    [
        lambda: sl.L1(0.0),
        lambda: sl.L1({"network.*": 0.0, "unused": 0.0}),
        lambda: sl.GroupLasso(0.0),
        lambda: sl.MCP(0.0, THETA),
        lambda: sl.HiddenL1(0.0, TAU, layers="network.1"),
        lambda: sl.HiddenKL(0.0, RHO, layers="network.1", squash=True),
        lambda: sl.L1(0.1, schedule=lambda step, epoch: 0.0),
    ],
)
def test_a_strength_of_zero_changes_nothing(regularizer):
    where = Situation(perceptron, module=Unused)
    assert_same(where.trained(regularizer=regularizer()), where.trained(), atol=0)


@pytest.mark.parametrize("accumulated", [1, 2])
def test_a_proximal_step_follows_a_step_with_a_backward_pass_only(accumulated):
    module = Skipping(perceptron(), "sgd")
    torch.manual_seed(3)
    reference = perceptron()
    module.network.load_state_dict(reference.state_dict())
    fitted(module, [sl.L1(0.5, proximal=True)], epochs=1, accumulate_grad_batches=accumulated)
    batches = ROWS.split(8)
    for number in (0, 3):  # the others are skipped
        loss = Plain(reference).training_step(batches[number], number) / accumulated
        gradients = torch.autograd.grad(loss, list(reference.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(reference.parameters(), gradients, strict=True):
                parameter -= 0.05 * gradient
                if parameter.ndim == 2:
                    step = 0.05 * 0.5 / accumulated
                    parameter.copy_(parameter.sign() * (parameter.abs() - step).clamp(min=0))
    assert_same(module.network, reference)


class LBFGS(Plain):
    """A module with a closed loss and an optimizer that compares its values."""

    def configure_optimizers(self):
        return torch.optim.LBFGS(self.parameters(), max_iter=6, line_search_fn=self.optimizer)


@pytest.mark.parametrize("search", ["strong_wolfe", None])
@pytest.mark.parametrize("kind", ["weight", "hidden"])
def test_an_optimizer_that_looks_at_the_loss_sees_the_penalty(kind, search):
    def trained(penalty=None, callbacks=()):
        torch.manual_seed(3)
        module = LBFGS(perceptron(), search, penalty, watched=("network.1",))
        return fitted(module, callbacks, epochs=3, batch_size=32)

    def by_hand(module):
        if kind == "hidden":
            return 2.0 * module.outputs["network.1"].square().sum() / 32
        return 0.2 * sum(w.square().sum() for w in module.parameters() if w.ndim == 2) / 2

    callback = sl.ElasticNet(0.2, 0.0) if kind == "weight" else sl.HiddenL2(2.0, 9.0, "network.1")
    module = trained(callbacks=[callback])
    assert_same(module, trained(by_hand), atol=1e-5)
    pairs = zip(module.parameters(), trained().parameters(), strict=True)
    assert max((one - other).abs().max().item() for one, other in pairs) > 0.01


def test_lbfgs_that_is_stepped_by_hand_is_refused():
    class ByHand(LBFGS):
        automatic_optimization = False

    with pytest.raises(sl.RegularizerError, match="L1: LBFGS looks at the loss"):
        fitted(ByHand(perceptron(), None), [sl.L1(0.1)])
