"""Whether paths of λ run from an empty network to a dense one, on real and generated tables.

    python benchmarks/path_range.py [--tables iris,wine] [--tasks sae,pca]
    python benchmarks/path_range.py --write

Finds L1's path on each table and task, with all defaults but for two seeds and no folds, and trains
its networks. What it says is kept in `build/path_range`, one file a table and task; those that are
there are not trained again. `--write` makes the table in `docs/path-range.md` of them.
"""

import argparse
import json
import logging
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from planted_structure.cells import markdown_table
from planted_structure.tables import tables as planted_tables
from sklearn import datasets

from sparse_lightning import Project
from sparse_lightning.data.catalog import describe, load_table
from sparse_lightning.project.settings import TableSettings
from sparse_lightning.regularizers.replica import FLOOR
from sparse_lightning.training import train
from sparse_lightning.training.checkpoints import NoCheckpoints
from sparse_lightning.training.grid import replicas_of
from sparse_lightning.training.path import found_settings
from sparse_lightning.training.preparing import prepare
from sparse_lightning.training.progress import SilentProgress

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "path-range.md"

UNITS = 8
"""As `sparse-lightning init` writes them; of components at most as many as inputs."""

SEEDS = (1, 2)
LEAST, MOST = 0.02, 0.85
"""The shares of the connections that a path should reach."""

CENSUS_ROWS = 2000

Source = tuple[pd.DataFrame, tuple[str, ...]]
"""A table, and the columns that may be its target."""


def _packaged(name: str, *targets: str) -> Source:
    columns = tuple(dict.fromkeys([*describe(name).columns, *targets]))
    return load_table(TableSettings(source=name, columns=columns), ROOT).frame, targets


def _of_sklearn(name: str) -> Source:
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    targets = bunch.target if isinstance(bunch.target, pd.DataFrame) else bunch.target.to_frame()
    if hasattr(bunch, "target_names") and name not in ("diabetes", "linnerud", "digits"):
        names = np.array([str(one) for one in bunch.target_names])
        targets = targets.apply(lambda column: names[column])
    return pd.concat([bunch.data, targets], axis=1), tuple(targets.columns)


def _census() -> Source:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = load_table(TableSettings(source="census", missing="drop", prepare=()), ROOT).frame
    return frame.sample(CENSUS_ROWS, random_state=0, ignore_index=True), ("income",)


def _planted(name: str) -> Source:
    return next(one.frame for one in planted_tables("choosing") if one.name == name), ()


TABLES: dict[str, tuple[Callable[[], Source], str | None]] = {
    "iris": (partial(_of_sklearn, "iris"), "classifier"),
    "wine": (partial(_packaged, "wine", "quality"), "regressor"),
    "cultivars": (partial(_of_sklearn, "wine"), "classifier"),
    "breast cancer": (partial(_of_sklearn, "breast_cancer"), "classifier"),
    "diabetes": (partial(_of_sklearn, "diabetes"), "regressor"),
    "digits": (partial(_of_sklearn, "digits"), "classifier"),
    "linnerud": (partial(_of_sklearn, "linnerud"), "regressor"),
    "CTG": (partial(_packaged, "ctg", "NSP"), "classifier"),
    "census": (_census, "classifier"),
    **{
        f"planted, {name}": (partial(_planted, name), None)
        for name in ("noise 0.3", "mixed", "much noise", "one-hot of many")
    },
}
"""What makes a table, and the task of its target."""


def project_of(task: str, targets: tuple[str, ...], units: int) -> Project:
    """The project of a task: all defaults, but L1 alone, two seeds, and no folds."""
    target = {"classifier": targets[:1], "regressor": targets}.get(task, ())
    if task == "classifier":
        target = target[0]
    return Project(
        name="path_range",
        task=task,
        table={"target": target or None},
        network={"units": [units]},
        training={"seeds": SEEDS, "accelerator": "cpu"},
        regularizers={"groups": {"L1": {}}},
    )


