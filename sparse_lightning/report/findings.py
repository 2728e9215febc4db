"""What a reader must know before trusting the order of the groups, in plain English."""

import pandas as pd

from sparse_lightning._text import listed, number
from sparse_lightning.comparison import INDICES, Comparison
from sparse_lightning.comparison.axes import on_validation_rows
from sparse_lightning.comparison.markers import of_group, records
from sparse_lightning.report.ranking import FAIR, narrow, points, ranked_by, spans
from sparse_lightning.report.view import View
from sparse_lightning.report.wording import NETWORKS, Words, index_in_words, settings_in_words

SETTLING = 10
"""So many replicates can settle an order; fewer suggest one."""

MOST_NAMED = 5
"""So many pairs are named in one sentence; the rest is counted."""


def findings(view: View) -> list[str]:
    """The findings on a report's comparison; of a study also whether its floor has settled."""
    found = findings_of(view.comparison, view.words)
    if view.study:
        if not view.study.floor_settled:
            found.insert(0, settling_of_the_floor(view))
        found += _one_class(view.study.networks)
    return found


def faults(view: View) -> list[str]:
    """What a reader must know first: nothing learned, networks failed, or all say the same."""
    found = [
        *(_nothing_learned(view.comparison) if view.study else []),
        *_failures(view.comparison, view.words),
    ]
    return found + (_one_class(view.study.networks) if view.study else [])


def settling_of_the_floor(view: View) -> str:
    """Whether unregularized training went on until its error no longer fell."""
    assert view.study is not None, "runs of other tools have no floor that was trained"
    epochs, best = view.study.floor_epochs, number(view.comparison.floor)
    if view.study.floor_settled:
        return (
            f"Without a regularizer the error stopped falling within {epochs} epochs; the best "
            f"error without sparsity is {best}."
        )
    falling = (
        "error of the training rows was still falling"
        if view.chosen_by_validation
        else "error was still falling, so every area is too small"
    )
    return f"The floor did not settle: after {epochs} epochs the unregularized {falling}."


def _one_class(networks: pd.DataFrame) -> list[str]:
    """Classifiers that say the same of every row, whatever their accuracy."""
    if "one_class" not in networks.columns or not any(networks["one_class"]):
        return []
    counts, classes = list[str](), dict[str, None]()
    for group in networks["group"].unique():
        found = networks.loc[networks["group"] == group, "one_class"].tolist()
        if given := [name for name in found if name]:
            counts.append(f"{len(given)} of {len(found)} of {group}")
            classes |= dict.fromkeys(given)
    named = listed([repr(name) for name in classes], MOST_NAMED)
    return [
        f"Some networks give every training row the same class ({named}): {_named(counts)}. Their "
        "accuracy is the share of that class, and their balanced accuracy one divided by the "
        "number of classes. With training.class_weight balanced rare classes count as much as "
        "others."
    ]


def findings_of(comparison: Comparison, words: Words = NETWORKS) -> list[str]:
    """Everything worth saying about a comparison, one sentence each, the weightiest first.

    Where the indices order groups differently, what the replicates leave open, markers beyond the
    floor, curves whose range makes the published area misleading, and what has no result.
    """
    return [
        *(_nothing_learned(comparison) if words is NETWORKS else []),
        *agreement_of_indices(comparison, words),
        *settled_pairs(comparison, words),
        *beyond_the_floor(comparison, words),
        *ranges(comparison),
        *_failures(comparison, words),
    ]


def _nothing_learned(comparison: Comparison) -> list[str]:
    floor, null_error = comparison.floor, comparison.corner[1]
    rows = " on the validation rows" if on_validation_rows(comparison.axes) else ""
    if floor < null_error:
        errors = _ranked(comparison)["y"].to_numpy(float)
        if not len(errors) or errors.min() < null_error:
            return []
        return [
            f"No regularized network has learned anything: the smallest error of a marker, "
            f"{errors.min():.4g}, is not below {null_error:.4g}, the error of a network "
            f"without weights{rows}. The order of the groups says nothing. Try more "
            "training.epochs or smaller regularizers.l1_weights."
        ]
    return [
        f"Unregularized training has learned nothing: its smallest error, the floor "
        f"{floor:.4g}, is not below {null_error:.4g}, the error of a network "
        f"without weights{rows}. There is no distance from ideal, and the areas above such a floor "
        "say nothing about the groups. Try another training.learning_rate or more training.epochs."
    ]


