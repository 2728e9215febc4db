"""Mappings: which variables each code of an autoencoder keeps, and where each variable goes."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from sparse_lightning._text import listed, number, shortened
from sparse_lightning.errors import InputError
from sparse_lightning.interpret.code_paths import CodePaths
from sparse_lightning.interpret.paths import strongest_first
from sparse_lightning.interpret.structure import Structure

CODE_KINDS = ("identity", "pseudo-identity", "mixed", "transfer", "constant", "dead")
VARIABLE_KINDS = ("alone", "shared", "crossed", "lost", "faint", "ignored")
LISTED = 5
"""The number of names printed of a list."""

SHARE = 0.3
"""The part of the strongest variable's strength below which variables are left out. Variance goes
with the square of a weight, so these carry less than a tenth of what the strongest does."""


@dataclass(frozen=True, eq=False)
class Mappings:
    """What passes through the codes of an autoencoder.

    A variable feeds a code when the strength of the live paths from its inputs to the code is at
    least `share` of that of the variable that feeds the code most; a code rebuilds a variable when
    the same holds for the paths from the code to the variable's outputs. With `share` 0 any path
    will do; in a network with many weak paths every variable then feeds every code.

    With F the variables that feed a code and R those it rebuilds, the code's kind is

        identity          F = R, one variable
        pseudo-identity   F = R, several variables
        mixed             F ≠ R, with variables in common
        transfer          F and R have none in common: it rebuilds variables from others
        constant          it reaches outputs, but no input reaches it
        dead              it reaches no output

    and a variable's kind, the first that holds of

        alone             the one variable of an identity
        shared            feeds and is rebuilt by the same code
        crossed           feeds codes and is rebuilt, but by other codes
        lost              feeds codes and is rebuilt by none
        faint             reaches codes, but with less than `share` of each one's strongest
        ignored           reaches no code

    Attributes:
        codes: one row a code, by kind: code (from 1), kind, fed_by and rebuilds (the variables,
            strongest first), overlap = |F ∩ R| / |F ∪ R| (1 of an identity; nan without either).
        variables: one row a variable, by kind: variable, kind, feeds and rebuilt_by (codes,
            strongest first), partners (the other variables that feed, and are rebuilt by, a code
            this one feeds and is rebuilt by), strength (of the paths to itself through all codes).
        feeding: `(code, variable)` strengths of the paths from a variable's inputs to a code.
        rebuilding: `(code, variable)` strengths of the paths from a code to a variable's outputs.
        share: the part of the strongest that counts.
    """

    codes: pd.DataFrame
    variables: pd.DataFrame
    feeding: pd.DataFrame
    rebuilding: pd.DataFrame
    share: float

    @classmethod
    def of(cls, structure: Structure, share: float = SHARE) -> Self:
        """Follow the paths of an autoencoder.

        Args:
            structure: its structure.
            share: the part of the strongest that counts, in 0…1.

        Raises:
            InputError: the network is no autoencoder or has no hidden layer, or `share` is not in
                0…1.
        """
        if not structure.is_autoencoder:
            raise InputError("only an autoencoder rebuilds its inputs; see ClassPaths for others")
        paths = CodePaths.of(structure, share)
        numbers = pd.Index(range(1, len(paths.feeding) + 1), name="code")
        names = pd.Index(structure.variables, name="variable")
        codes = [_code_row(structure, paths, place) for place in range(len(numbers))]
        variables = [_variable_row(structure, paths, place) for place in range(len(names))]
        return cls(
            codes=sorted_by_kind(codes, CODE_KINDS, ["code"]),
            variables=sorted_by_kind(variables, VARIABLE_KINDS, ["strength"]),
            feeding=pd.DataFrame(paths.feeding, index=numbers, columns=names),
            rebuilding=pd.DataFrame(paths.rebuilding, index=numbers, columns=names),
            share=share,
        )

    def __repr__(self) -> str:
        return f"{_printed(self.codes)}\n\n{_printed(self.variables)}"


def sorted_by_kind(rows: list[dict], kinds: tuple[str, ...], then: list[str]) -> pd.DataFrame:
    """A table with one row a dictionary, in the order of the kinds; strengths fall."""
    frame = pd.DataFrame(rows)
    keys = [frame["kind"].map(kinds.index)]
    keys += [-frame[name] if name == "strength" else frame[name] for name in then]
    order = np.lexsort([key.to_numpy() for key in reversed(keys)])
    return frame.iloc[order].reset_index(drop=True)


def _code_row(structure: Structure, paths: CodePaths, place: int) -> dict:
    sources = strongest_first(paths.feeding[place], paths.fed[place])
    targets = strongest_first(paths.rebuilding[place], paths.rebuilt[place])
    common, either = set(sources) & set(targets), set(sources) | set(targets)
    if not structure.used[structure.code_layer][place]:
        kind = "dead"
    elif not structure.fed[structure.code_layer][place]:
        kind = "constant"
    elif common == either:
        kind = "identity" if len(either) == 1 else "pseudo-identity"
    else:
        kind = "mixed" if common else "transfer"
    return {
        "code": place + 1,
        "kind": kind,
        "fed_by": tuple(structure.variables[source] for source in sources),
        "rebuilds": tuple(structure.variables[target] for target in targets),
        "overlap": len(common) / len(either) if either else np.nan,
    }


def _variable_row(structure: Structure, paths: CodePaths, place: int) -> dict:
    feeds, rebuilt = paths.fed[:, place], paths.rebuilt[:, place]
    own = paths.kept[:, place]
    if (own & paths.identities).any():
        kind = "alone"
    elif own.any():
        kind = "shared"
    elif feeds.any():
        kind = "crossed" if rebuilt.any() else "lost"
    else:
        kind = "faint" if paths.feeding[:, place].any() else "ignored"
    through = paths.through
    partners = np.any(paths.kept[own], axis=0, keepdims=True)[0]
    partners[place] = False
    return {
        "variable": structure.variables[place],
        "kind": kind,
        "feeds": _numbers(paths.feeding[:, place], feeds),
        "rebuilt_by": _numbers(paths.rebuilding[:, place], rebuilt),
        "partners": tuple(
            structure.variables[other]
            for other in strongest_first(through[own].sum(axis=0), partners)
        ),
        "strength": float(through[:, place].sum()),
    }


def _numbers(strengths: np.ndarray, chosen: np.ndarray) -> tuple[int, ...]:
    return tuple(code + 1 for code in strongest_first(strengths, chosen))


def _printed(frame: pd.DataFrame) -> str:
    shown = frame.assign(**{str(name): frame[name].map(_cell) for name in frame})
    return shown.to_string(index=False)


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return listed([shortened(str(one), 24) for one in value], LISTED)
    return shortened(value, 24) if isinstance(value, str) else number(float(str(value)), 3)
