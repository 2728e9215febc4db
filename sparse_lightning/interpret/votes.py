"""What a network says, code by code or output by output, and how many seeds say the same.

The other seeds of a marker differ from the network in their initial weights and samples of the rows
alone: what they find too is better founded than what a single one found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sparse_lightning._text import listed, shown_name
from sparse_lightning.interpret.code_paths import CodePaths
from sparse_lightning.interpret.consensus import LOWERS, RAISES, answers
from sparse_lightning.interpret.mappings import SHARE
from sparse_lightning.interpret.paths import reaching, strongest_first
from sparse_lightning.interpret.sentences import OutputKind
from sparse_lightning.interpret.structure import Structure

MOST = 6
"""The names that a sentence spells out; the rest is counted."""

MOST_PAIRED = 12
"""Of a code of so many columns it is said which two of them more seeds put together."""

Seeds = Mapping[int, Structure]


@dataclass(frozen=True)
class Vote:
    """A statement of a network.

    Attributes:
        sentence: the statement with its votes.
        votes: how many seeds say so; of a sentence with several statements the most.
        seeds: how many there are.
    """

    sentence: str
    votes: int
    seeds: int

    @property
    def alone(self) -> bool:
        """Whether other seeds could say so, and none does."""
        return self.votes == 1 < self.seeds


def votes(
    structures: Seeds, seed: int, share: float = SHARE, outputs: OutputKind = "output"
) -> list[Vote]:
    """What the network of a seed says.

    Of an autoencoder, and of components, one sentence a code, those of most seeds first: which
    columns are fed into it and rebuilt from it. A seed says so where one of its codes does that;
    with which number does not matter. Of other networks one sentence an output: which columns raise
    and lower it.

    Args:
        structures: the structures of a marker's networks by seed.
        seed: that of the network whose statements are counted.
        share: a column counts from this part of the strongest one's path strength, see `Mappings`.
        outputs: what the outputs are, where the network rebuilds no inputs.

    Raises:
        InputError: the share is not in 0…1.
    """
    if structures[seed].is_autoencoder:
        return sorted(_of_codes(structures, seed, share), key=lambda vote: -vote.votes)
    return _of_outputs(structures, seed, share, outputs)


def _of_codes(structures: Seeds, seed: int, share: float) -> list[Vote]:
    structure = structures[seed]
    codes = {one: CodePaths.of(each, share) for one, each in structures.items()}
    own = codes[seed]
    found: dict[str, Vote] = {}
    for place in range(len(own.feeding)):
        sources = strongest_first(own.feeding[place], own.fed[place])
        targets = strongest_first(own.rebuilding[place], own.rebuilt[place])
        if not sources or not targets:
            continue
        says = _statement(structure.variables, list(codes.values()), sources, targets)
        found.setdefault(says.sentence, says)
    return list(found.values())


def _statement(
    names: Sequence[str], codes: Sequence[CodePaths], sources: list[int], targets: list[int]
) -> Vote:
    common = [variable for variable in sources if variable in targets]
    others = _names(names, [target for target in targets if target not in sources])
    also = f"; the code also rebuilds {others}" if others else ""
    if not common:
        count = sum(_leads(one, sources, targets) for one in codes)
        text = f"{_names(names, targets)} {_be(targets)} rebuilt from {_names(names, sources)}"
        return Vote(f"{text}{_tally(count, codes)}", count, len(codes))
    if len(common) > 1:
        count = sum(_keeps(one, common) for one in codes)
        text = f"{_names(names, common)} share a code{_tally(count, codes)}"
        return Vote(f"{text}{_best_pair(names, codes, common, count)}{also}", count, len(codes))
    (variable,) = common
    if len(sources) == len(targets) == 1:
        count = sum(_keeps_alone(one, variable) for one in codes)
        text = f"{_names(names, common)} has a code of its own{_tally(count, codes)}"
        return Vote(text, count, len(codes))
    count = sum(_keeps(one, common) for one in codes)
    text = f"{_names(names, common)} is kept by a code{_tally(count, codes)}"
    return Vote(f"{text}{also}", count, len(codes))


def _keeps(codes: CodePaths, variables: Sequence[int]) -> bool:
    """Whether one code is fed by all of these variables and rebuilds them."""
    return bool(codes.kept[:, list(variables)].all(axis=1).any())


def _keeps_alone(codes: CodePaths, variable: int) -> bool:
    """Whether a code is fed by this variable alone and rebuilds it alone."""
    return bool((codes.identities & codes.kept[:, variable]).any())


def _leads(codes: CodePaths, sources: Sequence[int], targets: Sequence[int]) -> bool:
    """Whether a code is fed by all sources and rebuilds all targets."""
    fed = codes.fed[:, list(sources)].all(axis=1)
    return bool((fed & codes.rebuilt[:, list(targets)].all(axis=1)).any())


def _best_pair(
    names: Sequence[str], codes: Sequence[CodePaths], common: list[int], count: int
) -> str:
    """Which two of three columns or more have more votes than all of them together."""
    if not 2 < len(common) <= MOST_PAIRED or len(codes) < 2:
        return ""
    pairs = list(combinations(common, 2))
    counts = [sum(_keeps(one, pair) for one in codes) for pair in pairs]
    most = max(counts)
    return f" ({_names(names, pairs[counts.index(most)])}: {most})" if most > count else ""


def _of_outputs(structures: Seeds, seed: int, share: float, kind: OutputKind) -> list[Vote]:
    structure = structures[seed]
    names, outputs = structure.variables, structure.names[-1]
    shape = len(outputs), len(names)
    given = {one: answers(each, share).reshape(shape) for one, each in structures.items()}
    strengths = reaching(structure, len(structure.weights))
    found = []
    for place, output in enumerate(outputs):
        own = given[seed][place]
        order = strongest_first(strengths[place], own != 0)
        counts = [
            sum(int(one[place, variable] == own[variable]) for one in given.values())
            for variable in order
        ]
        if not order:
            text = f"The {kind} {shown_name(output)} is the same for every row"
            count = sum(int(not one[place].any()) for one in given.values())
            found.append(Vote(f"{text}{_tally(count, given)}", count, len(given)))
            continue
        clauses = [
            f"{verb} by {told}"
            for answer, verb in ((RAISES, "raised"), (LOWERS, "lowered"), (None, "moved"))
            if (told := _counted_names(names, own, order, counts, answer, len(given)))
        ]
        text = f"The {kind} {shown_name(output)} is {'; '.join(clauses)}"
        found.append(Vote(text, max(counts), len(given)))
    return found


def _counted_names(
    names: Sequence[str],
    own: np.ndarray,
    order: list[int],
    counts: list[int],
    answer: int | None,
    seeds: int,
) -> str:
    """The columns with one answer, each with its votes; None: neither raises nor lowers."""
    told = [
        f"{shown_name(names[variable])} ({_share(count, seeds)})"
        if seeds > 1
        else shown_name(names[variable])
        for variable, count in zip(order, counts, strict=True)
        if own[variable] == answer or (answer is None and own[variable] not in (RAISES, LOWERS))
    ]
    return listed(told, MOST) if told else ""


def _tally(count: int, everyone: Sequence[object] | Mapping[int, object]) -> str:
    """The votes at the end of a sentence; none where there is one seed only."""
    if len(everyone) == 1:
        return ""
    return f": {count} of {len(everyone)} seeds{', this one only' if count == 1 else ''}"


def _share(count: int, seeds: int) -> str:
    return "this seed only" if count == 1 else f"{count} of {seeds}"


def _be(variables: Sequence[int]) -> str:
    return "is" if len(variables) == 1 else "are"


def _names(names: Sequence[str], variables: Sequence[int]) -> str:
    return listed([shown_name(names[variable]) for variable in variables], MOST)
