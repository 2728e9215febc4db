"""Structure: the units of a network, the connections that count, and the paths of connections."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from typing import Self

import numpy as np
from jaxtyping import Bool, Float

from sparse_lightning.errors import InputError, check_number

Groups = Sequence[tuple[str, slice]]
"""(variable, its inputs) of every variable, in the order of the inputs."""


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
    """

    names: tuple[tuple[str, ...], ...]
    weights: tuple[np.ndarray, ...]
    fed: tuple[np.ndarray, ...]
    used: tuple[np.ndarray, ...]
    groups: tuple[tuple[str, slice], ...]
    threshold: float
    code_layer: int

    @classmethod
    def of(
        cls,
        weights: Sequence[np.ndarray],
        input_names: Sequence[str],
        output_names: Sequence[str] | None = None,
        groups: Groups | None = None,
        threshold: float = 0.01,
        code_layer: int | None = None,
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

        Raises:
            InputError: names, groups, threshold or code layer do not fit the network, or a weight
                is not finite.
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
        return sum(int(np.count_nonzero(weight)) for weight in self.weights)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, in the order of their inputs."""
        return tuple(name for name, _ in self.groups)

    @property
    def is_autoencoder(self) -> bool:
        """Whether the outputs stand for the inputs."""
        return self.names[0] == self.names[-1]


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


def path_strengths(structure: Structure, start: int, end: int) -> Float[np.ndarray, "end start"]:
    """The sum over all live paths between two units of the product of |w| along the path.

        S = |W_end| … |W_(start+2)| |W_(start+1)|

    It is a bound of the influence, and the influence itself where no two paths cancel and no
    activation saturates; it is there to order paths, not to predict outputs.

    `start` and `end` are layers, counted from the inputs, which are 0; `end` is not before `start`.
    """
    steps = [np.abs(weight) for weight in structure.live_weights[start:end]]
    if not steps:
        return np.eye(structure.widths[start])
    # Not from the identity on: that of a wide layer does not fit into memory.
    return reduce(lambda strengths, step: step @ strengths, steps)


def by_variable(
    strengths: Float[np.ndarray, "unit input"], structure: Structure
) -> Float[np.ndarray, "unit variable"]:
    """Strengths summed over the inputs that stand for one variable."""
    return np.stack([strengths[:, part].sum(axis=1) for _, part in structure.groups], axis=1)


def noticeable(
    strengths: Float[np.ndarray, "unit variable"], share: float
) -> Bool[np.ndarray, "unit variable"]:
    """Which variables count for a unit: those with at least `share` of the strongest.

    Measured against the strongest and not against the sum, because ten equal variables would each
    have a tenth of a sum, but are all as strong as the strongest. An InputError refuses a share
    outside 0…1.
    """
    check_number(share, "the share")
    if not 0 <= share <= 1:
        raise InputError(f"the share must be in 0…1, got {share}")
    strongest = strengths.max(axis=1, initial=0.0, keepdims=True)
    return (strengths > 0) & (strengths >= share * strongest)


def strongest_first(
    strengths: Float[np.ndarray, " place"], chosen: Bool[np.ndarray, " place"]
) -> list[int]:
    """The chosen places, the strongest first; equals in their order."""
    order = np.argsort(-strengths, kind="stable")
    return [int(place) for place in order if chosen[place]]
