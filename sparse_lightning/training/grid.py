"""The grid of a study: which networks there are, and how they are cut into chunks."""

from collections.abc import Iterator
from itertools import pairwise

from sparse_lightning.project import Project
from sparse_lightning.regularizers.replica import FLOOR, Replica

CHUNK_BYTES = 32 * 2**20
"""What the weights, gradients, moments and activations of a chunk may take together."""


def replicas_of(project: Project) -> list[Replica]:
    """Every network of a study: the floor's, then group by group, λ by λ, seed by seed."""
    settings = [(FLOOR, FLOOR, {})] + [
        (group, project.regularizers.regularizer(group), strengths)
        for group in project.regularizers.groups
        for strengths in project.regularizers.grid(group)
    ]
    cells = [(*setting, seed) for setting in settings for seed in project.training.seeds]
    return [
        Replica(number, group, regularizer, seed, **strengths)
        for number, (group, regularizer, strengths, seed) in enumerate(cells)
    ]


def network_count(project: Project) -> int:
    """How many networks `replicas_of` gives, without making them."""
    settings = project.regularizers
    markers = 1 + sum(len(settings.grid(group)) for group in settings.groups)
    return markers * len(project.training.seeds)


def chunks(replicas: int, size: int) -> Iterator[slice]:
    """Contiguous slices of at most `size` replicas, as even as can be."""
    count = -(-replicas // size)
    bounds = [round(replicas * part / count) for part in range(count + 1)]
    for start, stop in pairwise(bounds):
        yield slice(start, stop)


def chunk_size(project: Project, layers: list[int]) -> int:
    """How many replicas train together: the project's number, or what fits `CHUNK_BYTES`.

    Args:
        project: with `training.chunk`.
        layers: the units of the layers that are trained, in the order of the data.
    """
    if project.training.chunk != "auto":
        return project.training.chunk
    weights = sum((inputs + 1) * outputs for inputs, outputs in pairwise(layers))
    # Adam keeps a gradient and two moments for each weight. Of a hidden layer there are its sums,
    # its outputs and their gradients; outputs of the last layer are held for a few replicas only.
    values = 4 * weights + 3 * project.training.batch_size * sum(layers[1:-1])
    return max(1, CHUNK_BYTES // (4 * values))
