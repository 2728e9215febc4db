"""What takes time in whole jobs and is no part of what most tests check.

That is drawing, waiting for disks, looking for plugins, and how exactly other methods solve their
problem.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def databases_that_wait_for_no_disk() -> Iterator[None]:
    """Let SQLite leave it to the system when what it has written reaches the disk.

    Of tests only those that cut the power could tell the difference.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def connected(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", connected)
    yield
    event.remove(Engine, "connect", connected)


@pytest.fixture(scope="session", autouse=True)
def plugins_that_are_looked_for_once() -> Iterator[None]:
    """Let Lightning remember which packages bring callbacks.

    For each trainer it looks into every installed package, which takes fifteen times as long as all
    else that it does to make one. What tests import late is not worth an import here.
    """
    registry = sys.modules.get("lightning_fabric.utilities.registry")
    with pytest.MonkeyPatch.context() as patch:
        if registry is not None:
            patch.setattr(registry, "entry_points", cache(registry.entry_points))
        yield


@contextmanager
def blank_pictures() -> Iterator[None]:
    """Leave the pictures of jobs blank, which have their files and sizes all the same.

    To draw them takes as long as to train small networks; tests/report looks at drawn ones.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    def nothing(*_: Any, **__: Any) -> None:
        return

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "draw", nothing)
        patch.setattr(ConstrainedLayoutEngine, "execute", nothing)
        yield


@pytest.fixture
def blank() -> Iterator[None]:
    """Whoever writes the report of a job again gets the same blank pictures."""
    with blank_pictures():
        yield


@contextmanager
def rough_references() -> Iterator[None]:
    """Let scikit-learn's sparse components, a reference of reports, stop after a few steps."""
    from sklearn.decomposition import SparsePCA

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SparsePCA.__init__.__kwdefaults__, "max_iter", 20)
        yield
