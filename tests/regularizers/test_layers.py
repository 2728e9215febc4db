"""Which layers and weights a regularizer is for."""

import pytest
from torch import nn

from sparse_lightning.errors import RegularizerError
from sparse_lightning.regularizers.layers import (
    distinct_weights,
    is_activation,
    matching,
    output_modules,
    weighted_modules,
)


@pytest.fixture
def module():
    return nn.ModuleDict(
        {
            "encoder": nn.Sequential(nn.Conv1d(2, 3, 1), nn.BatchNorm1d(3), nn.Sigmoid()),
            "decoder": nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Identity()),
        }
    )


def test_biases_and_normalisations_are_never_penalised(module):
    weights = distinct_weights(weighted_modules(module))
    assert [id(w) for w in weights] == [
        id(module["encoder"][0].weight),
        id(module["decoder"][0].weight),
    ]


def test_frozen_weights_are_not_penalised(module):
    module["encoder"].requires_grad_(False)
    assert list(weighted_modules(module)) == ["decoder.0"]


def test_shared_weights_are_penalised_once(module):
    module["twin"] = nn.Linear(3, 4)
    module["twin"].weight = module["decoder"][0].weight
    assert len(weighted_modules(module)) == 3
    assert len(distinct_weights(weighted_modules(module))) == 2


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (("encoder.*",), ["encoder.0"]),
        (("*.0",), ["encoder.0", "decoder.0"]),
        (("decoder.0", "nowhere"), ["decoder.0"]),
        (None, ["encoder.0", "decoder.0"]),
    ],
)
def test_patterns_choose_layers_by_name(module, patterns, names):
    assert list(matching(weighted_modules(module), patterns, "L1")) == names


def test_patterns_are_case_sensitive_and_a_miss_names_the_layers(module):
    with pytest.raises(RegularizerError) as caught:
        matching(weighted_modules(module), ("Encoder.*",), "L1")
    assert str(caught.value) == (
        "L1: no layer matches Encoder.*; the layers are encoder.0, decoder.0"
    )


def test_outputs_are_those_of_modules_without_children(module):
    names = [f"{part}.{place}" for part in ("encoder", "decoder") for place in range(3)]
    assert list(output_modules(module)) == names


def test_identities_count_as_activations():
    assert is_activation(nn.Identity())
    assert is_activation(nn.GELU())
    assert not is_activation(nn.Linear(1, 1))
