import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sparse_lightning.comparison import area_index, hypervolume_gap
from sparse_lightning.errors import InputError

POINTS = st.lists(
    st.tuples(st.integers(0, 100).map(float), st.integers(0, 60).map(lambda step: step / 40)),
    min_size=1,
    max_size=12,
)


def science_gap(points, floor, null_error, total):
    """The formula of the areas, written from its words."""
    counted = [(x, y) for x, y in points if y < null_error and x < total]
    front = sorted(
        {
            (x, y)
            for x, y in counted
            if not any((a <= x and b <= y and (a, b) != (x, y)) for a, b in counted)
        }
    )
    ends = [x for x, _ in front[1:]] + [total]
    covered = sum((end - x) * (null_error - y) for (x, y), end in zip(front, ends, strict=False))
    return 1 - covered / (total * (null_error - floor))


def gap(points, floor=0.1, null_error=1.0, total=100.0):
    x, y = zip(*points, strict=True)
    return hypervolume_gap(x, y, floor=floor, null_error=null_error, connections_total=total)


def test_area_of_a_triangle_and_its_closure():
    assert area_index([10, 30], [5, 1], floor=1) == 40.0
    assert area_index([10, 30], [5, 1], floor=1, closure="axis") == 80.0


def test_markers_below_the_floor_count_negatively():
    assert area_index([0, 2], [1, -1], floor=0) == 0.0
    assert area_index([0, 2], [-1, -1], floor=0) == -2.0
    assert area_index([2, 4], [-1, -1], floor=0, closure="axis") == -4.0


def test_a_single_marker_has_no_area_but_a_rectangle_to_the_axis():
    assert area_index([7], [3], floor=1) == 0.0
    assert area_index([7], [3], floor=1, closure="axis") == 14.0


def test_of_equal_connections_the_larger_error_comes_first():
    tied = area_index([1, 1, 3], [2, 6, 0], floor=0, closure="axis")
    assert tied == 6 + 2 * (2 + 0) / 2


def test_gap_of_a_staircase():
    points = [(20, 0.6), (60, 0.2), (70, 0.5)]
    covered = 40 * 0.4 + 40 * 0.8
    assert gap(points) == pytest.approx(1 - covered / (100 * 0.9), rel=1e-14)


def test_gap_at_its_ends():
    assert gap([(0, 0.1)]) == pytest.approx(0, abs=1e-15)
    assert gap([(50, 1.0), (10, 3.0)]) == 1.0
    assert gap([(100, 0.1)]) == 1.0
    assert gap([(0, 0.0)]) < 0


@given(POINTS)
def test_gap_is_the_formula_of_the_science_page(points):
    assert gap(points) == pytest.approx(science_gap(points, 0.1, 1.0, 100.0), abs=1e-12)


@given(POINTS, st.randoms(use_true_random=False))
def test_no_index_depends_on_the_order_of_markers(points, random):
    shuffled = list(points)
    random.shuffle(shuffled)
    for closure in ("marker", "axis"):
        before = area_index(*zip(*points, strict=True), floor=0.1, closure=closure)
        assert before == area_index(*zip(*shuffled, strict=True), floor=0.1, closure=closure)
    assert gap(points) == gap(shuffled)


@given(POINTS)
def test_a_better_marker_never_widens_the_gap(points):
    x, y = points[0]
    assume(x > 0)
    assert gap([*points, (x - 1, y)]) <= gap(points)


@given(POINTS, st.floats(0.5, 20))
def test_areas_scale_with_the_error_and_the_gap_does_not(points, factor):
    x, y = (np.array(values) for values in zip(*points, strict=True))
    scaled = area_index(x, factor * y, floor=factor * 0.1)
    assert scaled == pytest.approx(factor * area_index(x, y, floor=0.1), rel=1e-9, abs=1e-9)
    apart = hypervolume_gap(
        x, factor * y, floor=factor * 0.1, null_error=factor * 1.01, connections_total=100
    )
    together = hypervolume_gap(x, y, floor=0.1, null_error=1.01, connections_total=100)
    assert apart == pytest.approx(together, abs=1e-9)


@pytest.mark.parametrize(
    ("connections", "errors", "message"),
    [
        ([], [], "at least one"),
        ([1, 2], [1], "equally long, got 2 and 1"),
        ([1, float("nan")], [1, 1], r"connections\[1\] must be finite"),
        ([1], [float("inf")], r"errors\[0\] must be finite"),
        (["many"], [1], "connections must be numbers"),
        ([[1]], [1], "list of at least one"),
    ],
)
def test_unusable_markers_are_named(connections, errors, message):
    with pytest.raises(InputError, match=message):
        area_index(connections, errors, floor=0)
    with pytest.raises(InputError, match=message):
        hypervolume_gap(connections, errors, floor=0, null_error=1, connections_total=10)


def test_unusable_arguments_are_named():
    with pytest.raises(InputError, match='closure must be "marker" or "axis", got \'left\''):
        area_index([1], [1], floor=0, closure="left")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="floor must be finite"):
        area_index([1], [1], floor=float("nan"))
    with pytest.raises(InputError, match="null_error must exceed the floor"):
        gap([(1, 1)], floor=1.0, null_error=1.0)
    with pytest.raises(InputError, match="connections_total must be positive"):
        gap([(1, 1)], total=0)
