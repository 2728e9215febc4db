"""From a project to all that training needs, checked before anything is trained."""

import warnings
from dataclasses import dataclass, replace
from itertools import pairwise

import torch

from sparse_lightning._machine import machine_bytes
from sparse_lightning._text import listed
from sparse_lightning.data.catalog import frame_table, load_table
from sparse_lightning.data.examples import PARTS, Examples
from sparse_lightning.data.table import Table
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import ProjectError, TableError, TableWarning
from sparse_lightning.project import Project
from sparse_lightning.project.messages import NO_TABLE
from sparse_lightning.training.grid import HISTORY_POINTS, chunk_size, network_count
from sparse_lightning.training.measuring import MOST_VALUES
from sparse_lightning.training.progress import Progress


@dataclass(frozen=True, eq=False)
class Prepared:
    """What is known before anything is trained.

    `layers` are the units from inputs to outputs, `facts` what `facts_of` gives.
    """

    table: Table
    examples: Examples
    layers: list[int]
    facts: dict[str, float | int]


def prepare(
    project: Project,
    networks: int | None = None,
    here: bool = True,
    frame: object = None,
) -> Prepared:
    """Read the table of a project and check that its networks can be trained on it.

    `networks` is the number held at once, by default all of the study; `here` says whether this
    process trains them, and not workers with devices of their own; `frame` is the table where the
    project names none. A `TableWarning` tells what in the table may not have been meant. Raises
    `ProjectError` if there is no table, or two, or the study takes more memory than there is,
    `TableError` if the table cannot be used or its rows cannot be split, and `TrainingError` if the
    accelerator or the precision cannot be used.
    """
    table = _table_of(project, frame)
    if table.suspicions:
        lines = "\n".join(f"  {one}" for one in table.suspicions)
        warnings.warn(f"look at the table {table.name}:\n{lines}", TableWarning, stacklevel=3)
    inputs = len(table.encoding.input_names)
    outputs = table.outputs
    held = network_count(project) if networks is None else networks
    check_memory(project, len(table.frame), inputs, outputs, held)
    examples = examples_of(project, table)
    check_training(project, examples, accelerator=here)
    facts = facts_of(project, table, examples)
    return Prepared(table, examples, project.layers(inputs, outputs), facts)


MOST_NAMED = 20
"""So many columns that are left out are named while a job begins."""


def tell_reading(table: Table, progress: Progress) -> None:
    """Say what was taken for the dialect of a file, and which columns were left out, and why."""
    if table.reading:
        progress.say(f"{table.name} read as: {table.reading}")
    if left_out := [one for one in table.readings if one.kind == "left out"]:
        named = listed([f"{one.name} ({one.why})" for one in left_out], MOST_NAMED)
        progress.say(f"{table.name}: left out {named}")


def _table_of(project: Project, frame: object) -> Table:
    source = project.table.source
    if frame is None and not source:
        raise ProjectError(f"{project.name}: {NO_TABLE}")
    if frame is not None and source:
        raise ProjectError(
            f"{project.name}: table.source is {source!r}, and a frame is given as the table, too: "
            "leave one of them out"
        )
    rows = project.evaluation, project.task == "classifier"
    if frame is None:
        return load_table(project.table, project.folder, *rows)
    return frame_table(project.table, frame, project.name, *rows)


def examples_of(project: Project, table: Table) -> Examples:
    """The encoded rows of a table with their parts, and with targets where the project has them.

    The parts lie one behind the other, so that none of them needs a copy of its rows.

    Raises `TableError` if the target cannot be predicted or the rows cannot be split.
    """
    split, weights = table.split, table.weights
    order, parts, groups = split.order, split.parts, split.groups
    if weights is not None:  # losses do not depend on their unit, but numbers in 32 bits do
        weights = weights[order] / weights[split.training].mean()
    inputs = torch.from_numpy(table.encoding.transform(table.frame, parts is not None, order))
    widths = [place.stop - place.start for _, place in table.encoding.groups]
    examples = Examples(
        inputs,
        columns=torch.arange(len(widths)).repeat_interleave(torch.tensor(widths)),
        parts=None if parts is None else torch.from_numpy(parts[order]),
        groups=None if groups is None else torch.from_numpy(groups[order]),
        auto_folds=split.folds,
        weights=None if weights is None else torch.from_numpy(weights).float(),
    )
    if table.target is not None:
        target = ClassTarget.fit(table.target)
        codes = torch.from_numpy(target.codes(table.target)[order])
        examples = replace(examples, labels=codes, classes=target.classes)
    if project.evaluation.holdout:
        examples = examples.hold_out(project.evaluation.holdout, project.evaluation.seed)
    if table.numbers is not None:
        examples = examples.with_numbers(table.numbers.iloc[order])
    if project.training.class_weight is None:
        return examples
    return replace(examples, class_weights=_balanced(examples))


def _balanced(examples: Examples) -> torch.Tensor:
    """Factors on the losses of rows by which every class counts the same in the training rows."""
    training = examples.training()
    assert training.labels is not None
    counts = training.labels.bincount(training.weights, len(training.classes))
    return (counts.sum() / (len(counts) * counts)).float()


