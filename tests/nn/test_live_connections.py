"""Connections on a path, counted for all networks at once and one network at a time."""

from itertools import pairwise

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sparse_lightning.interpret.torch_modules import structure_of
from sparse_lightning.nn.layers import (
    batched_layer,
    connections,
    linear_layers,
    live_connections,
    single,
)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=5), st.integers(0, 2**31), st.floats(0, 1))
def test_they_are_those_of_each_structure(units, seed, share):
    generator = torch.Generator().manual_seed(seed)
    network = nn.Sequential(
        *(
            batched_layer(before, after, "tanh", [1, 2, 3], place)
            for place, (before, after) in enumerate(pairwise(units))
        )
    )
    with torch.no_grad():
        for layer in linear_layers(network):
            layer.weight.copy_(torch.rand(layer.weight.shape, generator=generator) < share)
    every, live = connections(network, 0.5), live_connections(network, 0.5)
    for place in range(3):
        structure = structure_of(single(network, place), threshold=0.5)
        assert every[place] == structure.connections
        assert live[place] == structure.live_connections
