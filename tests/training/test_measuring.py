"""Networks whose small weights are zero."""

import numpy as np
import pytest
import torch
from torch import nn

from sparse_lightning.nn.layers import batched_layer, single
from sparse_lightning.training import measuring
from sparse_lightning.training.measuring import THRESHOLDS, sweep


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(
        *batched_layer(5, 3, "sigmoid", [1, 2, 3], layer=0),
        *batched_layer(3, 4, "linear", [1, 2, 3], layer=1),
    )


def alone(network: nn.Sequential, replica: int, threshold: float) -> nn.Sequential:
    """One replica, its weights cut by hand."""
    model = single(network, replica)
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear):
                layer.weight[layer.weight.abs() <= threshold] = 0.0
    return model


@pytest.mark.parametrize("values", [2**22, 7])
def test_each_replica_is_cut_at_each_threshold(
    network: nn.Sequential, values: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(measuring, "MOST_VALUES", values)
    rows, targets = torch.rand(30, 5), torch.rand(30, 4)
    labels = targets.argmax(1)
    before = [parameter.clone() for parameter in network.parameters()]
    found = sweep(network, rows, targets, labels)
    for replica, document in enumerate(found):
        for place, threshold in enumerate(THRESHOLDS):
            model = alone(network, replica, threshold)
            weights = torch.cat(
                [layer.weight.flatten() for layer in model if hasattr(layer, "bias")]
            )
            assert document["connections"][place] == int((weights != 0).sum())
            outputs = model(rows).detach()
            error = float((outputs - targets).square().double().mean())
            assert document["squared_error"][place] == pytest.approx(error, rel=1e-5)
            share = float((outputs.argmax(1) == labels).double().mean())
            assert document["accuracy"][place] == pytest.approx(share)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    assert found[0]["connections"][-1] == 0


def test_large_tables_are_measured_by_rows_at_even_distances(
    network: nn.Sequential, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(measuring, "MOST_ROWS", 4)
    rows = torch.rand(10, 5)
    (found, *_) = sweep(network, rows, torch.zeros(10, 4))
    outputs = alone(network, 0, 0.0)(rows[[0, 3, 6, 9]]).detach()
    assert found["squared_error"][0] == pytest.approx(float(outputs.square().mean()), rel=1e-5)
    assert (found["rows"], found["rows_total"], found["accuracy"]) == (4, 10, None)


def test_a_failed_replica_has_no_error(network: nn.Sequential):
    with torch.no_grad():
        network[0].weight[1] = torch.nan  # type: ignore[index]
    found = sweep(network, torch.rand(6, 5), torch.rand(6, 4))
    assert found[1]["squared_error"] == [None] * len(THRESHOLDS)
    assert np.isfinite(found[0]["squared_error"]).all()
