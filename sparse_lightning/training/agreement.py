"""How far the networks of a marker, which differ in their seed alone, say the same."""

from collections.abc import Sequence

import numpy as np

from sparse_lightning.data.encoding import Encoding
from sparse_lightning.interpret.consensus import EVERY_PATH, agreement_of, answers
from sparse_lightning.interpret.mappings import SHARE
from sparse_lightning.interpret.structure import Moments, Structure
from sparse_lightning.nn.layers import single
from sparse_lightning.training.grid import TrainedPopulation
from sparse_lightning.weights import layers_of

MOST_COLUMNS = 1000
"""Of more columns the agreement is not computed: the pairs of columns grow with their square."""

MEASURES = {"agreement": SHARE, "agreement_paths": EVERY_PATH}
"""The metrics of a network's run, each with the share from which a column counts for a code."""


def agreements(
    trained: TrainedPopulation,
    encoding: Encoding,
    outputs: Sequence[str] | None,
    threshold: float,
) -> dict[str, np.ndarray]:
    """The agreement of every network with the other seeds of its marker, `(replica,)` by metric.

    NaN of networks that failed, are alone, or say as little as all others, and where there are more
    columns than `MOST_COLUMNS`.

    Args:
        trained: the networks.
        encoding: how the columns become their inputs.
        outputs: the names of what they predict; None: they rebuild their inputs.
        threshold: a connection counts when |w| exceeds it.
    """
    found = {metric: np.full(len(trained.replicas), np.nan) for metric in MEASURES}
    if len(encoding.groups) > MOST_COLUMNS:
        return found
    markers: dict[tuple, list[int]] = {}
    for place, replica in enumerate(trained.replicas):
        if trained.failures[place] is None:
            marker = (replica.group, *replica.strengths.items())
            markers.setdefault(marker, []).append(place)
    for places in markers.values():
        structures = [_structure(trained, place, encoding, outputs, threshold) for place in places]
        for metric, share in MEASURES.items():
            given = np.array([answers(structure, share) for structure in structures])
            found[metric][places] = agreement_of(given)
    return found


def _structure(
    trained: TrainedPopulation,
    place: int,
    encoding: Encoding,
    outputs: Sequence[str] | None,
    threshold: float,
) -> Structure:
    moments = None
    if encoding.squares:
        moments = Moments(np.array(encoding.squares), np.array(encoding.means))
    return Structure.of(
        [layer.weight for layer in layers_of(single(trained.network, place))],
        encoding.input_names,
        outputs,
        encoding.groups,
        threshold,
        moments=moments,
    )
