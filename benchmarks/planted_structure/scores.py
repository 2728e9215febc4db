"""How rightly a network tells which columns belong together, and how far networks agree.

A reading of a network is an array `(code, column)`: which columns go into a code and come out of
it. Of a network that predicts a target it is `(sign, column)`: which columns raise the output, and
which lower it.
"""

from functools import reduce
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment

from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.network import Network

Reading = Bool[np.ndarray, "code column"]
Statements = Bool[np.ndarray, " statement"]


def reading_of(network: Network, columns: tuple[str, ...], share: float) -> Reading:
    """What a network says: of every path that is at least `share` of the strongest.

    The sign of a column's effect is that of the sum over its paths of the products of the weights,
    as hidden activations increase; of a classifier it is that on the last class.
    """
    mappings = network.mappings(share=share)
    if isinstance(mappings, Mappings):
        rows = mappings.codes.sort_values("code")
        both = zip(rows["fed_by"], rows["rebuilds"], strict=True)
        kept = [set(sources) & set(targets) for sources, targets in both]
        return np.array([[column in code for column in columns] for code in kept], dtype=bool)
    structure = network.structure()
    product = reduce(np.matmul, reversed(structure.live_weights))[-1]
    sums = {name: product[place].sum() for name, place in structure.groups}
    _, reached = mappings.reached[-1]
    return np.array(
        [[column in reached and sign * sums[column] > 0 for column in columns] for sign in (1, -1)],
        dtype=bool,
    )


def f1(reading: Reading, truth: Reading, matched: bool = True) -> float:
    """The F1 of memberships, 2 · right / (stated + true).

    Args:
        reading: of a network.
        truth: what is true, `(set, column)`.
        matched: each code stands for the set that an optimal assignment gives it, or for none, so
            that F1 is the greatest there is; else they stand in the order of the sets.
    """
    common = reading.astype(int) @ truth.astype(int).T
    places = linear_sum_assignment(common, maximize=True) if matched else _in_order(common)
    return float(2 * common[places].sum() / max(reading.sum() + truth.sum(), 1))


def _in_order(common: Int[np.ndarray, "code set"]) -> tuple[np.ndarray, np.ndarray]:
    places = np.arange(min(common.shape))
    return places, places


def without_lone(reading: Reading, truth: Reading) -> Reading:
    """A reading without the codes that keep one column alone that belongs to no set.

    That is true of a column of noise, though no structure.
    """
    strays = reading & ~truth.any(axis=0)
    lone = (reading.sum(axis=1) == 1) & strays.any(axis=1)
    return reading & ~lone[:, None]


def pairs(reading: Reading) -> Statements:
    """Of every two columns whether they share a code."""
    columns = reading.shape[1]
    together = (reading.astype(int).T @ reading.astype(int)) > 0
    return together[np.triu_indices(columns, 1)]


def kappa(one: Statements, other: Statements) -> float:
    """Cohen's kappa: how far two agree beyond chance; NaN where both say the same of all."""
    first, second = one.mean(), other.mean()
    chance = first * second + (1 - first) * (1 - second)
    return float(((one == other).mean() - chance) / (1 - chance)) if chance < 1 else np.nan


def kappas(statements: list[Statements]) -> Float[np.ndarray, "network network"]:
    """Cohen's kappa of every two networks; NaN on the diagonal and where it is undefined."""
    found = np.full((len(statements),) * 2, np.nan)
    for one, other in combinations(range(len(statements)), 2):
        found[one, other] = found[other, one] = kappa(statements[one], statements[other])
    return found


def agreement(statements: list[Statements]) -> float:
    """The mean kappa over pairs of networks; 0 where it is undefined: nothing is agreed on."""
    found = kappas(statements)
    upper = found[np.triu_indices(len(found), 1)]
    return float(np.nan_to_num(upper).mean()) if len(upper) else 0.0


def medoid(statements: list[Statements]) -> int:
    """The place of the network that agrees most with the others; of equals the first."""
    return int(np.nan_to_num(kappas(statements)).sum(axis=1).argmax())


def held_by(readings: list[Reading], least: int, matched: bool = True) -> Reading:
    """The memberships that at least so many networks hold, codes matched to those of the medoid."""
    votes = membership_votes(readings, matched)
    return votes >= least


def membership_votes(
    readings: list[Reading], matched: bool = True
) -> Int[np.ndarray, "code column"]:
    """How many networks hold each membership of the codes of the medoid."""
    statements = [pairs(reading) if matched else reading.ravel() for reading in readings]
    base = readings[medoid(statements)].astype(int)
    votes = np.zeros_like(base)
    for reading in readings:
        if matched:
            ours, theirs = linear_sum_assignment(base @ reading.astype(int).T, maximize=True)
            votes[ours] += reading[theirs]
        else:
            votes += reading
    return votes
