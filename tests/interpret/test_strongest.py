"""Networks with more inputs than can be told apart in a diagram."""

import numpy as np
import pytest

from sparse_lightning.errors import InputError
from sparse_lightning.interpret.diagram import MOST_WEIGHTS, structure_figure, structure_html
from sparse_lightning.interpret.layout import MOST_UNITS, layer_notes, strongest
from sparse_lightning.interpret.structure import Structure


def autoencoder(inputs, units=2):
    """Input n has the strength n, twice: of what feeds and of what rebuilds it."""
    weight = np.tile(np.arange(1, inputs + 1) / inputs, (units, 1))
    return Structure.of([weight, weight.T], [f"x{n}" for n in range(1, inputs + 1)])


def test_the_strongest_inputs_are_kept_in_their_order():
    found = strongest(autoencoder(10), 3)
    assert found.names[0] == found.names[-1] == ("x8", "x9", "x10")
    assert found.widths == (3, 2, 3)
    np.testing.assert_allclose(found.weights[0], [[0.8, 0.9, 1.0]] * 2)
    np.testing.assert_allclose(found.weights[1], found.weights[0].T)
    assert found.groups == tuple((f"x{n}", slice(p, p + 1)) for p, n in enumerate((8, 9, 10)))
    assert found.code_layer == 1


def test_a_variable_keeps_the_levels_that_are_drawn():
    whole = autoencoder(6)
    weight = np.array([[9, 1, 8, 1, 7, 1.0]] * 2)
    groups = [("a", slice(0, 3)), ("b", slice(3, 4)), ("c", slice(4, 6))]
    found = strongest(Structure.of([weight, weight.T], whole.names[0], groups=groups), 3)
    assert found.groups == (("a", slice(0, 2)), ("c", slice(2, 3)))


def test_inputs_and_classes_are_chosen_apart():
    weight = np.array([[1.0, 2.0, 3.0, 4.0]])
    found = strongest(Structure.of([weight, np.ones((2, 1))], "abcd", ["no", "yes"]), 3)
    assert found.names[0] == ("b", "c", "d")
    assert found.names[-1] == ("no", "yes")


def test_a_small_network_is_drawn_whole():
    small = autoencoder(MOST_UNITS)
    assert strongest(small) is small
    assert len(layer_notes(small, small)) == 2


def test_the_diagrams_tell_what_is_left_out():
    whole = autoencoder(2_000)
    note = f"drawn: the {MOST_UNITS} of 2000 inputs with the strongest connections"
    assert note in layer_notes(whole, strongest(whole))
    figure = structure_figure(whole)
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert "1980 of 2000 inputs" in texts  # the others are below the threshold
    assert "x2000" in texts
    assert "x1700" not in texts
    assert any(note in text for text in texts)


def test_the_page_shows_a_large_network_whole_unless_it_is_too_large_for_one():
    assert "x1700" in structure_html(autoencoder(2_000))
    page = structure_html(autoencoder(MOST_WEIGHTS // 40 + 1, units=20))
    assert f"drawn: the {MOST_UNITS} of 12501 inputs with the strongest connections" in page
    assert "x12501" in page
    assert "x1700" not in page


def test_hidden_layers_that_cannot_be_drawn_are_refused():
    with pytest.raises(InputError, match="a layer of 301 units cannot be drawn, at most 300 can"):
        structure_figure(autoencoder(4, units=301))
    with pytest.raises(InputError, match="a layer of 301 units cannot be drawn, at most 300 can"):
        structure_html(autoencoder(4, units=301))
