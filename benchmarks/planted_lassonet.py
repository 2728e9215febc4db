"""LassoNet (Lemhadri et al. 2021) on the judging tables with a target: which columns it selects.

    python -m venv build/lassonet && build/lassonet/bin/pip install . lassonet
    build/lassonet/bin/python benchmarks/planted_lassonet.py

A reference for `benchmarks/planted.py`. LassoNet is no requirement of the package and lives in an
environment of its own. Its networks have the hidden units of ours and see the same training and
validation rows, columns and a regressor's target standardised; all else is at its defaults. Keeps
the F1 of the selected columns in `build/planted/lassonet.json`.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from lassonet import LassoNetClassifier, LassoNetRegressor
from lassonet.interfaces import HistoryItem
from planted_structure.defaults import project_of
from planted_structure.measures import f1_of_columns
from planted_structure.tables import Planted, tables

from sparse_lightning.training.preparing import prepare

ROOT = Path(__file__).parents[1]


def record_of(table: Planted) -> dict[str, Any]:
    """The F1 of the columns that LassoNet selects, by rule for its λ, and how many they are."""
    began = time.perf_counter()
    examples = prepare(project_of(table, "defaults"), frame=table.frame).examples
    training, validation = examples.training(), examples.part("validation")
    assert validation is not None, "default studies have validation rows"
    rows = [part.inputs.numpy() for part in (training, validation)]
    mean, std = rows[0].mean(0), rows[0].std(0)
    rows = [(part - mean) / std for part in rows]
    if table.variant.task == "classifier":
        network = LassoNetClassifier(hidden_dims=table.variant.units, random_state=0)
        targets = [part.labels.numpy() for part in (training, validation)]
    else:
        network = LassoNetRegressor(hidden_dims=table.variant.units, random_state=0)
        targets = [part.numbers.numpy() for part in (training, validation)]
    path = network.path(rows[0], targets[0], X_val=rows[1], y_val=targets[1])
    true = table.truth.any(axis=0)
    scores = [f1_of_columns(item.selected.numpy(), true) for item in path]
    places = {"best": int(np.argmax(scores)), "knee": _knee(path), "least loss": _least(path)}
    return {
        "table": table.name,
        "task": table.variant.task,
        "f1": {rule: scores[place] for rule, place in places.items()},
        "selected": {rule: int(path[place].selected.sum()) for rule, place in places.items()},
        "seconds": time.perf_counter() - began,
    }


def _least(path: list[HistoryItem]) -> int:
    """The sparsest network of the least validation loss, as LassoNetCV chooses on its folds."""
    losses = np.array([item.val_loss for item in path])
    return int(np.flatnonzero(losses == losses.min())[-1])


def _knee(path: list[HistoryItem]) -> int:
    """The λ of the least x + y: x the share of the columns, y the share of the loss that is lost.

    The path ends without columns.
    """
    used = np.array([float(item.selected.float().mean()) for item in path])
    losses = np.array([item.val_loss for item in path])
    lost = (losses - losses.min()) / (losses[-1] - losses.min())
    return int((used + lost)[:-1].argmin())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "planted")
    options = parser.parse_args()
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for table in tables("judging"):
            if table.variant.task != "sae":
                found.append(record_of(table))
                print(json.dumps(found[-1]), flush=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "lassonet.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
