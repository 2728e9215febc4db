"""Structure: the units of a network, the connections that count, and which units are dead."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np

from sparse_lightning.errors import InputError, check_number

Groups = Sequence[tuple[str, slice]]
"""(variable, its inputs) of every variable, in the order of the inputs."""


@dataclass(frozen=True, eq=False)
class Moments:
    """How much the inputs of a network vary over the rows of its table.

    A sum Σ w x over the inputs x of one variable has the variance Σ squares·w² − (Σ means·w)². An
    input of a number is counted from its mean, so its square is its variance and its mean is 0. The
    0/1 inputs of a column's levels exclude each other, so their squares and means are their shares.

    Attributes:
        squares: `(input,)`, the means of the squares.
        means: `(input,)`, the means.
    """

    squares: np.ndarray
    means: np.ndarray

    def to_dict(self) -> dict[str, list[float]]:
        """As the page's documents hold them."""
        return {"squares": self.squares.tolist(), "means": self.means.tolist()}


@dataclass(frozen=True, eq=False)
class Structure:
    """What is connected to what, in one network.

    A unit is fed when a path of connections that count leads to it from any input, used when one
    leads from it to any output, alive when it is both. Every path through a unit that is alive runs
    over units that are alive, so one pass in each direction settles it: nothing is left to prune.

    Attributes:
        names: the names of the units, layer by layer, the inputs first.
        weights: the weights of every step from a layer to the next, `(unit of the next, unit)`;
            signed, and 0 where the connection does not count.
        fed: the units that are fed, `(unit,)` of every layer.
        used: the units that are used, `(unit,)` of every layer.
        groups: the variables and the slices of inputs that stand for each.
        threshold: a connection counts when |w| exceeds it.
        code_layer: the layer of the codes, counted from the inputs, which are 0.
        moments: how much the inputs vary; None where no rows are known, then all vary alike.
    """

    names: tuple[tuple[str, ...], ...]
    weights: tuple[np.ndarray, ...]
    fed: tuple[np.ndarray, ...]
    used: tuple[np.ndarray, ...]
    groups: tuple[tuple[str, slice], ...]
    threshold: float
    code_layer: int
    moments: Moments | None = None

    @classmethod
    def of(
        cls,
        weights: Sequence[np.ndarray],
        input_names: Sequence[str],
        output_names: Sequence[str] | None = None,
        groups: Groups | None = None,
        threshold: float = 0.01,
        code_layer: int | None = None,
        moments: Moments | None = None,
    ) -> Self:
        """Read the structure of a network of dense layers.

        Args:
            weights: the weights of the layers in the order of the data, each `(output, input)`;
                what lies between the layers acts on each unit alone. `structure_of` reads them
                from a torch module.
            input_names: the names of the network's inputs.
            output_names: the names of its outputs; default: those of the inputs, as an autoencoder
                has them.
            groups: the inputs that stand for each variable, `(variable, slice)`; default: each
                input is a variable.
            threshold: a connection counts when |w| exceeds it.
            code_layer: the layer of the codes, counted from the inputs, which are 0. Default:
                of an autoencoder the innermost hidden layer (the middle of a stack, otherwise the
                narrowest); of another network, which has no decoder, the last hidden layer.
            moments: how much the inputs vary; default: all alike.

        Raises:
            InputError: names, groups, moments, threshold or code layer do not fit the network, or
                a weight is not finite.
        """
        check_number(threshold, "the connection threshold")
        if not threshold >= 0:
            raise InputError(f"the connection threshold must be at least 0, got {threshold}")
        _check_weights(weights)
        weights = tuple(_counting(weight, threshold) for weight in weights)
        widths = [weights[0].shape[1], *(weight.shape[0] for weight in weights)]
        inputs = tuple(input_names)
        outputs = inputs if output_names is None else tuple(output_names)
        for names, width, side in ((inputs, widths[0], "in"), (outputs, widths[-1], "out")):
            if len(names) != width:
                raise InputError(f"the network has {width} {side}puts, got {len(names)} names")
        if moments is not None and moments.squares.shape != (widths[0],):
            raise InputError(f"the network has {widths[0]} inputs, got other moments")
        code = _code_layer(widths, inputs == outputs) if code_layer is None else code_layer
        if code_layer is not None and not 0 < code_layer < len(widths) - 1:
            last = len(widths) - 2
            allowed = f"in 1…{last}" if last else "and there is none"
            raise InputError(
                f"code_layer must be that of a hidden layer, {allowed}, got {code_layer}"
            )
        fed = [np.ones(widths[0], dtype=bool)]
        for weight in weights:
            fed.append((weight != 0) @ fed[-1])
        used = [np.ones(widths[-1], dtype=bool)]
        for weight in reversed(weights):
            used.append((weight != 0).T @ used[-1])
        hidden = tuple(_hidden_names(layer, widths, code) for layer in range(1, len(widths) - 1))
        return cls(
            names=(inputs, *hidden, outputs),
            weights=weights,
            fed=tuple(fed),
            used=tuple(reversed(used)),
            groups=_checked(groups, inputs),
            threshold=threshold,
            code_layer=code,
            moments=moments,
        )

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of units of every layer."""
        return tuple(len(names) for names in self.names)

    @property
    def alive(self) -> tuple[np.ndarray, ...]:
        """`(unit,)` of every layer: lies on a path from an input to an output."""
        return tuple(fed & used for fed, used in zip(self.fed, self.used, strict=True))

    @property
    def live_weights(self) -> tuple[np.ndarray, ...]:
        """The weights with 0 for connections that lead to or from a dead unit as well."""
        return tuple(
            np.where(np.outer(below, above), weight, 0.0)
            for weight, (above, below) in zip(self.weights, pairwise(self.alive), strict=True)
        )

    @property
    def connections(self) -> int:
        """How many connections count; biases are none."""
        return _count(self.weights)

    @property
    def live_connections(self) -> int:
        """How many of them lie on a path from an input to an output."""
        return _count(self.live_weights)

    @property
    def mean_loadings(self) -> float:
        """Of components, how many loadings of one count on average; the way back has its own
        weights, which are none.
        """
        return _count(self.weights[:1]) / len(self.weights[0])

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, in the order of their inputs."""
        return tuple(name for name, _ in self.groups)

    @property
    def is_autoencoder(self) -> bool:
        """Whether the outputs stand for the inputs."""
        return self.names[0] == self.names[-1]


