"""A network as its user stores, reads and applies it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sparse_lightning.data.columns.level_columns import LevelsColumn
from sparse_lightning.data.columns.number_columns import NumberColumn
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.errors import InputError, TableError
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.network import Network
from sparse_lightning.project import Step
from sparse_lightning.weights import layers_of


def stack():
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1), nn.Tanh()),
        *(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 3), nn.Identity()),
    )


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"a": [0.0, 5.0, 10.0], "unused": ["x", "y", "z"], "c": [1.0, 2.0, 3.0], "b": [-1, 0, 4]},
        index=["first", "second", "third"],
    )


@pytest.fixture
def network(frame):
    encoding = Encoding.fit(frame[["a", "b", "c"]], "minmax")
    return Network(layers_of(stack()), encoding, {"group": "L1"}, "run 1")


def test_codes_are_those_of_the_innermost_layer(network, frame):
    codes = network.encode(frame)
    scaled = np.array([[0, 0, 0], [0.5, 0.2, 0.5], [1, 1, 1]], dtype=np.float32)
    expected = network.model[:4](torch.from_numpy(scaled)).detach().numpy()
    assert list(codes.columns) == ["code 1"]
    assert list(codes.index) == ["first", "second", "third"]
    np.testing.assert_allclose(codes.to_numpy(), expected, rtol=1e-6)


def test_reconstructions_are_in_the_users_units_and_index(network, frame):
    scaled = np.array([[0, 0, 0], [0.5, 0.2, 0.5], [1, 1, 1]], dtype=np.float32)
    rebuilt = network.model(torch.from_numpy(scaled)).detach().numpy()
    expected = pd.DataFrame(
        rebuilt * [10, 5, 2] + [0, -1, 1], columns=["a", "b", "c"], index=frame.index
    )
    pd.testing.assert_frame_equal(network.reconstruct(frame), expected, rtol=1e-6)


def test_columns_of_text_go_in_and_come_back(frame):
    frame = frame[["c", "unused"]].assign(unused=["x", "y", "x"])
    steps = [Step.model_validate({"dummies": {"columns": ["unused"]}})]
    encoding = Encoding.fit(frame, "minmax", steps)
    network = Network(layers_of(stack()), encoding, {"group": "L1"}, "run 1")
    rebuilt = network.model(torch.from_numpy(encoding.transform(frame))).detach().numpy()
    made = network.reconstruct(frame)
    assert list(made.index) == ["first", "second", "third"]
    assert made["unused"].to_list() == ["xy"[place] for place in rebuilt[:, 1:].argmax(1)]
    np.testing.assert_allclose(made["c"], rebuilt[:, 0] * 2 + 1, rtol=1e-6)
    with pytest.raises(TableError, match="column 'unused' holds the unknown level 'z' in row 3"):
        network.encode(frame.assign(unused=["x", "y", "z"]))


def test_a_missing_column_is_named(network, frame):
    with pytest.raises(TableError, match="there is no column 'b'"):
        network.reconstruct(frame.drop(columns="b"))


def test_no_rows_give_no_rows(network, frame):
    assert network.reconstruct(frame[:0]).shape == (0, 3)
    assert network.encode(frame[:0]).shape == (0, 1)


@pytest.fixture
def readable(frame):
    """A 3-2-3 network that keeps a and c by a code each, and ignores b."""
    model = nn.Sequential(nn.Linear(3, 2), nn.Identity(), nn.Linear(2, 3), nn.Identity())
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[2.0, 0, 0], [0, 0, -1.0]]))
        model[2].weight.copy_(torch.tensor([[0.5, 0], [0, 0], [0, -1.0]]))
        model[0].bias.zero_()
        # The mean of b, scaled to 0…1.
        model[2].bias.copy_(torch.tensor([0.0, 0.4, 0.0]))
    encoding = Encoding.fit(frame[["a", "b", "c"]], "minmax")
    return Network(layers_of(model), encoding, {"group": "L1"}, "run 1")


def test_a_network_tells_its_mappings_and_losses(readable, frame):
    assert readable.structure().connections == 4
    assert readable.structure(threshold=0.7).connections == 3
    mappings = readable.mappings()
    assert mappings.codes["fed_by"].tolist() == [("a",), ("c",)]
    losses = readable.information_loss(frame)
    assert losses["variable"].tolist() == ["a", "b", "c"]
    assert losses["mapping"].tolist() == ["alone", "ignored", "alone"]
    np.testing.assert_allclose(losses["loss"], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(losses["variance"], [1 / 6, 0.56 / 3, 1 / 6], rtol=1e-6)


def test_a_network_describes_itself(readable, frame):
    lines = readable.describe(frame).splitlines()
    assert "a is kept alone by code 1." in lines
    assert "b is ignored; its variance exceeds that of 2 of the 2 other variables." in lines
    assert "b is ignored." in readable.describe().splitlines()


def test_one_hot_inputs_are_read_as_one_variable(readable):
    variables = (LevelsColumn("colour", ("red", "blue")), NumberColumn("size"))
    network = Network(readable.layers, Encoding(variables, (0, 0, 0), (1, 1, 1)), {}, "run 1")
    assert network.structure().variables == ("colour", "size")
    assert network.mappings().codes["rebuilds"].tolist() == [("colour",), ("size",)]


def test_a_classifier_is_read_by_its_classes(readable, frame):
    network = replace(readable, task="classifier", classes=("x", "y", "z"))
    paths = network.mappings()
    assert isinstance(paths, ClassPaths)
    assert paths.classes["variables"].tolist() == [("a",), (), ("c",)]
    assert "The class x is reached by a." in network.describe(frame)
    with pytest.raises(InputError, match="a classifier rebuilds no inputs"):
        network.information_loss(frame)


@pytest.mark.parametrize(
    ("name", "start"), [("a.svg", "<?xml"), ("new/b.PNG", "\x89PNG"), ("c.html", "<!doctype html>")]
)
def test_a_network_draws_itself(readable, tmp_path, name, start):
    path = readable.draw(tmp_path / name, title="A network")
    assert path == tmp_path / name
    assert path.read_bytes().decode("latin-1").startswith(start)


@pytest.mark.parametrize("name", ["structure.pdf", "structure", ".svg"])
def test_other_files_cannot_be_drawn(readable, tmp_path, name):
    with pytest.raises(InputError, match=r"must end in \.svg, \.png or \.html"):
        readable.draw(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
