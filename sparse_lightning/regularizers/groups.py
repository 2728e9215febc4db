"""From the replicas of a population to the callbacks that regularize them."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sparse_lightning.regularizers.base import Regularizer
from sparse_lightning.regularizers.hard_concrete import L0
from sparse_lightning.regularizers.prune import Magnitude
from sparse_lightning.regularizers.registry import Term, parse_regularizer, rank_of
from sparse_lightning.regularizers.replica import FLOOR, Replica
from sparse_lightning.regularizers.weight import WeightRegularizer

PopulationRegularizer = Regularizer | Magnitude
"""What can be a term of a group."""


def terms_of(replica: Replica) -> tuple[Term, ...]:
    """The terms of a replica's regularizer; none for the floor."""
    return () if replica.regularizer == FLOOR else parse_regularizer(replica.regularizer)


def training_order(replicas: Sequence[Replica]) -> list[Replica]:
    """The replicas in an order in which each term's are contiguous, as slices want them."""

    def key(replica: Replica) -> tuple[tuple[tuple[int, str], ...], int]:
        return tuple(rank_of(term) for term in terms_of(replica)), replica.number

    return sorted(replicas, key=key)


def regularizers_for(
    replicas: Sequence[Replica], proximal: bool = False
) -> list[PopulationRegularizer]:
    """One callback for each term and contiguous run of replicas that have it.

    The replicas come in the order of the population's weights. Those without a term are in no slice
    of it, so that a penalty they do not have costs nothing. With `proximal` the penalties of the
    weights have their proximal form.
    """
    callbacks = []
    present = {term for replica in replicas for term in terms_of(replica)}
    for term in sorted(present, key=rank_of):
        runs = groupby(enumerate(replicas), key=lambda item: term in terms_of(item[1]))
        for has_term, members in runs:
            run = list(members)
            if not has_term:
                continue
            # l1_weight → weight, hidden_threshold → threshold: the class knows whose they are.
            strengths: dict[str, Any] = {
                strength.removeprefix("l1_").removeprefix("hidden_"): [
                    getattr(replica, strength) for _, replica in run
                ]
                for strength in term.strengths
            }
            replicas_of_run = slice(run[0][0], run[-1][0] + 1)
            regularizer: PopulationRegularizer = term.callback(
                replicas=replicas_of_run, **strengths
            )
            if isinstance(regularizer, WeightRegularizer):
                regularizer.proximal = proximal
            if isinstance(regularizer, L0):
                # Its noise is that of the networks' seeds, whatever other networks there are.
                regularizer.seeds = [replica.seed for _, replica in run]
            callbacks.append(regularizer)
    return callbacks
