"""Shapes are checked in the first epochs of every training; the others call the same, unchecked.

Checking takes nearly half of the time of a training, whose steps are all alike.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import pytest
from jaxtyping import config

EPOCHS = 3


@contextmanager
def unchecked() -> Iterator[None]:
    config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        config.update("jaxtyping_disable", False)


@pytest.fixture(autouse=True, scope="session")
def first_epochs_are_checked() -> Iterator[None]:
    from sparse_lightning.nn.stepping import Steps

    run = Steps.run
    epochs = WeakKeyDictionary[Steps, int]()

    def run_checked_first(self: Steps, batches) -> None:
        epochs[self] = epochs.get(self, 0) + 1
        if epochs[self] <= EPOCHS:
            run(self, batches)
            return
        with unchecked():
            run(self, batches)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Steps, "run", run_checked_first)
        yield
