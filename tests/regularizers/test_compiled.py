"""Regularizers on a module that torch compiles."""

import pytest
import torch
from small_fits import Plain, assert_same, fitted, perceptron

from sparse_lightning import L1, HiddenCovariance, HiddenKL, Prune

# The compiler looks at `.grad` of tensors that are no leaves, and silences it by another filter.
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")


def callbacks():
    return [
        L1(0.02),
        HiddenKL(0.5, 0.2, "network.1"),
        HiddenCovariance(300.0, "network.1"),
        Prune(0.1, epoch=1),
    ]


def test_a_compiled_module_trains_as_the_module_itself():
    module = Plain(perceptron())
    compiled = torch.compile(module, backend="aot_eager")
    fitted(compiled, callbacks())
    reference = fitted(Plain(perceptron()), callbacks())
    assert_same(module, reference)
    free = fitted(Plain(perceptron()))
    assert (free.network[0].weight - module.network[0].weight).abs().max() > 1e-3

    # A second fit must not meet the first one's hooks in the compiled graph.
    fitted(compiled, [HiddenKL(0.5, 0.6, "network.1")])
    fitted(reference, [HiddenKL(0.5, 0.6, "network.1")])
    assert_same(module, reference)


def by_module(network):
    module = Plain(network)
    return module, torch.compile(module, backend="aot_eager")


def by_network(network):
    module = Plain(network)
    module.network.compile(backend="aot_eager")
    return module, module


def by_function(network):
    class Called(Plain):
        def training_step(self, batch, number):
            self.outputs["all"] = run(self.network, batch)
            output = self.outputs["all"]
            return (output[:, :1] - batch[:, :1]).square().sum() / len(batch)

    module = Called(network)
    return module, module


@torch.compile(backend="aot_eager")
def run(network, batch):
    return network(batch)


@pytest.mark.parametrize("compiled", [by_module, by_network, by_function])
def test_a_fit_after_a_compiled_one_without_penalties_is_penalised(compiled):
    def callback():
        return HiddenKL(0.5, 0.2, "network.1")

    free, penalised = fitted(Plain(perceptron())), fitted(Plain(perceptron()), [callback()])
    for callbacks, reference in (([], free), ([callback()], penalised), ([], free)):
        module, whole = compiled(perceptron())
        fitted(whole, callbacks)
        assert_same(module, reference)


def test_a_compiled_network_inside_a_module():
    module = Plain(perceptron())
    module.network.compile(backend="aot_eager")
    fitted(module, callbacks())
    assert_same(module, fitted(Plain(perceptron()), callbacks()))