ROWS_AT_ONCE = 10_000

ALWAYS_THERE = (("auto", "32-true"), ("cpu", "32-true"))
"""Accelerators and precisions that no machine lacks."""


def check_training(project: Project, examples: Examples, accelerator: bool = True) -> None:
    """Look for all that `train` refuses; nothing is trained.

    Without `accelerator` this process need not have the accelerator of the project. Raises
    `TableError` if the rows hold what is not finite, have fewer columns than components, or cannot
    be split into the folds, and `TrainingError` if the accelerator or the precision cannot be used.
    """
    check_examples(project, examples)
    examples.folds(project.evaluation.folds, project.evaluation.seed)
    training = project.training
    if accelerator and (training.accelerator, training.precision) not in ALWAYS_THERE:
        # Lightning knows; to load it takes longer than all else here.
        from sparse_lightning.training.fitting import check_accelerator

        check_accelerator(project)


def check_examples(project: Project, examples: Examples) -> None:
    """Raise `TableError` if an input is not finite, or there are fewer inputs than components."""
    for place, part in enumerate(examples.inputs.split(ROWS_AT_ONCE)):  # it makes copies
        bad = ~part.isfinite().all(1)
        if bool(bad.any()):
            row = place * ROWS_AT_ONCE + int(bad.nonzero()[0]) + 1
            raise TableError(f"row {row} holds an input that is not finite")
    components, inputs = project.network.units[0], examples.inputs.shape[1]
    if project.task == "pca" and components > inputs:
        raise TableError(
            f"network.units [{components}] must be at most the number of inputs, {inputs}"
        )


COPIES = 3
"""Of all weights: as trained, in the order of the grid, and pruned while errors are measured."""

POINT_BYTES = 150
"""Of a point of a network's history, which is a tuple of Python."""


def check_memory(project: Project, rows: int, inputs: int, outputs: int, networks: int) -> None:
    """Raise `ProjectError` if so many networks at once take more than all memory that there is."""
    least = least_bytes(project, rows, inputs, outputs, networks)
    there = machine_bytes()
    if least > there:
        shape = "-".join(str(units) for units in project.layers(inputs, outputs)[:12])
        raise ProjectError(
            f"{project.name}: {networks} networks {shape} on {rows} rows take at least "
            f"{_size(least)} of memory, of which this machine has {_size(there)}: name fewer or "
            "smaller network.units, training.seeds, l1_weights or groups, or smaller "
            "training.batch_size, training.chunk or report.bootstrap"
        )


def least_bytes(project: Project, rows: int, inputs: int, outputs: int, networks: int) -> int:
    """What the weights, the largest chunk, the measures and the bootstrap take, each 32-bit.

    A lower bound: Python, torch and the table itself come on top.
    """
    layers, training = project.layers(inputs, outputs), project.training
    weights = sum((below + 1) * above for below, above in pairwise(layers))
    results = networks * 4 * COPIES * weights
    points = HISTORY_POINTS if training.epochs == "auto" else min(training.epochs, HISTORY_POINTS)
    results += networks * len(layers) * 2 * points * POINT_BYTES
    together = min(networks, chunk_size(project, layers))
    trained = together * 4 * (4 * weights + 2 * min(training.batch_size, rows) * sum(layers))
    measured = 4 * min(MOST_VALUES, networks * rows * max(layers))
    if project.predicts and project.evaluation.folds:
        measured = max(measured, networks * 4 * rows * outputs)
    settings = project.regularizers
    markers = max(settings.setting_count(name) for name in settings.groups)
    drawn = 8 * project.report.bootstrap * (len(training.seeds) + markers)
    return results + max(trained, measured, drawn)


def _size(count: int) -> str:
    for unit, size in (("PB", 10**15), ("TB", 10**12), ("GB", 10**9)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count / 10**6:.3g} MB"


def facts_of(project: Project, table: Table, examples: Examples) -> dict[str, float | int]:
    """Measures of a study's table and of its networks with all connections.

    They are `rows` (the training rows), `rows_held_out`, `rows_dropped`, `null_error` (the error
    with every weight 0) and `connections_total` (how many connections there can be); where there
    are such rows also `rows_validation`, `validation_null_error`, `rows_test` and
    `test_null_error`, and with a cross-validation `folds`.
    """
    layers = project.layers(examples.inputs.shape[1], examples.outputs)
    weights = sum(inputs * outputs for inputs, outputs in pairwise(layers))
    # Of components y is a share of the variance.
    components = project.task == "pca"
    training, beside = examples.training(), dict[str, float | int]()
    for name in PARTS:
        if (part := examples.part(name)) is not None:
            beside[f"rows_{name}"] = len(part.inputs)
            beside[f"{name}_null_error"] = 1.0 if components else training.null_error_on(part)
    if folds := examples.fold_count(project.evaluation.folds):
        beside["folds"] = folds
    return {
        "rows": len(training.inputs),
        "rows_held_out": examples.rows_held_out,
        "rows_dropped": table.rows_dropped,
        "null_error": 1.0 if components else examples.null_error,
        # Of components x is the mean number of loadings of one, which has one an input.
        "connections_total": layers[0] if components else weights,
        **beside,
    }
