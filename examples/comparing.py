"""What the examples share: fits at several strengths, logged to MLflow and reported.

Every regularized network has a twin without a regularizer, which Lightning's ModelPruning cuts
halfway to as many connections.
"""

import logging
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelPruning
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from sparse_lightning import Request, report_experiment
from sparse_lightning.report import print_indices

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", ".*does not have many workers.*")
warnings.filterwarnings("ignore", ".*LeafSpec.*")


class Module(pl.LightningModule):
    """Trained by Adam on what `loss` makes of the tensors of a batch."""

    loss: Callable[..., torch.Tensor]

    def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
        return self.loss(*batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=0.005)


CallbacksOf = Callable[[float], list[pl.Callback]]

NOT_COMPARED = nn.modules.linear.NonDynamicallyQuantizableLinear
"""The last layer of attention: torch.nn.utils.prune cannot mask it while it trains."""


def compare(
    experiment: str,
    make: Callable[[], Module],
    train: tuple[torch.Tensor, ...],
    error: Callable[[Any], torch.Tensor],
    methods: Mapping[str, tuple[Sequence[float], CallbacksOf]],
    epochs: int,
) -> None:
    """Train every method at each of its strengths from two seeds, and write the Pareto report.

    Args:
        experiment: its name in MLflow.
        make: an untrained module.
        train: the tensors that batches are cut from.
        error: of a trained module.
        methods: by name the strengths, and the callbacks for one of them.
        epochs: of each fit; 2, from one seed, with `--quick` on the command line.
    """
    epochs, seeds = (2, (1,)) if "--quick" in sys.argv else (epochs, (1, 2))
    mlflow.set_experiment(experiment)

    def run(group: str, strength: object, seed: int, callbacks_of: CallbacksOf | int) -> int:
        torch.manual_seed(seed)
        module = make()
        if isinstance(callbacks_of, int):
            callbacks = pruning_to(callbacks_of, module, epochs)
        else:
            callbacks = callbacks_of(float(str(strength)))
        fit(module, TensorDataset(*train), callbacks, epochs)
        with mlflow.start_run(), torch.no_grad():
            left = connections(module)
            mlflow.log_params({"group": group, "strength": strength, "seed": seed})
            mlflow.log_metrics({"connections": left, "error": float(error(module.eval()))})
        return left

    for seed in seeds:
        run("unregularized", 0, seed, lambda _: [])
        for group, (strengths, callbacks_of) in methods.items():
            for strength in strengths:
                left = run(group, strength, seed, callbacks_of)
                run("ModelPruning", f"as {group} {strength}", seed, left)
    folder = Path("reports") / experiment.replace(" ", "-")
    request = Request("connections", "error", "group", ("strength",), "seed")
    view = report_experiment(experiment, request, folder)
    print_indices(view.comparison, replicate="replicate")
    print(f"picture: {(folder / 'figures' / 'pareto.png').resolve()}")
    print(f"report: {(folder / 'report.html').resolve()}")


def fit(
    module: pl.LightningModule, train: Dataset, callbacks: list[pl.Callback], epochs: int
) -> None:
    """Train a module quietly."""
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(train, batch_size=64, shuffle=True))


def weights_of(module: nn.Module) -> list[tuple[nn.Module, str]]:
    """The layers whose weights are compared, each with the name of its weights."""
    return [
        (layer, name)
        for layer in module.modules()
        for name, values in layer.named_parameters(recurse=False)
        if name in ("weight", "in_proj_weight")
        and values.ndim > 1
        and not isinstance(layer, NOT_COMPARED)
    ]


def connections(module: nn.Module) -> int:
    """How many of these weights are not zero."""
    return sum(int(getattr(layer, name).count_nonzero()) for layer, name in weights_of(module))


def pruning_to(left: int, module: nn.Module, epochs: int) -> list[pl.Callback]:
    """Lightning's pruning by magnitude, halfway, to so many connections, which are trained on."""
    excess = connections(module) - left
    if excess <= 0:
        return []
    pruning = ModelPruning(
        "l1_unstructured",
        weights_of(module),
        amount=excess,
        use_global_unstructured=True,
        use_lottery_ticket_hypothesis=False,
        apply_pruning=lambda epoch: epoch == epochs // 2,
    )
    return [pruning]
