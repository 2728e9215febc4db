"""A network in two lines: its size and worth, and what it does with its columns."""

import math
from collections.abc import Mapping
from typing import TypeGuard

import pandas as pd

from sparse_lightning._text import listed, number, percent, shown_name
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.target_paths import TargetPaths
from sparse_lightning.regularizers.replica import SYMBOLS

KEPT, LOST = 0.25, 0.75
"""A column is kept up to the first information loss and lost from the second; between them about
half of it is lost."""

MOST = 4
"""The names that the sentence spells out of a kind; the rest is counted."""


def headline(
    used: float,
    total: float,
    explained: float | None = None,
    *,
    per_component: bool = False,
    right: float | None = None,
    held_out: float | None = None,
    right_held_out: float | None = None,
) -> str:
    """How large a network is and what it is worth, e.g. `32 of 192 connections, explains 87 %`.

    Args:
        used: its connections; of components the mean number of loadings a component.
        total: how many there could be.
        explained: the share of the error without weights that it explains.
        per_component: whether these are loadings a component.
        right: the share of rows to which a classifier gives their class.
        held_out: what it explains of rows that neither trained nor chose.
        right_held_out: the share of those rows that get their class.
    """
    unit = "loadings a component" if per_component else "connections"
    parts = [f"{number(used, 6)} of {number(total, 6)} {unit}"]
    if _known(right):
        parts.append(f"{percent(right)} right{_held_out(right_held_out)}")
    if _known(explained):
        parts.append(f"explains {percent(explained)}{_held_out(held_out)}")
    return ", ".join(parts)


def named(group: str, settings: Mapping[str, object]) -> str:
    """A marker by its group and strengths, e.g. `sL1 λ=0.0005, θ=0.1`."""
    strengths = ", ".join(
        f"{SYMBOLS.get(name, name)}={f'{value:g}' if isinstance(value, float) else value}"
        for name, value in settings.items()
    )
    return f"{group} {strengths}".strip()


def summary(
    mappings: Mappings | ClassPaths | TargetPaths, losses: pd.DataFrame | None = None
) -> str:
    """What a network does with its columns, the best kept or most used first.

    Args:
        mappings: what passes through it.
        losses: of an autoencoder, as `information_loss` returns them; without them a column is kept
            where it feeds, and is rebuilt by, the same code.
    """
    if not isinstance(mappings, Mappings):
        return _used(mappings.variables)
    if losses is None:
        kinds = dict(zip(mappings.variables["variable"], mappings.variables["kind"], strict=True))
        kept = [name for name, kind in kinds.items() if kind in ("alone", "shared")]
        half, lost = [], []
    else:
        known = losses.dropna(subset="loss").sort_values("loss", kind="stable")
        loss = dict(zip(known["variable"], known["loss"], strict=True))
        kept = [name for name in loss if loss[name] <= KEPT]
        half = [name for name in loss if KEPT < loss[name] < LOST]
        lost = [name for name in reversed(loss) if loss[name] >= LOST]
    parts = [f"keeps {_listed(kept)}" if kept else "keeps no column well"]
    if half:
        parts.append(f"about half of {_listed(half)} is lost")
    if lost:
        parts.append(f"{_listed(lost)} {'is' if len(lost) == 1 else 'are'} lost")
    return _sentence(parts)


def _used(variables: pd.DataFrame) -> str:
    kinds = dict(zip(variables["variable"], variables["kind"], strict=True))
    used = [name for name, kind in kinds.items() if kind == "used"]
    others = [name for name, kind in kinds.items() if kind != "used"]
    if not used:
        return "Uses no column, so it says the same of every row."
    ignored = [f"ignores {_listed(others)}, or nearly so"] if others else []
    return _sentence([f"uses {_listed(used)}", *ignored])


def _listed(names: list[str]) -> str:
    return listed([shown_name(name) for name in names], MOST)


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _held_out(value: float | None) -> str:
    return f" ({percent(value)} held out)" if _known(value) else ""
