"""The regularizer groups of a project and their strengths."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from sparse_lightning.errors import RegularizerError
from sparse_lightning.project.messages import (
    MOST_FOUND,
    Location,
    invalid,
    invalid_fields,
    show,
)
from sparse_lightning.project.types import (
    Path,
    Positive,
    Probability,
    Settings,
    Strength,
    Text,
    check_name,
)
from sparse_lightning.regularizers.registry import Term, parse_regularizer
from sparse_lightning.regularizers.replica import FLOOR, STRENGTHS

PATH_LENGTH = 11
"""How many values of λ a path has."""


class Group(Settings):
    """One regularizer with its strengths; what is None comes from `regularizers`, or is not taken.

    Attributes:
        regularizer: terms joined by `+`; default: the group's own name. Given, it lets one
            regularizer appear in several groups with different strengths.
        l1_weights: the values of λ, or `auto`; default: those of all groups.
        l1_threshold: θ; default: that of all groups.
        hidden_weight: η.
        hidden_threshold: τ.
        sparsity: ρ.
    """

    regularizer: Text | None = None
    l1_weights: Path | None = None
    l1_threshold: Positive | None = None
    hidden_weight: Strength | None = None
    hidden_threshold: Positive | None = None
    sparsity: Probability | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, data: Any) -> Any:
        return (
            {} if data is None else data
        )  # `L1:` without a value is what YAML's writers mean by {}


def _problems_of_shares(term: Term, group: Group, others: "Path") -> Iterator[tuple[Location, str]]:
    """What is wrong with values of λ that are shares, for which those of `others` are no default,
    unless they are `auto`.
    """
    if group.l1_weights == "auto":
        return
    if group.l1_weights is None and others != "auto":
        yield (
            ("l1_weights",),
            f"is missing: λ of {term.symbol} is the share of the weights that is pruned, between 0 "
            "and 1, as in [0.5, 0.9]",
        )
    for place, share in enumerate(group.l1_weights or ()):
        if not 0 < share < 1:
            yield (
                ("l1_weights", place),
                f"must be between 0 and 1, both excluded, since λ of {term.symbol} is the share of "
                f"the weights that is pruned, got {share:g}",
            )


def _field(strength: str) -> str:
    """The field of a group that holds a strength; λ has a list of values."""
    return "l1_weights" if strength == "l1_weight" else strength


PUBLISHED = {
    "L1": Group(),
    "sL1": Group(),
    "sL1+sh": Group(hidden_weight=0.0015, hidden_threshold=0.1),
    "sL1+sh2": Group(hidden_weight=0.005, hidden_threshold=0.1),
    "sL1+KL": Group(hidden_weight=0.08, sparsity=0.5),
    "sL1+decs": Group(hidden_weight=0.3),
}
"""The groups of the publication, θ and τ at their published values but for the task's own."""

DEFAULT = {
    "L1": Group(),
    "sL1": Group(l1_threshold=1.5),
    "MCP": Group(l1_threshold=4.0),
    "logsum": Group(l1_threshold=1.0),
}
"""Groups whose paths run from empty to dense, and that found planted structure about equally well:
what tells them apart is the table at hand."""


NAMED_GROUPS = {"default": DEFAULT, "published": PUBLISHED}


def _named_groups(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value not in NAMED_GROUPS:
        raise invalid(f"must be default, published or a mapping of groups, got {show(value)}")
    return NAMED_GROUPS[value]


class RegularizerSettings(Settings):
    """The groups that are compared; the unregularized floor is always trained besides.

    Attributes:
        l1_weights: the values of λ for every group that has none of its own; `auto`: a path of its
            own for each, from where a pilot of the study leaves nothing to where nearly all
            connections are left.
        l1_threshold: θ for every group that has none of its own.
        proximal: apply the penalties of the weights by their proximal steps; needs SGD.
        groups: the groups by name, in the order of the report; or `default`: those that found
            planted structure best; or `published`: the six of the publication.
    """

    l1_weights: Path = "auto"
    l1_threshold: Positive = 0.1
    proximal: bool = False
    groups: Annotated[dict[Text, Group], BeforeValidator(_named_groups)] = DEFAULT

    @model_validator(mode="after")
    def _groups_are_complete(self) -> Self:
        found: list[tuple[Location, str]] = []
        if not self.groups:
            found.append((("groups",), "must name at least one group"))
        for name, group in self.groups.items():
            found += [
                (("groups", name, *place), text) for place, text in self._problems(name, group)
            ]
            if len(found) > MOST_FOUND:
                break
        if found:
            raise invalid_fields(found)
        return self

    def _problems(self, name: str, group: Group) -> Iterator[tuple[Location, str]]:
        if name == FLOOR:
            yield (), "is the name of the unregularized floor, which is always trained: rename it"
            return
        try:
            check_name(name)
            terms = self.terms(name)
        except PydanticCustomError as error:
            yield (), error.message()
            return
        except RegularizerError as error:
            if group.regularizer is None:
                hint = "; a group with a name of its own says which: regularizer: sL1"
                yield (), f"is no regularizer: {error}{hint}"
            else:
                yield ("regularizer",), f"is no regularizer: {error}"
            return
        taken = [strength for term in terms for strength in term.strengths]
        takes = (
            f"{self.regularizer(name)} takes {', '.join(_field(strength) for strength in taken)}"
        )
        for strength in STRENGTHS:
            given = getattr(group, _field(strength)) is not None
            if given and strength not in taken:
                yield (_field(strength),), f"is of no use to its regularizer: {takes}"
            if not given and strength in taken and not hasattr(self, _field(strength)):
                yield (_field(strength),), f"is missing: {takes}"
        for term in terms:
            if term.share:
                yield from _problems_of_shares(term, group, self.l1_weights)

    def regularizer(self, group: str) -> str:
        """The regularizer of a group: terms joined by `+`."""
        own = self.groups[group].regularizer
        return group if own is None else own

    def terms(self, group: str) -> tuple[Term, ...]:
        """The terms of a group's regularizer."""
        return parse_regularizer(self.regularizer(group))

    def own_weights(self, group: str) -> bool:
        """Whether a group has values of λ of its own."""
        return self.groups[group].l1_weights is not None

    def has_path(self, group: str) -> bool:
        """Whether a group's values of λ are still to be found: it takes λ, and they are `auto`."""
        taken = {strength for term in self.terms(group) for strength in term.strengths}
        return "l1_weight" in taken and self._strength(group, "l1_weights") == "auto"

    def setting_count(self, group: str) -> int:
        """How many settings of its strengths a group has, also while its λ are to be found."""
        return PATH_LENGTH if self.has_path(group) else len(self.grid(group))

    def grid(self, group: str) -> tuple[dict[str, float], ...]:
        """The strengths of a group's networks by name, one setting for each λ.

        They are those that the regularizer takes (`l1_weight`, `l1_threshold`, …); without a
        penalty of the weights there is one setting, without `l1_weight`. Of a path that is still
        to be found there is none.
        """
        if self.has_path(group):
            return ()
        taken = [strength for term in self.terms(group) for strength in term.strengths]
        fixed = {
            strength: self._strength(group, strength)
            for strength in taken
            if strength != "l1_weight"
        }
        if "l1_weight" not in taken:
            return (fixed,)
        return tuple(
            {"l1_weight": weight, **fixed} for weight in self._strength(group, "l1_weights")
        )

    def _strength(self, group: str, field: str) -> Any:
        own = getattr(self.groups[group], field)
        return getattr(self, field) if own is None else own
