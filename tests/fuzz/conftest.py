"""Small finished studies, of which every case damages a copy, and a place to run jobs in."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stored_studies import COMMON, STUDIES, Stored
from studies import Job, working_in


@pytest.fixture(scope="session")
def stored(
    tmp_path_factory: pytest.TempPathFactory, make_job: Callable[..., Job]
) -> dict[str, Stored]:
    """A study of each task."""
    made = {}
    for task, text in STUDIES.items():
        folder = tmp_path_factory.mktemp(task)
        random = np.random.default_rng(3)
        rows = random.normal(size=(40, 3)) @ [[1, 2, 0], [0, 1, 1], [1, 0, 3]] + 5
        frame = pd.DataFrame(rows, columns=["a", "b", "c"])
        frame["kind"] = np.where(frame["a"] > 5, "high", "low")
        frame.to_csv(folder / "my.csv", index=False)
        made[task] = Stored(make_job(folder, f"task: {task}\n{text}{COMMON}"))
    return made


@pytest.fixture
def sandbox(tmp_path: Path, empty_store: Path) -> Iterator[Path]:
    """A working folder deep in one that a job has no business in."""
    folder = tmp_path / "outside" / "work"
    folder.mkdir(parents=True)
    shutil.copy(empty_store, folder)
    with working_in(folder):
        yield folder
