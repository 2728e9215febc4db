import numpy as np
import pytest

from sparse_lightning.errors import InputError
from sparse_lightning.regularizers.replica import find_strength

STRENGTHS = [0.0002, 0.001, 0.3]


@pytest.mark.parametrize("wanted", [0.0002, "2e-4", " 0.00020 ", 0.1 * 0.002, np.float32(2e-4)])
def test_a_strength_is_found_whatever_its_digits(wanted):
    assert find_strength(wanted, STRENGTHS) == 0.0002


@pytest.mark.parametrize("wanted", [0.00020001, 0, -0.0002, float("nan"), float("inf")])
def test_another_number_is_none_of_them(wanted):
    assert find_strength(wanted, STRENGTHS) is None


def test_of_two_that_are_near_only_the_very_number_is_taken():
    near = 0.1 + 0.2
    assert find_strength(0.3, [0.3, near]) == 0.3
    assert find_strength(near, [0.3, near]) == near
    with pytest.raises(InputError, match=r"may be any of \[0.3, 0.30000000000000004\]: write out"):
        find_strength(0.3 + 2e-12, [0.3, near])


@pytest.mark.parametrize("wanted", ["many", "", None, [0.3]])
def test_what_is_no_number_is_refused(wanted):
    with pytest.raises(InputError, match="a strength must be a number"):
        find_strength(wanted, STRENGTHS)
