"""Consensus: whether networks that differ in their seed alone say the same, and what most say.

What a network says is cut into statements that can be held beside those of another seed, whose
codes come in another order. Of an autoencoder, and of components, there is one a pair of columns:

    these two share a code      a code exists that both are fed into and rebuilt from

and of a network that predicts one a column and output:

    this column reaches this output, and raises or lowers it

The agreement of two networks is Cohen's kappa over the statements, (p_o − p_e) / (1 − p_e), with
p_o the share of statements on which both say the same and p_e the share on which two would who
know no more than how often each answer is given (Cohen 1960).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Int8

from sparse_lightning._text import counted, number, shown_name
from sparse_lightning.errors import InputError
from sparse_lightning.interpret.code_paths import CodePaths
from sparse_lightning.interpret.mappings import SHARE
from sparse_lightning.interpret.paths import noticeable, reaching
from sparse_lightning.interpret.structure import Structure

NO, RAISES, LOWERS, REACHES = 0, 1, 2, 3
"""Answers to a statement: no; yes, with a positive or negative sign; yes, without one."""

EVERY_PATH = 0.0
"""The share at which every live path counts."""

_VERBS = {RAISES: "raises", LOWERS: "lowers", REACHES: "reaches"}


def answers(structure: Structure, share: float = SHARE) -> Int8[np.ndarray, " statement"]:
    """What a network answers to every statement, in the order of `statement_names`.

    Of pairs of columns an answer is `NO` or `REACHES`. A column of one input raises an output where
    the product of the signed live weights between them is positive; one of several inputs, such as
    the levels of a column, has no sign.

    Args:
        structure: that of the network.
        share: a column counts from this part of the strongest one's path strength, see `Mappings`.

    Raises:
        InputError: the share is not in 0…1, or an autoencoder has no hidden layer.
    """
    if structure.is_autoencoder:
        kept = CodePaths.of(structure, share).kept.astype(np.float32)  # which BLAS multiplies
        together = kept.T @ kept > 0
        return np.where(together[_pairs(structure)], REACHES, NO).astype(np.int8)
    reached = noticeable(reaching(structure, len(structure.weights)), share)
    return np.where(reached, _signs(structure), NO).astype(np.int8).reshape(-1)


def statement_names(structure: Structure) -> list[tuple[str, str]]:
    """The pairs of columns; of a network that predicts each column with each output."""
    names = structure.variables
    if structure.is_autoencoder:
        return [
            (names[first], names[second]) for first, second in zip(*_pairs(structure), strict=True)
        ]
    return [(name, output) for output in structure.names[-1] for name in names]


def _pairs(structure: Structure) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(len(structure.variables), k=1)


def _signs(structure: Structure) -> Int[np.ndarray, "output variable"]:
    product = np.eye(structure.widths[0])
    for weight in structure.live_weights:
        product = weight @ product
    signs = np.full((len(product), len(structure.groups)), REACHES)
    for place, (_, part) in enumerate(structure.groups):
        own = product[:, part]
        if own.shape[1] == 1:
            signs[:, place] = np.select([own[:, 0] > 0, own[:, 0] < 0], [RAISES, LOWERS], REACHES)
    return signs


def kappa(first: Int8[np.ndarray, " statement"], second: Int8[np.ndarray, " statement"]) -> float:
    """Cohen's kappa of two networks' answers: 1 the same, 0 as by chance, below 0 less than that.

    NaN where both give one and the same answer to everything, or there is nothing to answer:
    chance alone agrees then, and two empty networks, in which no columns share a code, are no
    evidence of anything. If one of them only is empty, kappa is 0.
    """
    if not len(first):
        return np.nan
    observed = float(np.mean(first == second))
    expected = sum(
        float(np.mean(first == answer)) * float(np.mean(second == answer))
        for answer in np.union1d(first, second)
    )
    return np.nan if expected == 1 else (observed - expected) / (1 - expected)


def kappas(
    given: Int8[np.ndarray, "network statement"],
) -> Float[np.ndarray, "network network"]:
    """Cohen's kappa of every two networks; NaN on the diagonal."""
    table = np.full((len(given), len(given)), np.nan)
    for first in range(len(given)):
        for second in range(first):
            table[first, second] = table[second, first] = kappa(given[first], given[second])
    return table