def agreement_of_indices(comparison: Comparison, words: Words) -> list[str]:
    """Whether the three indices put the groups in the same order, and where they do not."""
    pairs = comparison.pairs.dropna(subset="difference")
    if pairs.empty:
        return []
    settled: dict[tuple[str, str, str], list[str]] = {}
    left_open: list[str] = []
    for _, rows in pairs.groupby(["first", "second"], sort=False):
        sides = _sides(rows)
        if sides is None:
            continue
        (group, better), (other, worse) = sides
        if any(better["settled"]) and any(worse["settled"]):
            settled.setdefault((group, _by(better), _by(worse)), []).append(other)
        else:
            left_open.append(f"{group} (better by {_by(better)}) and {other} (by {_by(worse)})")
    if not settled and not left_open:
        if 0 in pairs["difference"].to_numpy(float):
            return ["No index contradicts another, but some of them tell some groups not apart."]
        return ["All three indices put the groups in the same order."]
    sentences = [_winners(comparison)]
    sentences += [
        f"{group} is better than {listed(others)} by {better}, and worse by {worse}; the "
        f"{words.replicates} {_verb(comparison)} both, so the answer depends on the index."
        for (group, better, worse), others in settled.items()
    ]
    if left_open:
        sentences.append(
            f"The indices differ on {_named(left_open)}, where the {words.replicates} do not "
            f"{_verb(comparison)} both directions."
        )
    return sentences


def _sides(rows: pd.DataFrame) -> tuple[tuple[str, pd.DataFrame], tuple[str, pd.DataFrame]] | None:
    """Both groups of a pair with the indices that favour them; None where the indices agree."""
    first = str(rows["first"].iloc[0]), rows.loc[rows["difference"] < 0]
    second = str(rows["second"].iloc[0]), rows.loc[rows["difference"] > 0]
    if first[1].empty or second[1].empty:
        return None
    # The group that the fair index favours comes first, so that like sentences can be merged.
    return (second, first) if INDICES[-1] in set(second[1]["index"]) else (first, second)


def _winners(comparison: Comparison) -> str:
    winners: dict[str, list[str]] = {}
    curved = ~comparison.indices["group"].isin(points(comparison))
    for index in INDICES:
        ranked = comparison.indices.loc[curved].dropna(subset=index)
        ranked = ranked.sort_values(index, kind="stable")
        if len(ranked):
            winners.setdefault(str(ranked["group"].iloc[0]), []).append(index)
    if len(winners) == 1:
        return (
            f"The three indices put the groups in different orders; {next(iter(winners))} comes "
            "first in all of them."
        )
    firsts = "; ".join(
        f"{group} by {listed([index_in_words(index) for index in indices])}"
        for group, indices in winners.items()
    )
    return f"The three indices do not agree on the best group: {firsts}."


def settled_pairs(comparison: Comparison, words: Words) -> list[str]:
    """Of which pairs of groups the replicates settle, or suggest, which one is better."""
    pairs = comparison.pairs
    if pairs.empty:
        return []
    if comparison.replicates < 2:
        return [
            f"There is a single {words.replicates.removesuffix('s')}, so there are no intervals "
            "and no order is settled."
        ]
    index = ranked_by(comparison)
    by_index = pairs.loc[pairs["index"] == index]
    left_open = by_index.loc[~by_index["settled"]]
    names = [f"{row['first']} and {row['second']}" for row in records(left_open)]
    who = f"The {comparison.replicates} {words.replicates}"
    by, total, verb = index_in_words(index), len(by_index), _verb(comparison)
    if not names:
        pair = "the two groups" if total == 1 else "every two groups"
        return [f"{who} {verb} which of {pair} is better by {by}."]
    if len(names) == total:
        pair = "the two groups" if total == 1 else "any two groups"
        return [f"{who} leave open which of {pair} is better by {by}."]
    return [
        f"{who} {verb} which group is better in {total - len(names)} of {total} pairs by {by}, and "
        f"leave open {_named(names)}."
    ]


def _verb(comparison: Comparison) -> str:
    return "settle" if comparison.replicates >= SETTLING else "suggest"


