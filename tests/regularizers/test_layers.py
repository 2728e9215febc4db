"""Which layers and weights a regularizer is for."""

import pytest
import torch
from torch import nn

from sparse_lightning.errors import RegularizerError
from sparse_lightning.nn.layers import BatchedLinear
from sparse_lightning.regularizers.layers import (
    distinct_weights,
    is_activation,
    is_population,
    matching,
    output_modules,
    uncounted,
    unit_rows,
    weighted_layers,
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
        (("decoder.0", "*.0"), ["encoder.0", "decoder.0"]),
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


def test_each_pattern_of_several_must_match(module):
    with pytest.raises(RegularizerError, match="L1: no layer matches dec; the layers are"):
        matching(weighted_modules(module), ("encoder.*", "dec"), "L1")


def test_what_does_not_count_is_told_with_the_reason():
    root = nn.ModuleDict(
        {
            "frozen": nn.Linear(2, 2).requires_grad_(False),
            "lazy": nn.LazyLinear(3),
            "norm": nn.LayerNorm((2, 4)),
            "own": nn.ParameterDict({"kernel": torch.ones(2, 2)}),
        }
    )
    assert uncounted(root) == {
        "frozen.weight": "frozen",
        "lazy.weight": "it has no shape yet",
        "lazy.bias": "it has no shape yet",
        "norm.weight": "of a normalisation",
        "norm.bias": "of a normalisation",
        "own.kernel": "not called weight",
    }
    with pytest.raises(
        RegularizerError, match=r"no layer matches \*; .*frozen.weight \(frozen\), "
    ):
        weighted_layers(root, None, "L1")


def test_a_population_has_a_row_for_each_replica_in_every_parameter(module):
    module.replicas = 3
    assert not is_population(module)
    layers = nn.Sequential(BatchedLinear.initialise(6, 5, [1, 2, 3]))
    layers.replicas = 3
    assert is_population(layers)


def test_units_of_grouped_transposed_convolutions_are_those_of_all_groups():
    layer = nn.ConvTranspose1d(4, 6, 3, groups=2)
    with torch.no_grad():
        layer.weight.zero_()[0, 1] = 1.0  # from the first input to the second unit
    rows = unit_rows(layer, layer.weight.detach())
    assert rows.shape == (6, 6)
    output = layer(torch.ones(1, 4, 5)) - layer.bias[:, None]
    assert output[0].abs().sum(1).gt(1e-6).tolist() == rows.any(1).tolist()


def test_a_padding_row_of_an_embedding_is_no_dead_unit():
    layer = nn.Embedding(5, 3, padding_idx=0)
    rows = unit_rows(layer, layer.weight.detach())
    assert rows.shape == (3, 5)
    assert rows.any(1).all()


def test_outputs_are_those_of_modules_without_children(module):
    names = [f"{part}.{place}" for part in ("encoder", "decoder") for place in range(3)]
    assert list(output_modules(module)) == names


def test_identities_count_as_activations():
    assert is_activation(nn.Identity())
    assert is_activation(nn.GELU())
    assert not is_activation(nn.Linear(1, 1))
