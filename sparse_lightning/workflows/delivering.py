"""Completing the jobs that their tracking store, or a crash, has broken off."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sparse_lightning.data.catalog import load_table
from sparse_lightning.errors import InputError, SparseLightningError, TrackingError
from sparse_lightning.secrets import without_secrets
from sparse_lightning.tracking import Store
from sparse_lightning.tracking.names import STUDY
from sparse_lightning.tracking.opened import OpenedRun
from sparse_lightning.tracking.reading import is_finished
from sparse_lightning.tracking.spool import Spool, spool_folder, spools_in
from sparse_lightning.workflows.running import complete
from sparse_lightning.workflows.study import Study
from sparse_lightning.workflows.unfinished import forget

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Delivered:
    """A job whose store has everything now.

    Attributes:
        name: of the job.
        run_id: of its run.
        records: how many were delivered.
        study: of a job that has trained all its networks, with a report that was written now;
            else None.
        killed: whether the job had been broken off, so that its run ended as killed.
        report: the folder of that report; None where none was written.
    """

    name: str
    run_id: str
    records: int
    study: Study | None
    killed: bool
    report: Path | None


def deliver(
    folder: str | os.PathLike[str] | None = None, tracking_uri: str | None = None
) -> list[Delivered]:
    """Deliver what tracking stores have not taken, and complete the jobs it belongs to.

    A study whose networks are all tracked then gets its report; the run of a job that was broken
    off before ends as killed.

    Args:
        folder: of one job, or of several; default: `undelivered` in the working folder, or what
            `SPARSE_LIGHTNING_SPOOL` names.
        tracking_uri: of the store that holds the jobs' runs; default: the one that each was begun
            in, or, where a password belongs to it, as MLflow resolves it.

    Returns:
        The jobs that are complete now; none where nothing was left.

    Raises:
        InputError: the folder holds no such records, or the store no such run.
        UndeliveredError: the store does not take everything.
        TrackingError: the store cannot be reached, or records are damaged or in another
            process's hand.
    """
    place = Path(folder).absolute() if folder is not None else spool_folder()
    found = list(spools_in(place))
    if folder is not None and not found:
        raise InputError(f"{folder}: holds no undelivered records of sparse-lightning")
    delivered: list[Delivered] = []
    failures: list[SparseLightningError] = []
    for one in found:
        try:
            delivered.append(_deliver(one, tracking_uri))
        except SparseLightningError as error:
            failures.append(error)
    for error in failures[1:]:
        logger.warning("%s", error)
    if failures:
        raise failures[0]
    return delivered


def _deliver(folder: Path, tracking_uri: str | None) -> Delivered:
    spool = Spool(folder)
    job, left, ended = spool.job, spool.left, spool.ended
    try:
        store = Store(tracking_uri or (None if job.hidden else job.store), new=False)
        run = OpenedRun.resume(store, spool)
    except SparseLightningError:
        spool.close()
        raise
    study, report = None, Path(job.report) if job.report else None
    with run:
        if not ended:
            with run.completing():
                finished = job.kind == STUDY and is_finished(store, job.run_id)
            if finished and report is not None:
                study = complete(run, _frame(store, job.run_id, Path(job.folder)), report)
                forget(report)
            else:
                run.end("KILLED")
    killed = not ended and study is None
    return Delivered(job.name, job.run_id, left, study, killed, report if study else None)


def _frame(store: Store, run_id: str, folder: Path) -> pd.DataFrame | None:
    """The table of a study, if it is where it was."""
    project = Study.load(run_id, store.uri).project
    try:
        return load_table(project.table, folder).frame
    except (InputError, TrackingError, OSError) as error:
        logger.warning("the report has no attributions: %s", without_secrets(str(error)))
        return None
