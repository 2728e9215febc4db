"""Paths to outputs: which variables reach which output of a network that predicts a target."""

from typing import NamedTuple

import pandas as pd

from sparse_lightning.interpret.mappings import SHARE, sorted_by_kind
from sparse_lightning.interpret.paths import noticeable, reaching, strongest_first
from sparse_lightning.interpret.structure import Structure

KINDS = ("used", "faint", "ignored")


class OutputTables(NamedTuple):
    """Tables of outputs, variables and path strengths, as `ClassPaths` has them."""

    outputs: pd.DataFrame
    variables: pd.DataFrame
    strengths: pd.DataFrame


def output_tables(
    structure: Structure, share: float = SHARE, one: str = "class", several: str = "classes"
) -> OutputTables:
    """Follow the paths from each variable to each output, which are called `one` and `several`.

    An InputError refuses a share outside 0…1.
    """
    strengths = reaching(structure, len(structure.weights))
    reached = noticeable(strengths, share)
    outputs, variables = structure.names[-1], structure.variables
    rows = []
    for place, variable in enumerate(variables):
        some = "faint" if strengths[:, place].any() else "ignored"
        chosen = strongest_first(strengths[:, place], reached[:, place])
        rows.append(
            {
                "variable": variable,
                "kind": "used" if chosen else some,
                several: tuple(outputs[output] for output in chosen),
                "strength": float(strengths[:, place].sum()),
            }
        )
    found = [
        {
            one: name,
            "variables": tuple(
                variables[place] for place in strongest_first(strengths[row], reached[row])
            ),
        }
        for row, name in enumerate(outputs)
    ]
    return OutputTables(
        outputs=pd.DataFrame(found),
        variables=sorted_by_kind(rows, KINDS, ["strength"]),
        strengths=pd.DataFrame(
            strengths,
            index=pd.Index(outputs, name=one),
            columns=pd.Index(variables, name="variable"),
        ),
    )
