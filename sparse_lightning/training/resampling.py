"""A sample of the rows for each seed: networks of other seeds differ as those of other tables."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sparse_lightning.data.examples import Examples

STREAM = 7
"""Keeps the draw of a seed's sample apart from those of its weights, which number their layers."""


def sample_counts(rows: int, seed: int) -> Float[Tensor, " row"]:
    """How often a sample of so many rows, drawn with replacement, holds each row; the mean is 1.

    As weights on the errors of the rows they make a bootstrap of the table (Efron 1979) without
    another table: batches, and the products of a population, are the same for all networks.
    """
    random = np.random.default_rng(np.random.SeedSequence([seed, STREAM], spawn_key=(STREAM,)))
    drawn = random.integers(rows, size=rows)
    return torch.from_numpy(np.bincount(drawn, minlength=rows)).float()


def sampled_weights(examples: Examples, seeds: list[int]) -> Float[Tensor, "row seed"]:
    """The weights on the errors of the rows for each seed: its counts, times those of the rows."""
    rows = len(examples.inputs)
    counts = torch.stack([sample_counts(rows, seed) for seed in seeds], 1)
    return counts if examples.weights is None else counts * examples.weights[:, None]
