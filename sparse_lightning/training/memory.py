"""What a study takes of memory, told before it is trained: no system asks before it kills a job."""

from itertools import pairwise

from sparse_lightning._machine import machine_bytes
from sparse_lightning.errors import ProjectError
from sparse_lightning.project import Project
from sparse_lightning.training.grid import chunk_size
from sparse_lightning.training.measuring import MOST_VALUES
from sparse_lightning.training.result import HISTORY_POINTS

COPIES = 3
"""Of all weights: as trained, in the order of the grid, and pruned while errors are measured."""

POINT_BYTES = 150
"""Of a point of a network's history, which is a tuple of Python."""


def check_memory(project: Project, rows: int, inputs: int, outputs: int, networks: int) -> None:
    """See to it that this machine can hold a study at all.

    Args:
        project: what is to be trained.
        rows: of the table.
        inputs: of a network.
        outputs: of a network.
        networks: how many are held at once.

    Raises:
        ProjectError: it takes more than all memory that there is.
    """
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
    kept = networks * 4 * COPIES * weights
    kept += networks * len(layers) * 2 * min(training.epochs, HISTORY_POINTS) * POINT_BYTES
    together = min(networks, chunk_size(project, layers))
    trained = together * 4 * (4 * weights + 2 * min(training.batch_size, rows) * sum(layers))
    measured = 4 * min(MOST_VALUES, networks * rows * max(layers))
    if project.evaluation.folds:
        measured = max(measured, networks * 4 * rows * outputs)
    markers = max(len(project.regularizers.grid(name)) for name in project.regularizers.groups)
    drawn = 8 * project.report.bootstrap * (len(training.seeds) + markers)
    return kept + max(trained, measured, drawn)


def _size(count: int) -> str:
    for unit, size in (("PB", 10**15), ("TB", 10**12), ("GB", 10**9)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count / 10**6:.3g} MB"