def _count(weights: Sequence[np.ndarray]) -> int:
    return sum(int(np.count_nonzero(weight)) for weight in weights)


def _check_weights(weights: Sequence[np.ndarray]) -> None:
    if not weights:
        raise InputError("the network has no linear layer")
    for above, below in pairwise(weights):
        if above.shape[0] != below.shape[1]:
            raise InputError(
                f"a layer of {above.shape[0]} outputs is followed by one of {below.shape[1]} inputs"
            )
    if not all(np.isfinite(weight).all() for weight in weights):
        raise InputError("the network has weights that are no finite numbers")


def _counting(weight: np.ndarray, threshold: float) -> np.ndarray:
    # Compared in the weights' own precision, as the tracked number of connections is.
    counts = np.abs(weight) > weight.dtype.type(threshold)
    return np.where(counts, weight, 0.0).astype(np.float64)


def _code_layer(widths: list[int], autoencoder: bool) -> int:
    hidden = widths[1:-1]
    if not hidden:
        return 0
    if not autoencoder:
        return len(hidden)
    if widths == widths[::-1] and len(hidden) % 2:
        return len(widths) // 2
    return 1 + hidden.index(min(hidden))


def _hidden_names(layer: int, widths: list[int], code: int) -> tuple[str, ...]:
    units = range(1, widths[layer] + 1)
    if layer == code:
        return tuple(f"code {unit}" for unit in units)
    return tuple(f"unit {unit} of hidden layer {layer}" for unit in units)


def _checked(groups: Groups | None, inputs: tuple[str, ...]) -> tuple[tuple[str, slice], ...]:
    if groups is None:
        return tuple((name, slice(place, place + 1)) for place, name in enumerate(inputs))
    places = [place for _, part in groups for place in range(len(inputs))[part]]
    if places != list(range(len(inputs))):
        raise InputError(
            f"the groups must cover the {len(inputs)} inputs one after another, got "
            + ", ".join(f"{name} {part.start}–{part.stop}" for name, part in groups)
        )
    return tuple(groups)
