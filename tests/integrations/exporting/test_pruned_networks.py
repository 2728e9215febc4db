"""What is exported: the pruned network without its dead units, the same outputs."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.errors import InputError
from sparse_lightning.integrations.exporting.pruned import exported, without
from sparse_lightning.interpret.pruning import prune
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.network import Network


def applied(model, inputs):
    with torch.no_grad():
        return model(inputs).numpy()


@pytest.mark.parametrize("threshold", [0.01, 0.35, 0.6])
def test_dead_units_are_taken_out_and_the_outputs_stay(autoencoder, encoding, frame, threshold):
    inputs = torch.from_numpy(encoding.transform(frame))
    made = exported(autoencoder, threshold)
    expected = applied(prune(autoencoder.model, threshold), inputs)
    assert applied(made.model, inputs) == pytest.approx(expected, abs=1e-6)
    alive = autoencoder.structure(threshold).alive
    hidden = [layer.out_features for layer in made.model if isinstance(layer, nn.Linear)][:-1]
    assert hidden == [max(1, int(units.sum())) for units in alive[1:-1]]
    assert hidden[0] < 6  # the fixture has a dead unit
    assert made.codes == tuple(np.flatnonzero(alive[2]) + 1)
    counted = sum(
        int((weight != 0).sum()) for weight in autoencoder.structure(threshold).live_weights
    )
    assert made.connections == counted


@given(st.integers(0, 2**31), st.floats(0.01, 2))
def test_whatever_the_threshold_the_outputs_are_those_of_the_pruned_network(seed, threshold):
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(
        *(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2), nn.ReLU()),
        *(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 3), nn.Identity()),
    )
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(generator=generator)
    frame = np.random.default_rng(seed).normal(size=(5, 3)).astype(np.float32)
    pruned = prune(model, threshold)
    names = ["a", "b", "c"]
    alive = Structure.of(model, names, threshold=threshold).alive
    kept = [units if units.any() else np.arange(len(units)) == 0 for units in alive]
    kept[0], kept[-1] = np.ones(3, bool), np.ones(3, bool)
    inputs = torch.from_numpy(frame)
    assert applied(without(pruned, kept), inputs) == pytest.approx(
        applied(pruned, inputs), abs=1e-5
    )


def test_a_network_with_no_connection_left_keeps_a_unit_of_each_layer(autoencoder):
    made = exported(autoencoder, 100)
    assert [tuple(layer.weight.shape) for layer in made.model if isinstance(layer, nn.Linear)] == [
        *((1, made.model[0].in_features), (1, 1), (1, 1)),
        (made.model[0].in_features, 1),
    ]
    assert made.connections == 0


def test_at_threshold_0_the_network_is_as_trained(autoencoder):
    made = exported(autoencoder, 0)
    trained = autoencoder.model.state_dict()
    assert all(
        torch.equal(weight, trained[name]) for name, weight in made.model.state_dict().items()
    )
    assert made.codes == (1, 2, 3, 4)


def test_the_network_itself_is_left_as_it_is(components):
    before = [weight.clone() for weight in components.model.parameters()]
    exported(components, 0.01)
    assert all(
        torch.equal(one, other)
        for one, other in zip(before, components.model.parameters(), strict=True)
    )


def test_of_components_the_loadings_alone_are_pruned_and_scores_stay_centred(components, frame):
    made = exported(components, 0.01)
    first, _, back, _ = made.model
    assert first.weight.tolist() == [
        pytest.approx([0.6, 0.8, 0]),
        pytest.approx([0, 0, 1]),
    ]
    assert made.codes == (1, 3)
    mean = components.model[2].bias
    assert applied(made.model[:1], mean[None]) == pytest.approx(np.zeros((1, 2)), abs=1e-6)
    assert torch.equal(back.weight, components.model[2].weight[:, [0, 2]])
    assert made.columns == ("age", "income", "size", "component_1", "component_3")


def test_codes_are_named_by_their_units_and_never_as_a_column_of_the_table(frame):
    columns = frame[["age", "income"]].set_axis(["code_1", "code_2_"], axis=1)
    encoding = Encoding.fit(columns, "minmax")
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2), nn.Identity())
    made = exported(Network(model, encoding, {}, "d" * 32), 0)
    assert made.columns == ("code_1", "code_2_", "code_1__", "code_2__")


def test_a_negative_threshold_is_refused(autoencoder):
    with pytest.raises(InputError, match="threshold must be at least 0, got -1"):
        exported(autoencoder, -1)


def test_a_model_without_a_path_is_constant(autoencoder, components):
    assert not exported(autoencoder, 0.01).constant
    assert not exported(components, 0.01).constant
    assert exported(components, 2).constant
    cut = deepcopy(autoencoder.model)
    with torch.no_grad():
        cut[4].weight.zero_()
    made = exported(replace(autoencoder, model=cut), 0)
    assert made.constant
    assert made.connections > 0
