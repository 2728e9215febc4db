"""Memory grows with replicas × weights, and not with replicas × rows."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from sparse_lightning.data.examples import Examples
from sparse_lightning.nn import batched
from sparse_lightning.project import Project
from sparse_lightning.training import measuring, train

ROWS, INPUTS = 1200, 5


class Largest(TorchDispatchMode):
    """The largest memory of a tensor that any operation has made."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        made = function(*arguments, **(options or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self.bytes = max(self.bytes, tensor.untyped_storage().nbytes())
        return made


@pytest.mark.long
@pytest.mark.parametrize("task", ["sae", "classifier"])
def test_no_tensor_holds_codes_or_outputs_of_all_rows_of_all_replicas(task, monkeypatch):
    monkeypatch.setattr(measuring, "MOST_VALUES", 2**11)
    monkeypatch.setattr(batched, "_SCRATCH", batched._Scratch())  # earlier tests may have grown it
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(ROWS, INPUTS, generator=generator)
    labels = (inputs[:, 0] > 0.5).long()
    target = {"target": "income"} if task == "classifier" else {}
    project = Project(
        task=task,
        table={"source": "census", **target},
        network={"units": [3, 2]},
        training={"epochs": 1, "fine_tune_epochs": 1, "accelerator": "cpu"},
        regularizers={
            "l1_weights": [0.1, 0.03, 0.01, 0.003, 0.001],
            "groups": {"L1": {}, "sL1": {}},
        },
        **({"evaluation": {"holdout": 0}} if task == "classifier" else {}),
    )
    examples = Examples(inputs, labels, ("no", "yes")) if target else Examples(inputs)
    with Largest() as largest:
        population = train(project, examples)
    replicas = len(population.replicas)
    assert replicas == 55
    # The narrowest thing that could be held for all of them is one value a row and replica.
    assert largest.bytes < replicas * ROWS * 4
    assert largest.bytes >= ROWS * INPUTS * 4  # the table itself
