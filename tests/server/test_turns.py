"""Requests of one user wait for each other, those of others do not."""

import threading

import pytest

from sparse_lightning.server.limits import Turns
from sparse_lightning.server.words import RefusedError


class Request:
    """A request of a user that is answered until it is let go."""

    def __init__(self, turns: Turns, user: str):
        self.begun, self.end, self.status = threading.Event(), threading.Event(), 200
        self.thread = threading.Thread(target=self.run, args=(turns, user))
        self.thread.start()

    def run(self, turns: Turns, user: str) -> None:
        try:
            with turns.turn(user):
                self.begun.set()
                self.end.wait(10)
        except RefusedError as error:
            self.status = error.status
            self.begun.set()

    def finish(self) -> None:
        self.end.set()
        self.thread.join(10)


def test_users_do_not_wait_for_each_other():
    turns = Turns(at_once=1, waiting=2)
    first = Request(turns, "a")
    assert first.begun.wait(10)
    second = Request(turns, "a")
    other = Request(turns, "b")
    assert other.begun.wait(10)
    assert not second.begun.wait(0.05)
    first.finish()
    assert second.begun.wait(10)
    for request in (second, other):
        request.finish()
    assert not turns._answered
    assert not turns._waiting


def test_more_than_a_few_are_sent_away():
    turns = Turns(at_once=1, waiting=2)
    first = Request(turns, "a")
    assert first.begun.wait(10)
    waiting = [Request(turns, "a") for _ in range(2)]
    while turns._waiting["a"] < 2:
        pass
    late = Request(turns, "a")
    assert late.begun.wait(10)
    assert late.status == 429
    for request in (first, *waiting, late):
        request.end.set()
    for request in (first, *waiting, late):
        request.thread.join(10)
    assert [request.status for request in (first, *waiting)] == [200] * 3


def test_a_failing_request_gives_its_turn_back():
    turns = Turns(at_once=1, waiting=0)
    for _ in range(3):
        with pytest.raises(ValueError, match="x"), turns.turn("a"):
            raise ValueError("x")
    with turns.turn("a"):
        pass
