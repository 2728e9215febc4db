"""The indices of one Pareto curve: two areas above the floor, and the hypervolume that is missing.

Smaller is better for all three. Source of the areas: M. Ishikawa, KAKENHI final report 18K11487,
figure 2.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import moocore
import numpy as np
from jaxtyping import Float

from sparse_lightning.errors import InputError, check_number

Closure = Literal["marker", "axis"]
Coordinates = Sequence[float] | np.ndarray

INDICES = ("area_marker", "area_axis", "hypervolume_gap")

LARGEST = 1e300
"""The largest error or number of connections: a sum of larger ones may overflow."""

LARGEST_AREA = 1e306
"""The largest product of connections and errors, for the same reason."""


def area_index(
    connections: Coordinates,
    errors: Coordinates,
    *,
    floor: float,
    closure: Closure = "marker",
) -> float:
    """The signed area between a Pareto curve and the floor.

    With the markers (x₁, y₁) … (xₘ, yₘ) sorted by x (of equal x the larger y first):

        marker:  Σᵢ (xᵢ₊₁ − xᵢ) ((yᵢ + yᵢ₊₁) / 2 − floor)
        axis:    the same + x₁ (y₁ − floor)

    A single marker has area 0 under the closure `marker`, and a marker below the floor counts
    negatively.

    Args:
        connections: x of the markers, numbers of connections, in any order.
        errors: y of the markers, mean squared error per output element.
        floor: the error that unregularized training reaches.
        closure: how the region ends on the left: at the leftmost marker, or at the axis x = 0 by
            the height of the leftmost marker.

    Returns:
        The area, in connections times squared error.

    Raises:
        InputError: no markers, unequal lengths, a value that is not finite, an unknown closure.
    """
    if closure not in get_args(Closure):
        raise InputError(f'area_index: closure must be "marker" or "axis", got {closure!r}')
    x, y = checked_markers("area_index", connections, errors)
    check_finite("area_index", floor=floor)
    return float(areas(x[:, None], y[:, None], floor=floor, closure=closure)[0])


def hypervolume_gap(
    connections: Coordinates,
    errors: Coordinates,
    *,
    floor: float,
    null_error: float,
    connections_total: float,
) -> float:
    """The share of the ideal hypervolume that a set of markers leaves uncovered.

        1 − HV / (n (e − floor))

    with HV the hypervolume dominated by the markers up to the reference corner (n, e). Markers with
    y ≥ e do not count. 0 is ideal, 1 is worthless; markers below the floor can push it below 0.

    Args:
        connections: x of the markers, numbers of connections, in any order.
        errors: y of the markers, mean squared error per output element.
        floor: the error that unregularized training reaches.
        null_error: e, the error with every weight 0.
        connections_total: n, the number of all connections.

    Returns:
        The gap, without a unit.

    Raises:
        InputError: no markers, unequal lengths, a value that is not finite, a null error that does
            not exceed the floor, or a total that is not positive.
    """
    x, y = checked_markers("hypervolume_gap", connections, errors)
    check_corner("hypervolume_gap", floor, null_error, connections_total)
    gaps = hypervolume_gaps(
        x[:, None],
        y[:, None],
        floor=floor,
        null_error=null_error,
        connections_total=connections_total,
    )
    return float(gaps[0])


def areas(
    connections: Float[np.ndarray, "marker sample"],
    errors: Float[np.ndarray, "marker sample"],
    *,
    floor: float,
    closure: Closure,
) -> Float[np.ndarray, " sample"]:
    """`area_index` of many curves at once; NaN is a missing marker, or the area of no markers."""
    order = np.lexsort((-errors, connections), axis=0)  # NaN sorts to the end
    x = np.take_along_axis(connections, order, axis=0)
    height = np.take_along_axis(errors, order, axis=0) - floor
    pieces = np.diff(x, axis=0) * (height[1:] + height[:-1]) / 2
    area = np.where(np.isnan(pieces), 0.0, pieces).sum(axis=0)
    if closure == "axis":
        area = area + x[0] * height[0]
    return np.where(np.isnan(x[0]), np.nan, area)


def hypervolume_gaps(
    connections: Float[np.ndarray, "marker sample"],
    errors: Float[np.ndarray, "marker sample"],
    *,
    floor: float,
    null_error: float,
    connections_total: float,
) -> Float[np.ndarray, " sample"]:
    """`hypervolume_gap` of many sets of markers; NaN is a marker that a set lacks.

    A set without markers has NaN, and every set where the null error does not exceed the floor, so
    that there is nothing to cover.
    """
    if null_error <= floor:
        return np.full(connections.shape[1], np.nan)
    order = np.lexsort((-errors, connections), axis=0)
    points = np.stack(
        [np.take_along_axis(values, order, axis=0).T for values in (connections, errors)], axis=-1
    )
    corner = np.array([connections_total, null_error], dtype=float)
    inside = np.all(points < corner, axis=-1)  # false where a marker is NaN
    covered = np.array(
        [
            moocore.hypervolume(point[counts], ref=corner) if counts.any() else 0.0
            for point, counts in zip(points, inside, strict=True)
        ]
    )
    gaps = 1 - covered / (connections_total * (null_error - floor))
    return np.where(np.isnan(points[:, 0, 0]), np.nan, gaps)


def all_indices(
    connections: Float[np.ndarray, "marker sample"],
    errors: Float[np.ndarray, "marker sample"],
    *,
    floor: float,
    null_error: float,
    connections_total: float,
) -> dict[str, Float[np.ndarray, " sample"]]:
    """Every one of `INDICES` of many curves at once; NaN is a missing marker, or no marker."""
    return {
        "area_marker": areas(connections, errors, floor=floor, closure="marker"),
        "area_axis": areas(connections, errors, floor=floor, closure="axis"),
        "hypervolume_gap": hypervolume_gaps(
            connections,
            errors,
            floor=floor,
            null_error=null_error,
            connections_total=connections_total,
        ),
    }


def checked_markers(
    caller: str, connections: Coordinates, errors: Coordinates
) -> tuple[Float[np.ndarray, " marker"], Float[np.ndarray, " marker"]]:
    """Both coordinates as float arrays, or an InputError that says what is wrong with them."""
    columns = []
    for name, values in (("connections", connections), ("errors", errors)):
        try:
            column = np.asarray(values, dtype=float)
        except (TypeError, ValueError) as error:
            raise InputError(f"{caller}: {name} must be numbers ({error})") from None
        if column.ndim != 1 or not len(column):
            raise InputError(
                f"{caller}: {name} must be a list of at least one number, got shape {column.shape}"
            )
        unusable = ~(np.abs(column) <= LARGEST)
        if unusable.any():
            bad = int(np.flatnonzero(unusable)[0])
            raise InputError(
                f"{caller}: {name}[{bad}] must be finite and at most {LARGEST:g}, got {column[bad]}"
            )
        columns.append(column)
    check_reach(caller, *columns)
    if len(columns[0]) != len(columns[1]):
        raise InputError(
            f"{caller}: connections and errors must be equally long, "
            f"got {len(columns[0])} and {len(columns[1])}"
        )
    return columns[0], columns[1]


def check_reach(caller: str, connections: np.ndarray, errors: np.ndarray) -> None:
    """Raise an InputError where an area may overflow; NaN counts for nothing."""
    furthest, highest = (
        float(np.nanmax(np.abs(values), initial=0)) for values in (connections, errors)
    )
    if highest and furthest > LARGEST_AREA / highest:
        raise InputError(
            f"{caller}: connections reach {furthest:g} and errors {highest:g}, and no number holds "
            "the area between them"
        )


def check_corner(caller: str, floor: float, null_error: float, connections_total: float) -> None:
    """Raise an InputError unless floor < null_error and connections_total > 0, all finite."""
    check_finite(caller, floor=floor, null_error=null_error, connections_total=connections_total)
    if connections_total <= 0:
        raise InputError(f"{caller}: connections_total must be positive, got {connections_total}")
    if null_error <= floor:
        raise InputError(
            f"{caller}: null_error must exceed the floor, got {null_error} with a floor of {floor}"
        )


def check_finite(caller: str, **values: float) -> None:
    """Raise an InputError unless all are numbers, and finite ones that sums can be made of."""
    for name, value in values.items():
        check_number(value, f"{caller}: {name}")
        if not abs(value) <= LARGEST:
            raise InputError(
                f"{caller}: {name} must be finite and at most {LARGEST:g}, got {value}"
            )