def agreement_of(
    given: Int8[np.ndarray, "network statement"],
) -> Float[np.ndarray, " network"]:
    """The agreement of each network with the others: its mean kappa with those that has a value.

    NaN of a network that has none: it is alone, or as empty as all others.
    """
    return _mean_of(kappas(given), axis=1)


def _mean_of(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """The mean over what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@dataclass(frozen=True, eq=False)
class Consensus:
    """What most seeds of a marker say, each statement with its votes.

    Attributes:
        statements: one row a statement that at least one seed makes, most votes first. Of
            autoencoders and components first and second, two columns that share a code; of others
            column, output and effect (`raises`, `lowers`, or `reaches` of a column with several
            inputs). With votes, and seeds (a tuple, those that say so).
        networks: one row a seed: seed, agreement (its mean kappa with the other seeds).
        share: a column counts from this part of the strongest one's path strength.
        title: which marker it is.
    """

    statements: pd.DataFrame
    networks: pd.DataFrame
    share: float
    title: str = ""

    @classmethod
    def of(cls, structures: Mapping[int, Structure], share: float = SHARE, title: str = "") -> Self:
        """Hold the networks of a marker beside each other.

        Args:
            structures: the structures by seed, all of the same columns and outputs.
            share: the part of the strongest that counts, in 0…1; 0 counts every live path.
            title: which marker it is.

        Raises:
            InputError: there is no network, they are of different columns, or the share is not in
                0…1.
        """
        if not structures:
            raise InputError("there is no network whose statements could be counted")
        first = next(iter(structures.values()))
        names = statement_names(first)
        if any(statement_names(one) != names for one in structures.values()):
            raise InputError("the networks are not of the same columns and outputs")
        given = np.array([answers(one, share) for one in structures.values()])
        networks = pd.DataFrame({"seed": list(structures), "agreement": agreement_of(given)})
        pair = ("first", "second") if first.is_autoencoder else ("column", "output")
        return cls(_statements(given, names, list(structures), pair), networks, share, title)

    @property
    def agreement(self) -> float:
        """The mean of the seeds' agreement; NaN where no two seeds can be held beside each other.

        Where every pair of seeds has a kappa, it is the mean over the pairs.
        """
        return float(_mean_of(self.networks["agreement"].to_numpy()))

    @property
    def majority(self) -> pd.DataFrame:
        """The statements of more than half of the seeds: 3 of 5, 2 of 3, 2 of 2."""
        most = self.statements["votes"] > len(self.networks) / 2
        return self.statements.loc[most].reset_index(drop=True)

    @property
    def sentences(self) -> list[str]:
        """The statements of more than half of the seeds, one sentence each."""
        return [self._sentence(row) for row in self.majority.to_dict("records")]

    def __repr__(self) -> str:
        seeds = counted(len(self.networks), "seed")
        agreement = f", which agree {number(self.agreement, 2)}" if len(self.networks) > 1 else ""
        head = f"{self.title + ': ' if self.title else ''}what most of {seeds} say{agreement}"
        fewer = len(self.statements) - len(self.majority)
        rest = [f"({counted(fewer, 'statement')} more of half of the seeds or fewer)"]
        lines = self.sentences or ["nothing"]
        return "\n".join([head, *lines, *(rest if fewer else [])])

    def _sentence(self, row: Mapping[str, object]) -> str:
        votes = f"{row['votes']} of {counted(len(self.networks), 'seed')}"
        if "first" in row:
            return (
                f"{shown_name(row['first'])} and {shown_name(row['second'])} share a code: {votes}"
            )
        return f"{shown_name(row['column'])} {row['effect']} {shown_name(row['output'])}: {votes}"


def _statements(
    given: Int8[np.ndarray, "network statement"],
    names: Sequence[tuple[str, str]],
    seeds: Sequence[int],
    pair: tuple[str, str],
) -> pd.DataFrame:
    rows = []
    for place, (one, other) in enumerate(names):
        for answer in (RAISES, LOWERS, REACHES):
            who = tuple(
                seeds[network] for network in np.flatnonzero(given[:, place] == answer).tolist()
            )
            if who:
                effect = {} if pair[0] == "first" else {"effect": _VERBS[answer]}
                rows.append(
                    {pair[0]: one, pair[1]: other, **effect, "votes": len(who), "seeds": who}
                )
    effects = [] if pair[0] == "first" else ["effect"]
    frame = pd.DataFrame(rows, columns=[*pair, *effects, "votes", "seeds"])
    return frame.sort_values("votes", ascending=False, kind="stable", ignore_index=True)
