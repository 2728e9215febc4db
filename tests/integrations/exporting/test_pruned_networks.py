"""What is exported: the pruned network without its dead units, the same outputs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.errors import InputError
from sparse_lightning.integrations.exporting.pruned import class_values, exported, prune
from sparse_lightning.network import Network
from sparse_lightning.weights import layers_of, model_of


def applied(layers, inputs):
    with torch.no_grad():
        return model_of(layers)(inputs).numpy()


@pytest.mark.parametrize("threshold", [0.01, 0.35, 0.6])
def test_dead_units_are_taken_out_and_the_outputs_stay(autoencoder, encoding, frame, threshold):
    inputs = torch.from_numpy(encoding.transform(frame))
    made = exported(autoencoder, threshold)
    expected = applied(prune(autoencoder.layers, threshold), inputs)
    assert applied(made.layers, inputs) == pytest.approx(expected, abs=1e-6)
    alive = autoencoder.structure(threshold).alive
    hidden = [len(layer.bias) for layer in made.layers[:-1]]
    assert hidden == [max(1, int(units.sum())) for units in alive[1:-1]]
    assert hidden[0] < 6  # the fixture has a dead unit
    assert made.codes == tuple(np.flatnonzero(alive[2]) + 1)
    counted = sum(
        int((weight != 0).sum()) for weight in autoencoder.structure(threshold).live_weights
    )
    assert made.connections == counted


def test_a_network_with_no_connection_left_keeps_a_unit_of_each_layer(autoencoder):
    made = exported(autoencoder, 100)
    inputs = len(autoencoder.encoding.input_names)
    shapes = [layer.weight.shape for layer in made.layers]
    assert shapes == [(1, inputs), (1, 1), (1, 1), (inputs, 1)]
    assert made.connections == 0


def test_at_threshold_0_the_network_is_as_trained(autoencoder):
    made = exported(autoencoder, 0)
    for layer, trained in zip(made.layers, autoencoder.layers, strict=True):
        np.testing.assert_array_equal(layer.weight, trained.weight)
        np.testing.assert_array_equal(layer.bias, trained.bias)
    assert made.codes == (1, 2, 3, 4)


def test_the_network_itself_is_left_as_it_is(components):
    before = [values.copy() for layer in components.layers for values in (layer.weight, layer.bias)]
    exported(components, 0.01)
    after = [values for layer in components.layers for values in (layer.weight, layer.bias)]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_of_components_the_loadings_alone_are_pruned_and_scores_stay_centred(components, frame):
    made = exported(components, 0.01)
    first, back = made.layers
    assert first.weight.tolist() == [
        pytest.approx([0.6, 0.8, 0]),
        pytest.approx([0, 0, 1]),
    ]
    assert made.codes == (1, 3)
    mean = components.layers[1].bias
    assert first.weight @ mean + first.bias == pytest.approx(np.zeros(2), abs=1e-6)
    np.testing.assert_array_equal(back.weight, components.layers[1].weight[:, [0, 2]])
    assert made.columns == ("age", "income", "size", "component_1", "component_3")


def test_codes_are_named_by_their_units_and_never_as_a_column_of_the_table(frame):
    columns = frame[["age", "income"]].set_axis(["code_1", "code_2_"], axis=1)
    encoding = Encoding.fit(columns, "minmax")
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2), nn.Identity())
    made = exported(Network(layers_of(model), encoding, {}, "d" * 32), 0)
    assert made.columns == ("code_1", "code_2_", "code_1__", "code_2__")


def test_a_negative_threshold_is_refused(autoencoder):
    with pytest.raises(InputError, match="threshold must be at least 0, got -1"):
        exported(autoencoder, -1)


def test_a_model_without_a_path_is_constant(autoencoder, components):
    assert not exported(autoencoder, 0.01).constant
    assert not exported(components, 0.01).constant
    assert exported(components, 2).constant
    first, second, third, last = autoencoder.layers
    third = replace(third, weight=np.zeros_like(third.weight))
    made = exported(replace(autoencoder, layers=(first, second, third, last)), 0)
    assert made.constant
    assert made.connections > 0


@pytest.mark.parametrize(
    ("classes", "values"),
    [
        (("0", "1", "2"), [0, 1, 2]),
        (("0.5", "2"), [0.5, 2.0]),
        (("False", "True"), [False, True]),
        (("no", "yes"), ["no", "yes"]),
        (("1", "none"), ["1", "none"]),
        (("007", "1"), ["007", "1"]),
        (("1_0", "2"), ["1_0", "2"]),
        (("inf", "nan"), ["inf", "nan"]),
    ],
)
def test_classes_are_numbers_only_where_they_are_spelled_as_numbers(classes, values):
    found = class_values(classes)
    assert found == values
    assert [type(one) for one in found] == [type(one) for one in values]
