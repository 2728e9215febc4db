"""Small networks of a table with every kind of column, and processes that lack torch."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.network import Network
from sparse_lightning.nn.layers import UnitSoftmax
from sparse_lightning.project import Step
from sparse_lightning.weights import layers_of

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
"""

STEPS = [
    Step(binarize={"sex": "Male", "grade": 1, "city": "Rome"}),
    Step(dummies={"columns": ["job", "size"], "drop_first": False}),
    Step(dummies={"columns": ["race"], "drop_first": True}),
]


@pytest.fixture(scope="session")
def frame():
    """Numbers, text and numbers that stand for kinds of things."""
    random = np.random.default_rng(7)
    rows = 60
    return pd.DataFrame(
        {
            "age": random.integers(17, 90, rows),
            "sex": random.choice(["Male", "Female"], rows),
            "income": random.normal(3e4, 1e4, rows),
            "job": random.choice(["cook", "clerk", "nurse"], rows),
            "grade": random.choice([1, 2, 3], rows),
            "size": random.choice([36, 38.5, 40], rows),
            "city": random.choice(["Rome", "Oslo", "Lima"], rows),
            "race": random.choice(["A", "B", "C"], rows),
        }
    )


@pytest.fixture(scope="session")
def encoding(frame):
    return Encoding.fit(frame, "minmax", STEPS)


@pytest.fixture(scope="session")
def autoencoder(encoding):
    """A stack in which some connections do not count and some units are dead."""
    model = sparse(stack([len(encoding.input_names), 6, 4, 6, len(encoding.input_names)], nn.Tanh))
    return Network(layers_of(model), encoding, {"group": "sL1"}, "a" * 32)


@pytest.fixture(scope="session")
def components(frame):
    columns = frame[["age", "income", "size"]]
    encoding = Encoding.fit(columns, "standard")
    inputs = torch.from_numpy(encoding.transform(columns)) + 0.25
    loadings = torch.tensor([[0.6, 0.8, 0.005], [0.0, 0.0, 0.0], [0.005, 0.0, 1.0]])
    model = stack([3, 3, 3], nn.Identity)
    first, _, back, _ = model
    with torch.no_grad():
        first.weight.copy_(loadings)
        back.bias.copy_(inputs.mean(0))
        first.bias.copy_(-loadings @ back.bias)
    return Network(layers_of(model), encoding, {"group": "L1"}, "b" * 32, "pca")


@pytest.fixture(scope="session")
def classifier(encoding):
    return classifier_of(encoding, nn.Sigmoid())


@pytest.fixture(scope="session")
def softmax_classifier(encoding):
    return classifier_of(encoding, UnitSoftmax())


def classifier_of(encoding, output):
    model = sparse(stack([len(encoding.input_names), 5, 3], nn.ReLU))
    model = nn.Sequential(*list(model)[:-1], output)
    classes = ("<=50K", ">50K", "λ")
    return Network(layers_of(model), encoding, {"group": "L1"}, "c" * 32, "classifier", classes)


def stack(widths, activation):
    generator = torch.Generator().manual_seed(3)
    layers = []
    for above, below in pairwise(widths):
        layers += [nn.Linear(above, below), activation()]
    model = nn.Sequential(*layers).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.5, generator=generator)
    return model


def sparse(model):
    """Most connections do not count; unit 2 of the first hidden layer leads nowhere."""
    with torch.no_grad():
        for layer in [layer for layer in model if isinstance(layer, nn.Linear)]:
            layer.weight[layer.weight.abs() < 0.3] *= 0.02
        model[2].weight[:, 1] = 0.004
    return model


@pytest.fixture(scope="session")
def without():
    """Run a script in a process that cannot import some packages: `without(script, packages)`."""

    def run(script, blocked, *arguments):
        return subprocess.run(
            [sys.executable, "-c", BLOCKED.format(blocked=blocked) + script, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(arguments[0]).parent,
        ).stdout

    return run


CENSUS = """\
name: census-small
task: classifier
table:
  source: census
  target: income
  missing: drop
  prepare:
    - binarize: {sex: Male, native-country: United-States}
    - dummies: {columns: [workclass, education], drop_first: false}
  columns: [age, workclass, education, sex, hours-per-week, native-country]
network: {units: [4]}
evaluation: {validation: 0, test: 0}
training:
  {epochs: 2, batch_size: 512, seeds: [1], accelerator: cpu, floor: {max_cycles: 1}}
regularizers: {l1_weights: [0.0005], groups: {L1: {}}}
report: {bootstrap: 50}
"""


@pytest.fixture(scope="session")
def census_job(tmp_path_factory, make_job):
    """Classifiers of the census table, hardly trained."""
    return make_job(tmp_path_factory.mktemp("census"), CENSUS)
