"""A network in one sentence: what it keeps and loses of its columns, or which it uses."""

import pandas as pd

from sparse_lightning._text import listed, shortened
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.target_paths import TargetPaths

KEPT, LOST = 0.25, 0.75
"""A column is kept up to the first information loss and lost from the second; between them about
half of it is lost."""

MOST = 4
"""The names that the sentence spells out of a kind; the rest is counted."""

LONGEST = 40
"""The characters shown of a name."""


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
    return listed([shortened(str(name), LONGEST) or "(no name)" for name in names], MOST)


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."
