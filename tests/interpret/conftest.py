import numpy as np
import pytest
import torch
from torch import nn


def layered(*weights):
    """The weights of a network, each `(output, input)`, in double precision."""
    return [np.array(weight, dtype=np.float64) for weight in weights]


@pytest.fixture(scope="session", name="layered")
def layered_fixture():
    return layered


@pytest.fixture(scope="session")
def textbook():
    """A 6-5-6 autoencoder with a code of each kind; variables a to f.

    Code 1 keeps a alone; code 2 keeps b and c, b more; code 3 is fed by d and rebuilds d and e;
    code 4 rebuilds e, but nothing feeds it; code 5 is fed by d and reaches no output. f is ignored.
    """
    encoder = [
        [2.0, 0, 0, 0, 0, 0],
        [0, -3.0, 2.0, 0, 0, 0],
        [0, 0, 0, 1.5, 0, 0.001],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 1.0, 0, 0],
    ]
    decoder = [
        [1.0, 0, 0, 0, 0],
        [0, 2.0, 0, 0, 0],
        [0, -1.0, 0, 0, 0],
        [0, 0, 1.0, 0, 0],
        [0, 0, 0.9, 0.7, 0],
        [0, 0, 0, 0, 0],
    ]
    return layered(encoder, decoder)


@pytest.fixture(scope="session")
def wine():
    """A small wine autoencoder, really trained under L1: (model, names, scaled rows)."""
    from sparse_lightning.data.catalog import load_table
    from sparse_lightning.data.encoding import Encoding
    from sparse_lightning.project import Project

    project = Project(task="sae", table={"source": "wine"}, network={"units": [5]})
    frame = load_table(project.table, project.folder).frame
    encoding = Encoding.fit(frame, "minmax")
    rows = torch.from_numpy(encoding.transform(frame))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = nn.Sequential(nn.Linear(12, 5), nn.Sigmoid(), nn.Linear(5, 12), nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    weights = [layer.weight for layer in model if isinstance(layer, nn.Linear)]
    for _ in range(1500):
        optimizer.zero_grad()
        loss = (model(rows) - rows).square().sum(1).mean()
        loss = loss + 0.0004 * sum(weight.abs().sum() for weight in weights)
        loss.backward()
        optimizer.step()
    return model.eval(), encoding.columns, rows