def beyond_the_floor(comparison: Comparison, words: Words) -> list[str]:
    """Which markers do better than the floor, and why that may be."""
    ranked, less = _ranked(comparison), comparison.axes.y_direction == "min"
    beyond = ranked.loc[(ranked["y"] < comparison.floor) == less]
    beyond = beyond.loc[beyond["y"] != comparison.floor]
    if beyond.empty:
        return []
    names = [_marker(comparison, row["group"], row["marker"]) for row in records(beyond)]
    reason = "was not trained long enough" if words is NETWORKS else "is not the best there can be"
    if words is NETWORKS and on_validation_rows(comparison.axes):
        reason = (
            "is that of unregularized networks, and these sparse ones do better on validation rows "
            "than any of those"
        )
    return [
        f"Markers lie {'below' if less else 'above'} the floor of {number(comparison.floor)} and "
        f"count negatively: {_named(names)}. The floor {reason}."
    ]


def ranges(comparison: Comparison) -> list[str]:
    """Curves whose range is so short that their areas say little."""
    x, flat, short = comparison.axes.x, points(comparison), narrow(comparison)
    ends = spans(comparison)
    reach = {
        str(group): f"{number(low)} to {number(high)}"
        for group, low, high in ends.itertuples(name=None)
    }
    fair, area = index_in_words(FAIR), index_in_words("area_marker")
    sentences = []
    if flat:
        sentences.append(
            f"The curve of {' and that of '.join(flat)} has one value of {x}, so there is no area "
            f"under it: compare by {fair}."
        )
    if short:
        widest = str((ends["high"] - ends["low"]).idxmax())
        spelt = listed([f"{group} ({reach[group]})" for group in short])
        sentences.append(
            f"The curves do not cover the same range of {x}: {spelt} less than half of what "
            f"{widest} ({reach[widest]}) covers. A short curve has a small {area} whatever it is "
            f"worth: compare by {fair}."
        )
    return sentences


def _failures(comparison: Comparison, words: Words) -> list[str]:
    sentences = lost_points(comparison.indices, words)
    floor_group = comparison.axes.floor_group
    reached = of_group(comparison.points.frame, str(floor_group))["failed"].to_numpy(bool)
    if floor_group is not None and reached.any():
        which = f"unregularized {words.points}"
        if words is not NETWORKS:
            which = f"{words.points} of {floor_group}"
        sentences.append(
            f"{reached.sum()} of {len(reached)} {which} {words.failed}; the floor is that of the "
            "others."
        )
    if comparison.missing and not comparison.axes.front:
        names = [_marker(comparison, group, marker) for group, marker in comparison.missing]
        sentences.append(f"{words.nothing} for {_named(names)}: the marker is missing.")
    return sentences


def _ranked(comparison: Comparison) -> pd.DataFrame:
    return comparison.markers.loc[comparison.markers["group"].isin(comparison.groups)]


def _marker(comparison: Comparison, group: str, marker: int) -> str:
    return f"{group} at {settings_in_words(comparison.points.settings[marker])}"


def lost_points(indices: pd.DataFrame, words: Words) -> list[str]:
    """How many points of which group are in no mean, and which groups have no index at all."""
    lost = indices.loc[indices["failed"] > 0]
    whole = lost["failed"] == lost["points"]
    sentences = []
    if len(partly := lost.loc[~whole]):
        counts = [
            f"{row['failed']} of {row['points']} of {row['group']}" for row in records(partly)
        ]
        sentences.append(
            f"Some {words.points} {words.failed}: {_named(counts)}. The indices of these groups "
            f"are of markers that miss them, and so of the {words.points} that are easier to train."
        )
    sentences += [
        f"{row['group']} has no index: all of its {row['points']} {words.points} {words.failed}."
        for row in records(lost.loc[whole])
    ]
    return sentences


def _by(rows: pd.DataFrame) -> str:
    return listed(
        [
            f"{index_in_words(row['index'])}{'' if row['settled'] else ' (open)'}"
            for row in records(rows)
        ]
    )


def _named(names: list[str]) -> str:
    if len(names) <= MOST_NAMED:
        return "; ".join(names)
    return f"{'; '.join(names[:MOST_NAMED])}; and {len(names) - MOST_NAMED} more"
