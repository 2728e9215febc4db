"""The part of the page on what a user gets: studies with all defaults, beside what was before."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from planted_structure.cells import cell, markdown_table, share
from planted_structure.defaults import DEFAULT_GROUPS
from planted_structure.judging import SHOWN, Judged, StudyCurve, calibration, shown_before
from planted_structure.measures import interval
from planted_structure.tables import VARIANTS

Records = Sequence[dict[str, Any]]

GOOD = 0.85
"""The mean F1 that is wanted of recommended networks."""

GAIN = 0.10
"""How much more it should be than that of the network that came first before."""

RIGHT = 0.95
"""The share of the pairs with two votes or more that should be true."""


def judged_part(studies: Records, before: Records, lassonet: Records) -> list[str]:
    """Sections on the judging tables; none without studies."""
    if not studies:
        return []
    earlier = {one["table"]: one for one in before}
    found = [Judged(one) for one in studies]
    return [
        f"## What a user gets: {len(found)} judging tables\n",
        "All settings are at their defaults, and the network is the one that the study itself "
        f"recommends. Nothing here was chosen on these tables.{_unmeasured(found)}\n",
        _targets(found, earlier),
        _by_table(found, earlier),
        _short(found),
        _votes(found),
        _readings(found),
        _groups(found),
        _before(found, earlier),
        _references(found, {one["table"]: one for one in lassonet}),
    ]


def _unmeasured(found: list[Judged]) -> str:
    """The judging tables that there is no record of."""
    known = {one.record["table"] for one in found}
    left = [name for name in VARIANTS["judging"] if name not in known]
    return f" Not measured yet: {', '.join(left)}." if left else ""


def strengths_part(studies: Records) -> list[str]:
    """The section on θ and η where columns are scaled equally; none without studies."""
    if not studies:
        return []
    found = [Judged(one) for one in studies]
    defaults = [Judged(one, DEFAULT_GROUPS) for one in studies]
    names = ", ".join(one.record["table"] for one in found)
    text = (
        f"### θ and η\n\nWith all other settings at their defaults, on {len(found)} choosing "
        f"tables ({names}). Default groups are {', '.join(DEFAULT_GROUPS)}.\n\n"
    )
    return [text + _group_table([one.curves for one in found]), _rules(defaults)]


def _rules(found: list[Judged]) -> str:
    """What other rules would have taken of the default groups."""
    return (
        "Of the default groups, F1 of the medoid at the knee of the group whose seeds agree most: "
        f"{cell([_by(one, lambda curve: curve.agreement).medoid for one in found])}, of the "
        f"smallest `hypervolume_gap`: {cell([one.by_gap.medoid for one in found])}.\n"
    )


def _by(judged: Judged, rule: Callable[[StudyCurve], float]) -> StudyCurve:
    return max(judged.curves.values(), key=rule)


def _first_before(found: list[Judged], earlier: dict[str, Any], which: str) -> list[float]:
    """What the recommended networks have more than the first ones of the earlier defaults."""
    both = [one for one in found if one.record["table"] in earlier]
    return [one.f1 - shown_before(earlier[one.record["table"]], which) for one in both]


def _targets(found: list[Judged], earlier: dict[str, Any]) -> str:
    f1s, ahead = [one.f1 for one in found], _first_before(found, earlier, "leader")
    gap = [one.f1 - one.by_gap.medoid for one in found]
    rebuilt = [one.recommended for one in found if one.record["task"] == "sae"]
    votes = calibration(rebuilt)["2 or more"]
    true, total = np.sum(votes, axis=0).tolist()
    rows = [
        ["F1 of the recommended network", cell(f1s), f"≥ {GOOD}", _yes(np.mean(f1s) >= GOOD)],
        [
            f"its F1, more than of the network that came first before ({len(ahead)} tables)",
            cell(ahead),
            f"≥ {GAIN:.2f}",
            _yes(bool(ahead) and np.mean(ahead) >= GAIN),
        ],
        [
            "its F1, more than of the group of the smallest `hypervolume_gap`",
            cell(gap),
            "≥ 0",
            _yes(np.mean(gap) >= 0),
        ],
        [
            "pairs of columns on one code in 2 or more of 5 seeds that are true",
            share(votes),
            f"≥ {RIGHT:.0%}",
            _yes(true >= RIGHT * total),
        ],
    ]
    return markdown_table(["", "mean over the tables", "wanted", "reached"], rows)


def _yes(reached: Any) -> str:
    return "yes" if reached else "**no**"


def _by_table(found: list[Judged], earlier: dict[str, Any]) -> str:
    rows = []
    for one in found:
        record, curve = one.record, one.recommended
        chosen = record["recommended"]
        before = earlier.get(record["table"])
        rows.append(
            [
                record["table"],
                f"{curve.group} λ={chosen['l1_weight']:.3g}, seed {chosen['seed']}",
                f"{one.f1:.2f}",
                "–" if before is None else f"{shown_before(before, 'leader'):.2f}",
                f"{one.by_gap.medoid:.2f} ({one.by_gap.group})",
                f"{curve.consensus:.2f}",
                f"{curve.by_seed()['single']:.2f}",
                f"{curve.by_seed()['worst']:.2f}",
                f"{curve.agreement:.2f}",
                f"{record['epochs']:,}",
            ]
        )
    head = ["table", "recommended", "F1", "first before", "by gap", "≥ 3 of 5", "one seed", "worst"]
    title = (
        "### Table by table\n\nF1 of the recommended network, of the one that came first before, "
        "of the medoid of the group of the smallest `hypervolume_gap` at its knee; then, of the "
        "recommended group and λ, of what at least 3 of 5 seeds say, of a seed on average, and of "
        "the worst; and how far its seeds agree. Epochs are of each stage.\n\n"
    )
    return title + markdown_table([*head, "agreement", "epochs"], rows)


def _short(found: list[Judged]) -> str:
    """The tables on which the recommendation is short of the mean that is wanted, and of what."""
    short = [one for one in found if one.f1 < GOOD]
    if not short:
        return f"All recommended networks have an F1 of {GOOD} or more.\n"
    lines = []
    for one in short:
        knees = max(curve.medoid for curve in one.curves.values())
        anywhere = max(float(curve.means.max()) for curve in one.curves.values())
        curve = one.recommended
        words = f"the best group at its knee {knees:.2f}, any group and λ {anywhere:.2f}"
        if curve.matched:
            words += f"; with lone columns of noise forgiven {curve.forgiving[curve.knee]:.2f}"
        lines.append(f"- {one.record['table']}: {one.f1:.2f}; {words}")
    return f"Below {GOOD} are:\n\n" + "\n".join(lines) + "\n"


def _votes(found: list[Judged]) -> str:
    rows = []
    for words, wanted in (("pairs of columns on one code", True), ("effects on a target", False)):
        chosen = [one.recommended for one in found if one.recommended.matched == wanted]
        if not chosen:
            continue
        votes = [curve.votes() for curve in chosen]
        by_number = [share([one.get(number, (0, 0)) for one in votes]) for number in range(1, 6)]
        rows.append([words, *by_number, share(calibration(chosen)["2 or more"])])
    title = (
        "### What votes are worth\n\nOf the statements that so many of the five seeds of the "
        "recommended group and λ make, the share that is true.\n\n"
    )
    head = ["", *(str(number) for number in range(1, 6)), "2 or more"]
    return title + markdown_table(head, rows)


def _readings(found: list[Judged]) -> str:
    measures: dict[str, Callable[[Judged], float]] = {
        "the recommended network, the medoid": lambda one: one.f1,
        "a seed, on average": lambda one: one.recommended.by_seed()["single"],
        "the worst seed": lambda one: one.recommended.by_seed()["worst"],
        "held by at least 3 of 5": lambda one: one.recommended.consensus,
        "held by at least 4 of 5": lambda one: one.recommended.by_seed()["by 4 of 5"],
        "the best group at its knee": lambda one: max(c.medoid for c in one.curves.values()),
        "the best group and λ, a seed on average": lambda one: max(
            float(c.means.max()) for c in one.curves.values()
        ),
    }
    rows = [[name, cell([measure(one) for one in found])] for name, measure in measures.items()]
    title = (
        "### Which reading\n\nF1 at the recommended group and λ; the last two know the truth.\n\n"
    )
    return title + markdown_table(["what is read", "F1"], rows)


def _groups(found: list[Judged]) -> str:
    title = "### Which group\n\nAt the knee of each group, and at its best λ.\n\n"
    return title + _group_table([one.curves for one in found])


def _group_table(tables: list[dict[str, StudyCurve]]) -> str:
    names = list(dict.fromkeys(name for table in tables for name in table))
    rows = []
    for name in names:
        own = [table[name] for table in tables if name in table]
        ahead = [table[name].medoid - table["L1"].medoid for table in tables if name in table]
        rows.append(
            (
                interval([curve.medoid for curve in own])[0],
                [
                    name,
                    cell([curve.medoid for curve in own]),
                    "–" if name == "L1" else cell(ahead),
                    cell([float(curve.means[curve.knee]) for curve in own]),
                    cell([float(curve.means.max()) for curve in own]),
                    cell([curve.agreement for curve in own]),
                ],
            )
        )
    rows.sort(key=lambda row: -row[0])
    head = ["group", "medoid", "more than L1", "one seed", "best λ, one seed", "agreement"]
    return markdown_table(head, [row for _, row in rows])


def _before(found: list[Judged], earlier: dict[str, Any]) -> str:
    if not earlier:
        return ""
    rows = []
    for which, words in SHOWN.items():
        both = [one.record["table"] for one in found if one.record["table"] in earlier]
        scores = [shown_before(earlier[name], which) for name in both]
        rows.append([words, cell(scores), cell(_first_before(found, earlier, which))])
    title = (
        "### What was before\n\nThe earlier defaults were five fixed λ from 0.00005 to 0.001 for "
        "each of the six published groups, sigmoid units, columns scaled to [0, 1], 150 epochs, "
        "no samples of the rows and no refitting. Their report led with the group of the smallest "
        "`area_marker` and showed networks of the middle λ and the first seed.\n\n"
    )
    return title + markdown_table(["network", "F1", "recommended, more"], rows)


def _references(found: list[Judged], lassonet: dict[str, Any]) -> str:
    parts = []
    components = [one for one in found if "sparse_pca" in one.record]
    if components:
        theirs = [one.record["sparse_pca"] for one in components]
        ours = [one.f1 for one in components]
        parts.append(
            "scikit-learn's SparsePCA, which is given the true number of factors and its best α, "
            f"has an F1 of {cell(theirs)} on the {len(components)} tables without a target, the "
            f"recommended networks {cell(ours)}.\n"
        )
    inputs = [one for one in found if one.record["table"] in lassonet]
    if inputs:
        rules = {"knee": "at its knee", "least loss": "of the least validation loss"}
        own = [lassonet[one.record["table"]]["f1"] for one in inputs]
        words = " and ".join(f"{cell([f1[rule] for f1 in own])} {rules[rule]}" for rule in rules)
        parts.append(
            f"Which columns have an effect on the target at all, on {len(inputs)} tables: "
            f"LassoNet has an F1 of {words}, the recommended networks "
            f"{cell([one.inputs_f1 for one in inputs])}.\n"
        )
    return "### References\n\n" + "\n".join(parts) if parts else ""
