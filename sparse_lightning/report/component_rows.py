"""The components of a study in tables and in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sparse_lightning._text import listed
from sparse_lightning.comparison import FLOOR_GROUP
from sparse_lightning.comparison.markers import records
from sparse_lightning.report.component_curves import (
    BP,
    EXACT,
    SPARSE_PCA,
    UNREGULARIZED,
    ComponentCurves,
)

FIRST = 5
"""Up to this n the curves of the first n components are compared one by one, then at N."""

_NAMED = 6  # groups that a sentence names


def path_rows(curves: ComponentCurves) -> list[dict[str, Any]]:
    """What the first n components contribute, one row a method.

    A row has `method`, `strength` in words ("" where it has none), and `cells`, one for each n = 1,
    …, N: contribution and loadings, or None.
    """
    rows = [
        _path_row(curves, group, f"λ = {curves.middle[group]:g}", curves.path(group))
        for group in curves.groups
    ]
    rows.append(_path_row(curves, BP, UNREGULARIZED, curves.path(FLOOR_GROUP)))
    if len(curves.exact_path):
        rows.append(_path_row(curves, EXACT, "", curves.exact_path))
    return rows + [
        _path_row(curves, SPARSE_PCA, f"α = {alpha:g}", curves.sparse_path(alpha))
        for alpha in curves.alphas
    ]


def compared(curves: ComponentCurves) -> list[int]:
    """For which n the curves of the first n components are compared."""
    return sorted({*range(1, min(FIRST, curves.components) + 1), curves.components})


def gap_rows(curves: ComponentCurves, inputs: float) -> list[dict[str, Any]]:
    """How far each method's curve of the first n components is from exact PCA with no loadings.

    One row a group, and one of SparsePCA where the study has it: `method` and `cells`, one for each
    n of `compared`: the `gap` (or None), and whether it is `above` SparsePCA's curve. Empty where
    there is no exact PCA to compare with.
    """
    if curves.exact_path.empty:
        return []
    theirs = {n: curves.gap(curves.sparse_curve(n), inputs) for n in compared(curves)}
    rows = []
    for group in curves.groups:
        gaps = {n: curves.gap(curves.curve(group, n), inputs) for n in theirs}
        cells = [{"gap": gap, "above": _smaller(gap, theirs[n])} for n, gap in gaps.items()]
        rows.append({"method": group, "cells": cells})
    if curves.alphas:
        cells = [{"gap": gap, "above": False} for gap in theirs.values()]
        rows.append({"method": SPARSE_PCA, "cells": cells})
    return rows


def component_sentences(curves: ComponentCurves, inputs: float) -> list[str]:
    """Which curves are above SparsePCA's, by how much of range, and which dominate that of L1."""
    above = _above(curves, gap_rows(curves, inputs))
    return [*above, *_beaten_by_sparse_pca(curves), *_dominating(curves)]


def _path_row(
    curves: ComponentCurves, method: str, strength: str, path: pd.DataFrame
) -> dict[str, Any]:
    cells: dict[int, Mapping[str, float]] = {row["n"]: row for row in records(path)}
    numbers = range(1, curves.components + 1)
    return {"method": method, "strength": strength, "cells": [cells.get(n) for n in numbers]}


def _smaller(gap: float | None, other: float | None) -> bool:
    return gap is not None and other is not None and gap < other


def _above(curves: ComponentCurves, rows: list[dict[str, Any]]) -> list[str]:
    if not rows or not curves.alphas:
        return []
    groups = [row for row in rows if row["method"] != SPARSE_PCA]
    by_groups: dict[tuple[str, ...], list[int]] = {}
    for place, n in enumerate(compared(curves)):
        above = tuple(row["method"] for row in groups if row["cells"][place]["above"])
        by_groups.setdefault(above, []).append(n)
    parts = [
        f"for {_first_n(numbers)} {_who(above, curves.groups)}"
        for above, numbers in by_groups.items()
    ]
    return [f"Above {SPARSE_PCA}'s curve by distance from ideal: {'; '.join(parts)}."]


def _who(above: Sequence[str], groups: Sequence[str]) -> str:
    if not above:
        return "none"
    return "all groups" if len(above) == len(groups) > 1 else listed(above, _NAMED)


def _beaten_by_sparse_pca(curves: ComponentCurves) -> list[str]:
    """How many markers SparsePCA beats outright: a gap alone may be one of range."""
    counts: dict[int, list[int]] = {}
    total = 0
    for n in compared(curves):
        theirs, ours = curves.sparse_curve(n), [curves.curve(group, n) for group in curves.groups]
        total = sum(map(len, ours))
        counts.setdefault(sum(_beaten(curve, theirs) for curve in ours), []).append(n)
    if not curves.alphas or not total:
        return []
    parts = [f"{count} for {_first_n(numbers)}" for count, numbers in counts.items()]
    range_only = ""
    if 0 in counts:
        range_only = ". Where none is, a greater gap tells that the strengths cover another range"
    return [
        f"Of the groups' {total} markers, so many are worse in both loadings and contribution than "
        f"one of {SPARSE_PCA}: {'; '.join(parts)}{range_only}."
    ]


def _first_n(numbers: Sequence[int]) -> str:
    return f"n = {listed([str(n) for n in numbers], FIRST + 1)}"


def _dominating(curves: ComponentCurves) -> list[str]:
    n = curves.components
    base = curves.curve("L1", n) if "L1" in curves.groups else pd.DataFrame()
    dominating, beside, sentences = [], [], []
    for group in curves.groups if len(base) else ():
        curve = curves.curve(group, n)
        if group == "L1" or curve.empty:
            continue
        worse, better = _beaten(curve, base), _beaten(base, curve)
        if worse:
            sentences.append(
                f"With all {n} components {worse} of the {len(curve)} markers of {group} are worse "
                f"in both loadings and contribution than one of L1, and {better} of the "
                f"{len(base)} of L1 than one of {group}."
            )
        else:
            (dominating if better else beside).append(group)
    if dominating:
        one = len(dominating) == 1
        sentences.insert(
            0,
            f"With all {n} components the {'curve' if one else 'curves'} of "
            f"{listed(dominating, _NAMED)} {'dominates' if one else 'dominate'} that of L1: no "
            f"marker of L1 is better in both loadings and contribution than one of "
            f"{'this group' if one else 'these groups'}, and some are worse in both.",
        )
    if beside:
        sentences.append(
            f"With all {n} components no marker of {listed(beside, _NAMED)} is better in both "
            "loadings and contribution than one of L1, and none of L1 than one of these."
        )
    return sentences


def _beaten(curve: pd.DataFrame, by: pd.DataFrame) -> int:
    """How many markers of a curve have one of another that is better in both."""
    x, y = (by[name].to_numpy() for name in ("loadings", "contribution"))
    return sum(
        bool(((x < row["loadings"]) & (y > row["contribution"])).any()) for row in records(curve)
    )
