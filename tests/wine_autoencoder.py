"""A small autoencoder of the wine table, really trained."""

import pytest


@pytest.fixture(scope="session")
def wine():
    """A small wine autoencoder, really trained under L1: (model, names, scaled rows)."""
    import torch
    from torch import nn

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