def record_of(name: str, task: str) -> dict[str, Any]:
    """What the path of a table and task is, and what is left along it, as JSON holds it."""
    source, _ = TABLES[name]
    frame, targets = source()
    if task in ("sae", "pca"):
        frame = frame.drop(columns=list(targets))
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # small tables have much to warn of
        project = project_of(task, targets, 1)
        inputs = len(prepare(project, frame=frame).table.encoding.input_names)
        units = min(UNITS, inputs) if task == "pca" else UNITS
        project = project_of(task, targets, units)
        prepared = prepare(project, frame=frame)
        # Folds only judge; what is trained on all rows stays so.
        examples = replace(prepared.examples, auto_folds=0)
        found = found_settings(project, examples, SilentProgress(), NoCheckpoints())
        assert found is not None
        piloted = time.process_time() - began
        numbers = [one.number for one in replicas_of(found.project) if one.group != FLOOR]
        trained = train(found.project, examples, numbers=numbers)
    layers = prepared.layers
    total = layers[0] if task == "pca" else int(np.dot(layers[:-1], layers[1:]))
    weights = np.array([one.strengths["l1_weight"] for one in trained.replicas])
    shares = trained.connections / total
    training = found.project.training
    path = found.to_dict()
    assert isinstance(training.epochs, int)
    assert isinstance(training.fine_tune_epochs, int)
    rows = len(examples.training().inputs)
    return {
        "table": name,
        "task": task,
        "rows": rows,
        "inputs": inputs,
        "layers": layers,
        "epochs": training.epochs,
        "fine_tune_epochs": training.fine_tune_epochs,
        "steps": (training.epochs + training.fine_tune_epochs) * -(-rows // training.batch_size),
        "settled": found.settled,
        "pilot": path["groups"]["L1"]["pilot"],
        "path": [
            {
                "l1_weight": weight,
                "share": float(np.nanmean(shares[weights == weight])),
                "by_seed": shares[weights == weight].tolist(),
            }
            for weight in sorted(set(weights.tolist()))
        ],
        "pilot_processor_seconds": piloted,
        "processor_seconds": time.process_time() - began,
    }


def tasks_of(name: str) -> list[str]:
    """Autoencoders and components of every table, and the task of its target."""
    _, task = TABLES[name]
    return ["sae", *([task] if task else []), "pca"]


def document(records: list[dict[str, Any]]) -> str:
    """The page, in Markdown."""
    order = list(TABLES)
    rows, reached = [], 0
    for one in sorted(records, key=lambda one: order.index(one["table"])):
        shares = [marker["share"] for marker in one["path"]]
        ends = min(shares), max(shares)
        good = ends[0] <= LEAST, ends[1] >= MOST
        reached += all(good)
        marked = [
            f"{end:.1%}" if right else f"**{end:.1%}**"
            for end, right in zip(ends, good, strict=True)
        ]
        steps = f"{one['steps']:,}" + ("" if one["settled"] else " (not settled)")
        rows.append(
            [
                one["table"],
                one["task"],
                f"{one['rows']:,} × {one['inputs']}",
                *marked,
                f"{one['path'][0]['l1_weight']:.3g} … {one['path'][-1]['l1_weight']:.3g}",
                steps,
                f"{one['processor_seconds']:.0f}" if "processor_seconds" in one else "–",
            ]
        )
    head = ["table", "task", "rows × inputs", "least", "most", "λ", "steps", "seconds"]
    body = markdown_table(head, rows) + _unmeasured(records)
    return PAGE_TEXT.format(table=body, reached=reached, count=len(rows), seeds=len(SEEDS))


def _unmeasured(records: list[dict[str, Any]]) -> str:
    """What there is no record of, by task; empty where nothing is."""
    found = {(one["table"], one["task"]) for one in records}
    left: dict[str, list[str]] = {}
    for name in TABLES:
        for task in tasks_of(name):
            if (name, task) not in found:
                left.setdefault(task, []).append(name)
    parts = [f"{task} of {'; '.join(names)}" for task, names in left.items()]
    return f"\nNot measured yet: {'. '.join(parts)}.\n" if parts else ""


PAGE_TEXT = """# How far paths of λ reach

    python benchmarks/path_range.py
    python benchmarks/path_range.py --write

A [path of strengths](method.md#the-path-of-strengths) should run from a network of which nothing is
left to one of which nearly all is. How strong λ must be for that depends on the table, its scale,
the task and the loss, so a pilot finds it. Here are L1's paths on real and generated tables: the
least and the greatest share of the connections over the eleven λ, each the mean of {seeds} seeds
after resampling and refitting; of components it is the share of the loadings. All settings are at
their defaults but for the number of seeds; hidden units, or components, are 8 as `sparse-lightning
init` writes them, and at most as many components as inputs. Small tables are trained on all rows
and not cross-validated, which changes no network. Steps are those of a network, without refitting;
seconds are the processor's, for pilot and networks, where they were measured.

{reached} of {count} paths begin at 2 % of the connections or less and end at 85 % or more; ends
that do not are in bold.

{table}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", help="names, with semicolons")
    parser.add_argument("--tasks", default="sae,classifier,regressor,pca", help="with commas")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "path_range")
    parser.add_argument("--write", action="store_true", help="make docs/path-range.md")
    options = parser.parse_args()
    names = options.tables.split(";") if options.tables else list(TABLES)
    if unknown := [name for name in names if name not in TABLES]:
        parser.error(f"--tables: no table {unknown[0]!r} (known: {'; '.join(TABLES)})")
    if options.write:
        found = sorted(options.folder.glob("*.json"))
        PAGE.write_text(document([json.loads(file.read_text()) for file in found]))
        print(PAGE)
        return
    logging.disable(logging.WARNING)  # of Lightning, for each of many trainings
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        for task in tasks_of(name):
            file = options.folder / f"{name} {task}.json".replace(" ", "-").replace(",", "")
            if task not in options.tasks.split(",") or file.exists():
                continue
            record = record_of(name, task)
            partial_file = file.with_suffix(".partial")
            partial_file.write_text(json.dumps(record) + "\n")
            partial_file.replace(file)
            shares = [marker["share"] for marker in record["path"]]
            print(
                f"{name}, {task}: {min(shares):.1%} … {max(shares):.1%}, {record['steps']} steps, "
                f"{record['processor_seconds']:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
