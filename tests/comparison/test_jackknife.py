"""What replicates settle: closed forms of means, and the promise of the confidence."""

import numpy as np
import pytest
from scipy import stats

from sparse_lightning.comparison.indices import all_indices
from sparse_lightning.comparison.jackknife import MOST_PARTS, difference_interval, left_out
from sparse_lightning.comparison.markers import Grid

BOUNDS = {"floor": 0.0, "null_error": 10.0, "connections_total": 100.0}


def grid_of(errors, connections=20.0):
    """Markers with the same connections in every replicate."""
    errors = np.atleast_2d(np.asarray(errors, dtype=float))
    x = np.where(np.isnan(errors), np.nan, connections)
    return Grid("group", np.arange(len(errors)), x, errors, np.zeros(len(errors), dtype=int))


def interval(first, second, index="area_axis", confidence=0.95):
    grids = [grid_of(errors) for errors in (first, second)]
    means = [20 * np.nanmean(errors) for errors in (first, second)]
    one, other = (left_out(grid, **BOUNDS) for grid in grids)
    return difference_interval(one, other, index, means[0] - means[1], confidence)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("replicates", [2, 3, 5, 20])
def test_of_means_it_is_the_t_interval_of_pairs(replicates, confidence):
    random = np.random.default_rng(replicates)
    first, second = random.uniform(1, 2, (2, replicates))

    found = interval(first, second, confidence=confidence)

    wanted = stats.ttest_rel(20 * first, 20 * second).confidence_interval(confidence)
    assert found == pytest.approx(tuple(wanted), rel=1e-9)


def test_of_many_replicates_parts_are_left_out():
    first, second = np.random.default_rng(0).uniform(1, 2, (2, 7 * MOST_PARTS))
    parts = [errors.reshape(-1, MOST_PARTS).mean(0) for errors in (first, second)]

    wanted = stats.ttest_rel(20 * parts[0], 20 * parts[1]).confidence_interval()
    assert interval(first, second) == pytest.approx(tuple(wanted), rel=1e-9)


def test_replicates_that_neither_group_has_change_nothing():
    first, second = np.random.default_rng(1).uniform(1, 2, (2, 5))
    longer = [np.append(errors, np.nan) for errors in (first, second)]

    assert interval(*longer) == pytest.approx(interval(first, second))


def test_one_replicate_has_no_interval():
    assert np.isnan(interval([1.0], [2.0])).all()
    assert np.isnan(interval([1.0, np.nan, np.nan], [2.0, 1.0, 3.0])).all()


@pytest.mark.parametrize("replicates", [3, 5])
@pytest.mark.parametrize("index", ["area_marker", "hypervolume_gap"])
def test_of_groups_that_do_not_differ_it_settles_as_many_as_it_says(replicates, index):
    random = np.random.default_rng(2)
    repetitions, false = 200, 0
    for _ in range(repetitions):
        errors = random.normal(3, 1, (2, 3, replicates)) + np.array([[2.0], [1.0], [0.0]])
        connections = np.array([[10.0], [20.0], [30.0]])
        grids = [grid_of(one, connections) for one in errors]
        one, other = (left_out(grid, **BOUNDS) for grid in grids)
        whole = [float(all_indices(*grid.means(), **BOUNDS)[index][0]) for grid in grids]
        low, high = difference_interval(one, other, index, whole[0] - whole[1], 0.95)
        false += not low <= 0 <= high
    # Of 200 fair ones 21 or more are false once in a thousand times.
    assert false < 21
