"""A layer that is named is penalised as it is; a guess is made where none was named."""

import logging

import pytest
import torch
from small_fits import Plain, assert_same, fitted, perceptron
from torch import nn

from sparse_lightning import L1, HiddenCovariance, HiddenL1, RegularizerError


def deep():
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4), nn.Identity(), nn.Linear(4, 1)
    )


class Block(nn.Module):
    """What a layer of a transformer has: attention, and a way past it."""

    def __init__(self):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(2, 1, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(2, 4), nn.Linear(4, 2)
        self.activation, self.skip = nn.ReLU(), nn.Identity()

    def forward(self, x):
        x = x.unflatten(1, (3, 2))
        x = self.skip(x) + self.self_attn(x, x, x)[0]
        return self.linear2(self.activation(self.linear1(x)))


def block():
    torch.manual_seed(2)
    return Block()


@pytest.mark.parametrize(
    ("network", "patterns", "names"),
    [
        (deep, "net.0", ["net.0"]),
        (deep, ["net.0", "net.1"], ["net.0", "net.1"]),
        (deep, ["net.2", "net.3"], ["net.2", "net.3"]),
        (deep, "net.[01]", ["net.0", "net.1"]),
        (deep, "*.3", ["net.3"]),
        (deep, "net", ["net"]),
        (deep, ["net", "net.0"], ["net", "net.0"]),
        (block, ["*.self_attn", "*.linear1"], ["net.self_attn", "net.linear1"]),
        (block, ["*.linear?", "*.activation"], ["net.linear1", "net.linear2", "net.activation"]),
        (block, "net.skip", ["net.skip"]),
        # Nothing is named: the activations, or all but identities.
        (deep, "net.*", ["net.1"]),
        (deep, "ne*", ["net.1"]),
        (block, "net.*", ["net.activation"]),
        (lambda: nn.Sequential(nn.Linear(6, 5), nn.Identity(), nn.Linear(5, 1)), "*", "02"),
        (lambda: nn.Sequential(nn.Identity()), "*", "0"),
        # A name counts beside a guess.
        (deep, ["net.*", "net.0"], ["net.1", "net.0"]),
    ],
)
def test_which_layers_patterns_choose(network, patterns, names):
    made = network()
    root = nn.ModuleDict({"net": made}) if not isinstance(names, str) else made
    assert HiddenL1(0.1, 0.5, layers=patterns).layers_of(root) == tuple(names)


def test_the_layers_of_a_penalty_of_the_weights_can_be_asked_for():
    assert L1(0.1).layers_of(deep()) == ("0", "2", "4")
    assert L1({"0": 0.1, "4": 0.2}).layers_of(deep()) == ("0", "4")


def test_a_guess_is_logged(caplog):
    with caplog.at_level(logging.INFO, logger="pytorch_lightning"):
        fitted(Plain(deep()), [HiddenL1(0.1, 0.5, layers=["network.*", "network.0"])], epochs=1)
    assert "HiddenL1: of network.* takes the outputs of network.1" in caplog.text


@pytest.mark.parametrize(
    "strengths",
    [
        {"network.0": 0.1, "network.1": 0.2},
        {"network.*": 0.2, "network.0": 0.1},
        {"network.0": 0.1, "*": 0.2},
    ],
)
def test_each_named_layer_is_penalised_by_its_strength(strengths):
    def by_hand(module):
        linear, activation = (module.outputs[name] for name in watched)
        return (0.1 * linear.abs().sum() + 0.2 * activation.abs().sum()) / 8

    watched = ("network.0", "network.1")
    module = fitted(Plain(deep()), [HiddenL1(strengths, threshold=99.0)])
    assert_same(module, fitted(Plain(deep(), penalty=by_hand, watched=watched)))


def test_attention_and_a_layer_beside_it():
    def by_hand(module):
        attention, linear = (module.outputs[name] for name in watched)
        return 0.1 * (attention[0].abs().sum() + linear.abs().sum()) / 8

    watched = ("network.self_attn", "network.linear1")
    module = fitted(Plain(block()), [HiddenL1(0.1, 99.0, layers=["*.self_attn", "*.linear1"])])
    assert_same(module, fitted(Plain(block(), penalty=by_hand, watched=watched)))


def test_a_module_that_stands_twice_is_found_by_both_names():
    def twice():
        torch.manual_seed(0)
        activation = nn.Tanh()
        return nn.Sequential(nn.Linear(6, 6), activation, nn.Linear(6, 6), activation)

    regularizer = HiddenL1(0.1, 99.0, layers="network.3")
    assert regularizer.layers_of(Plain(twice())) == ("network.3",)
    both = HiddenL1(0.1, 99.0, layers=["network.1", "network.3"])
    assert_same(fitted(Plain(twice()), [regularizer]), fitted(Plain(twice()), [both]))
    with pytest.raises(RegularizerError, match=r"network\.1 and network\.3 share what is"):
        fitted(Plain(twice()), [HiddenL1({"network.1": 0.1, "network.3": 0.2}, 99.0)])


def tied():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6))
    network[2].weight = network[0].weight
    return network


