"""A study that is killed at any moment ends, started again, as if nothing had happened to it."""

import random
import shutil

import pytest
from killing import finished, killed_after, outcome, processes

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.soak]

KILLS = 20


@pytest.fixture(scope="module")
def context():
    return processes()


@pytest.fixture(scope="module")
def whole(context, empty_store, tmp_path_factory):
    """The study that nothing happened to: its outcome and the seconds that it took."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copy(empty_store, folder)
    seconds = finished(context, str(folder), 0.0)
    return outcome(folder), seconds


@pytest.fixture
def place(empty_store, tmp_path):
    shutil.copy(empty_store, tmp_path)
    return tmp_path


def test_a_study_ends_as_if_it_had_not_been_killed(context, whole, empty_store, tmp_path, soak):
    wanted, seconds = whole
    moments, kills = random.Random(5), KILLS * soak
    killed = 0
    for number in range(kills):
        # One moment in each stretch of its life, so that they are spread over the whole of it.
        moment = (number + moments.random()) / kills * seconds
        folder = tmp_path / f"{number}"
        folder.mkdir()
        shutil.copy(empty_store, folder)
        unfinished = killed_after(context, moment, str(folder), 0.0)
        if unfinished:
            finished(context, str(folder), 0.0)
        found = outcome(folder, tidy=unfinished)
        assert found == wanted, f"killed after {moment:.2f} of {seconds:.2f} s"
        killed += unfinished
        shutil.rmtree(folder)
    assert killed >= 0.5 * kills


def test_a_study_that_is_killed_again_and_again_gets_to_its_end(context, whole, place, soak):
    wanted, seconds = whole
    moments = random.Random(6)
    for _ in range(10 * soak):
        if not killed_after(context, moments.uniform(0.1, 0.7) * seconds, str(place), 0.0):
            break
    else:
        finished(context, str(place), 0.0)
    assert outcome(place, tidy=False) == wanted
