from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.nn.layers import BatchedLinear, connections


def as_lists(arrays):
    return [array.tolist() for array in arrays]


def test_only_weights_beyond_the_threshold_count(layered):
    structure = Structure.of(layered([[0.2, -0.3], [0.1, -0.1]]), "ab", "xy", threshold=0.1)
    assert structure.weights[0].tolist() == [[0.2, -0.3], [0, 0]]
    assert structure.connections == 2


def test_connections_are_counted_as_training_counts_them():
    # 0.1 as 32 bits hold it is greater than 0.1.
    weight = torch.tensor([[0.1, 0.2], [-0.1, 0.05]])
    population = nn.Sequential(BatchedLinear(weight.T[None], torch.zeros(1, 1, 2)))
    structure = Structure.of([weight.numpy()], "ab", threshold=0.1)
    assert structure.connections == connections(population, 0.1).item() == 1


def test_a_chain_of_dead_units_is_dead_in_both_directions(layered):
    # The second column of units is connected throughout but ends in nothing; the third begins so.
    model = layered(
        [[1, 0], [0, 1], [0, 0]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 0, 1]]
    )
    structure = Structure.of(model, "ab", "xy")
    assert as_lists(structure.alive) == [
        [True, False],
        [True, False, False],
        [True, False, False],
        [True, False],
    ]
    assert as_lists(structure.fed)[2] == [True, True, False]
    assert as_lists(structure.used)[1] == [True, False, True]
    assert [np.count_nonzero(weight) for weight in structure.live_weights] == [1, 1, 1]
    assert structure.connections == 7


def test_a_network_without_connections_is_dead(layered):
    structure = Structure.of(layered(np.zeros((2, 3)), np.zeros((3, 2))), "abc")
    assert structure.connections == 0
    assert not any(alive.any() for alive in structure.alive)


@pytest.mark.parametrize(
    ("widths", "outputs", "code"),
    [
        ([4, 2, 4], None, 1),
        ([4, 3, 2, 3, 4], None, 2),
        ([4, 2, 3, 2, 4], None, 2),
        ([4, 3, 2, 4], None, 2),
        ([4, 4], None, 0),
        ([4, 3, 2], "xy", 1),
        ([4, 2, 3, 2], "xy", 2),
    ],
)
def test_the_code_is_innermost_and_a_classifier_has_it_last(layered, widths, outputs, code):
    model = layered(*(np.ones((below, above)) for above, below in pairwise(widths)))
    structure = Structure.of(model, "abcd", outputs)
    assert structure.code_layer == code
    if code:
        assert structure.names[code][0] == "code 1"


def test_groups_name_the_variables(layered):
    groups = (("colour", slice(0, 2)), ("size", slice(2, 3)))
    structure = Structure.of(layered(np.ones((1, 3)), np.ones((3, 1))), "rgs", groups=groups)
    assert structure.variables == ("colour", "size")
    assert Structure.of(layered(np.ones((1, 3))), "rgs", "x").variables == ("r", "g", "s")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_names": "ab"}, "3 inputs, got 2 names"),
        ({"output_names": "ab"}, "3 outputs, got 2 names"),
        ({"threshold": -1}, "at least 0, got -1"),
        ({"threshold": float("nan")}, "at least 0, got nan"),
        ({"code_layer": 3}, r"in 1…1, got 3"),
        ({"code_layer": 0}, r"that of a hidden layer, in 1…1, got 0"),
        ({"groups": (("a", slice(0, 2)),)}, "cover the 3 inputs"),
        ({"groups": (("a", slice(1, 3)), ("b", slice(0, 1)))}, "one after another"),
    ],
)
def test_what_does_not_fit_is_an_input_error(layered, options, message):
    model = layered(np.ones((1, 3)), np.ones((3, 1)))
    with pytest.raises(InputError, match=message):
        Structure.of(model, **{"input_names": "abc", **options})


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([], "no linear layer"),
        ([np.ones((1, 3)), np.ones((3, 2))], "1 outputs is followed by one of 2 inputs"),
        ([np.full((3, 3), np.nan)], "no finite numbers"),
    ],
)
def test_what_is_no_network_is_an_input_error(layered, weights, message):
    with pytest.raises(InputError, match=message):
        Structure.of(layered(*weights), "abc")