@pytest.mark.parametrize("strengths", [{"*.2": 0.1}, {"*.2": 0.1, "*": 0.3}, {"*.0": 0.1}])
def test_a_tied_weight_has_the_strength_of_the_first_pattern_that_matches(strengths):
    def by_hand(module):
        return 0.1 * module.network[0].weight.abs().sum()

    module = fitted(Plain(tied()), [L1(strengths)])
    assert_same(module, fitted(Plain(tied(), penalty=by_hand)))


def test_a_tied_weight_of_two_named_layers_has_one_strength():
    with pytest.raises(RegularizerError, match=r"network\.0 and network\.2 share what is"):
        fitted(Plain(tied()), [L1({"network.0": 0.1, "network.2": 0.2})])


def test_a_named_layer_that_is_not_called_is_an_error_beside_one_that_is():
    with pytest.raises(RegularizerError, match=r"no training step has called .*\*\.out_proj"):
        fitted(Plain(block()), [HiddenL1(0.1, 9.0, layers=["*.linear1", "*.out_proj"])])


@pytest.mark.filterwarnings("ignore:.*`training_step` returned `None`:UserWarning")
def test_an_epoch_without_a_loss_says_nothing_of_layers():
    class Later(Plain):
        def training_step(self, batch, number):
            return super().training_step(batch, number) if self.current_epoch else None

    module = fitted(Later(perceptron()), [HiddenCovariance(50.0, layers="network.1")])
    short = fitted(Plain(perceptron()), [HiddenCovariance(50.0, layers="network.1")], epochs=1)
    assert_same(module, short)


def test_outputs_without_a_gradient_are_refused_before_the_first_step():
    network = perceptron()
    network[0].requires_grad_(False)
    before = network[2].weight.clone()
    with pytest.raises(RegularizerError, match=r"outputs of network\.1 have no gradient"):
        fitted(Plain(network), [HiddenL1(0.1, 9.0, layers=["network.1", "network.2"])])
    assert torch.equal(network[2].weight, before)


class Table(nn.Module):
    """Gives its parameter itself, or a view of it."""

    def __init__(self, view):
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Parameter(torch.rand(5, 6))
        self.view = view

    def forward(self, x):
        return self.table.expand(1, -1, -1) if self.view else self.table


@pytest.mark.parametrize("view", [True, False])
def test_an_output_that_is_a_parameter_is_penalised_once_a_step(view):
    class Looking(nn.Module):
        def __init__(self):
            super().__init__()
            self.given = Table(view)

        def forward(self, x):
            return (x @ self.given(x).flatten(0, -2).T).tanh()

    def by_hand(module):
        output = module.outputs["network.given"]
        return 0.1 * output.abs().sum() / len(output)

    module = fitted(Plain(Looking()), [HiddenL1(0.1, 9.0, layers="network.given")])
    reference = Plain(Looking(), penalty=by_hand, watched=("network.given",))
    assert_same(module, fitted(reference))
    assert not module.network.given.table._backward_hooks


@pytest.mark.filterwarnings("ignore:Found 1 module")
def test_the_outputs_of_a_layer_in_evaluation_mode_are_penalised():
    def by_hand(module):
        return 0.1 * module.outputs["network.1"].abs().sum() / 8

    def evaluating(**options):
        module = Plain(perceptron(), **options)
        module.network[1].eval()
        return module

    module = fitted(evaluating(), [HiddenL1(0.1, 9.0, layers="network.1")])
    assert_same(module, fitted(evaluating(penalty=by_hand, watched=("network.1",))))
