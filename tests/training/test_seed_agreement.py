"""The agreement of the networks of a population, marker by marker."""

import numpy as np
import pytest
import torch
from torch import nn

from sparse_lightning.data.columns.number_columns import NumberColumn
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.interpret.consensus import agreement_of
from sparse_lightning.nn.failures import Failure
from sparse_lightning.nn.layers import BatchedLinear
from sparse_lightning.regularizers.replica import Replica
from sparse_lightning.training import agreement
from sparse_lightning.training.agreement import agreements
from sparse_lightning.training.grid import History, TrainedPopulation

COLUMNS = tuple("abcd")
ENCODING = Encoding(tuple(NumberColumn(name) for name in COLUMNS), (0.0,) * 4, (1.0,) * 4)

# Which columns each network keeps in its one code; λ and the seed.
KEPT = [
    ("ab", 0.1, 1),
    ("abc", 0.1, 2),
    ("ab", 0.1, 3),
    ("ab", 0.2, 1),
    ("", 0.2, 2),
    ("cd", 0.3, 1),
]


def population(failed=()):
    rows = torch.tensor([[[float(name in kept)] for name in COLUMNS] for kept, *_ in KEPT])
    count = len(KEPT)
    return TrainedPopulation(
        replicas=[
            Replica(number, "L1", "L1", seed, l1_weight=weight)
            for number, (_, weight, seed) in enumerate(KEPT)
        ],
        network=nn.Sequential(
            BatchedLinear(rows, torch.zeros(count, 1, 1)),
            nn.Tanh(),
            BatchedLinear(rows.transpose(1, 2), torch.zeros(count, 1, 4)),
            nn.Sigmoid(),
        ),
        squared_error=np.zeros(count),
        connections=np.zeros(count),
        failures=[
            Failure("training", None, "loss") if number in failed else None
            for number in range(count)
        ],
        histories=[History() for _ in range(count)],
        floor_settled=True,
        seconds=0.0,
    )


def shared(*kept):
    """Which of the six pairs each of these networks says share its code."""
    pairs = ["ab", "ac", "ad", "bc", "bd", "cd"]
    return np.array([[set(pair) <= set(one) for pair in pairs] for one in kept])


def test_networks_are_held_beside_the_other_seeds_of_their_marker():
    found = agreements(population(), ENCODING, None, 0.01)
    expected = agreement_of(shared("ab", "abc", "ab"))
    assert list(found) == ["agreement", "agreement_paths"]
    for values in found.values():
        np.testing.assert_allclose(values[:3], expected)
        np.testing.assert_allclose(values[3:5], [0, 0])  # one says nothing
        assert np.isnan(values[5])  # alone


def test_failed_networks_are_left_out():
    found = agreements(population(failed=[1, 4]), ENCODING, None, 0.01)["agreement"]
    np.testing.assert_allclose(found, [1, np.nan, 1, np.nan, np.nan, np.nan])


def test_of_very_many_columns_there_is_none(monkeypatch):
    monkeypatch.setattr(agreement, "MOST_COLUMNS", 3)
    found = agreements(population(), ENCODING, None, 0.01)
    assert all(np.isnan(values).all() for values in found.values())


def test_connections_up_to_the_threshold_do_not_count():
    found = agreements(population(), ENCODING, None, 1.0)["agreement"]
    assert np.isnan(found).all()


@pytest.mark.parametrize("outputs", [("low", "mid", "high", "top")])
def test_networks_that_predict_are_held_beside_each_other_too(outputs):
    found = agreements(population(), ENCODING, outputs, 0.01)["agreement"]
    # Columns × outputs: a and b of the one reach both its outputs.
    reach = [
        [name in kept and output in kept for output in COLUMNS for name in COLUMNS]
        for kept, *_ in KEPT[:3]
    ]
    np.testing.assert_allclose(found[:3], agreement_of(np.array(reach)))
