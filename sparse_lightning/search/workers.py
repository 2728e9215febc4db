"""Training candidates on several processes or machines, by Dask."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import pandas as pd

from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import SearchError
from sparse_lightning.project import Project
from sparse_lightning.search.candidates import Candidate, Train, train_candidates
from sparse_lightning.training.grid import chunks
from sparse_lightning.training.progress import Progress, SilentProgress

PATIENCE = 20
"""In seconds: how long a scheduler may take to answer."""


@contextmanager
def training_on(workers: int | None, scheduler: str | None) -> Iterator[Train]:
    """How candidates are trained: here, by workers on this machine, or by those of a scheduler.

    A batch is cut into as many parts as there are workers. Replicas never mix, so that the cut
    changes no result. Optuna's storage and MLflow's are written to by this process alone.

    Args:
        workers: how many processes to start on this machine; None: none.
        scheduler: the address of a Dask scheduler, `tcp://…`; None: none.

    Yields:
        What is called as `train_candidates` is.

    Raises:
        SearchError: Dask is not installed, the scheduler does not answer, or workers are lost.
    """
    if workers is None and scheduler is None:
        yield train_candidates
        return
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise SearchError(
            "--workers and --scheduler need Dask, which is not installed: "
            "pip install 'sparse-lightning[scale]'"
        ) from error
    settings = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    try:
        client = Client(**settings) if scheduler is None else Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise SearchError(f"--scheduler {scheduler}: does not answer: {error}") from error

    def train(
        project: Project,
        examples: Examples,
        candidates: Sequence[Candidate],
        seeds: Sequence[int],
        progress: Progress,
    ) -> pd.DataFrame:
        count = len(cast(dict, client.ncores()))
        if not count:
            raise SearchError(f"--scheduler {scheduler}: has no workers")
        parts = list(chunks(len(candidates), math.ceil(len(candidates) / count)))
        networks = sum(len(c.setting.l1_weights or (0,)) for c in candidates) * len(seeds)
        progress.start(f"{len(parts)} parts on {count} workers", len(parts), networks)
        # Not pure: what is trained is large, and a hash of it would be of no use.
        futures = [
            client.submit(_part, project, examples, candidates[part], seeds, pure=False)
            for part in parts
        ]
        try:
            frames = []
            for future in futures:
                frames.append(future.result())
                progress.advance()
        except KilledWorker as error:
            raise SearchError(f"the workers of the search were lost: {error}") from error
        except BaseException:
            client.cancel(futures)
            raise
        return pd.concat(frames, ignore_index=True)

    with client:
        yield train


def _part(
    project: Project, examples: Examples, candidates: Sequence[Candidate], seeds: Sequence[int]
) -> pd.DataFrame:
    return train_candidates(project, examples, candidates, seeds, SilentProgress())
