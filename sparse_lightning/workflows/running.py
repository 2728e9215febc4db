"""Running a project: train every network, track them, report."""

import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from sparse_lightning.address import Address
from sparse_lightning.data.target import ClassTarget
from sparse_lightning.errors import ReportError, check_type
from sparse_lightning.nn.surroundings import usual_torch
from sparse_lightning.project import Project
from sparse_lightning.report.writing import FILES as REPORT_FILES
from sparse_lightning.report.writing import writable
from sparse_lightning.secrets import without_secrets
from sparse_lightning.tracking import Store, StudyWriter
from sparse_lightning.tracking._mlflow import without_autologging
from sparse_lightning.tracking.job_run import OpenedRun
from sparse_lightning.tracking.names import (
    AGREEMENT_FILE,
    COLUMNS_FILE,
    ENCODING_FILE,
    PATH_FILE,
    RECOMMENDED,
    TARGET_FILE,
)
from sparse_lightning.training import EFFECTS, TrainedPopulation
from sparse_lightning.training.agreement import agreements
from sparse_lightning.training.effects import effects_of
from sparse_lightning.training.executors import Cluster
from sparse_lightning.training.path import found_settings
from sparse_lightning.training.preparing import prepare, tell_reading
from sparse_lightning.training.progress import Progress, SilentProgress
from sparse_lightning.training.tasks import train_on
from sparse_lightning.workflows.study import Study
from sparse_lightning.workflows.unfinished import identity_of, unfinished

logger = logging.getLogger(__name__)


def open_run_of() -> str | None:
    """The run that `mlflow run` has opened for this process, if it has."""
    return os.environ.get("MLFLOW_RUN_ID") or None


@usual_torch()
@without_autologging()
def run(
    project: Project,
    tracking_uri: str | Address | None = None,
    output: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    open_run: str | None = None,
    cluster: Cluster | None = None,
    fresh: bool = False,
    table: Any = None,
) -> Study:
    """Train every network of a project, track them, and write the report.

    A study that was begun in the folder of its report and not finished goes on where it was, with
    the same run, and ends with the same networks, bit for bit. At most half a minute of training is
    lost, and the epoch after that; on a cluster, the parts that had not come back.

    Args:
        project: what to train.
        tracking_uri: of the MLflow store; default: as MLflow resolves it.
        output: the folder of the report; default: `reports/NAME` in the working folder.
        progress: told of every epoch; default: nothing is told.
        open_run: the id of an open run that becomes the study's; "" opens a new one. Default: the
            run that `MLFLOW_RUN_ID` names, as `mlflow run` sets it, else a new one.
        cluster: whose workers train, as `training.executors.cluster_of` gives it; default: this
            process.
        fresh: begin anew, whatever was begun.
        table: the table, where the project names none: a DataFrame of pandas, whose index is no
            column, or of polars, or a table of pyarrow. An unfinished study goes on only with a
            table of the same content.

    Returns:
        The study, read back from the store.

    Raises:
        InputError: the project, its table or the output folder cannot be used.
        StudyInUseError: a living process is at work on a study in the folder.
        CheckpointError: an unfinished study there has other settings, or is torn.
        TrackingError: the store cannot be reached.
        UnfinishedError: the store fails later; called again, it finishes without training again.
        ReportError: the report's folder is full.
        TrainingError: the accelerator or the precision cannot be used, or every unregularized
            network failed.
        ClusterError: the workers were lost.
    """
    check_type(project, Project, "project", "a Project, as Project.load reads it from a file")
    prepared = prepare(project, here=cluster is None, frame=table)
    used, examples = prepared.table, prepared.examples
    if progress:
        tell_reading(used, progress)
    folder = writable(Path(output) if output is not None else Path("reports") / project.name)
    store = Store(tracking_uri)
    run_id = open_run_of() if open_run is None else open_run or None
    documents: dict[str, Any] = {
        ENCODING_FILE: used.encoding.to_dict(),
        COLUMNS_FILE: {"version": 1, "columns": [one.to_dict() for one in used.readings]},
    }
    outputs = None
    if used.target is not None:
        classes = ClassTarget.fit(used.target)
        outputs, documents[TARGET_FILE] = classes.classes, classes.to_dict()
    if examples.number_target is not None:
        numbers = examples.number_target
        outputs, documents[TARGET_FILE] = numbers.names, numbers.to_dict()
    with unfinished(folder, identity_of(project, used), fresh) as job:
        found = found_settings(
            project, examples, progress or SilentProgress(), job.checkpoints, cluster
        )
        if found is not None:
            project = found.project
            documents[PATH_FILE] = found.to_dict()
        with StudyWriter(
            store, project, used, prepared.layers, prepared.facts, documents, run_id, job.key
        ) as writer:
            trained = train_on(cluster, project, examples, progress, job.checkpoints)
            _warn_of_one_class(trained)
            if examples.number_target is not None:
                trained.documents[EFFECTS] = effects_of(trained.network, used.encoding, examples)
            trained.metrics |= agreements(
                trained, used.encoding, outputs, project.report.connection_threshold
            )
            writer.networks(trained)
            return _complete(writer.run, used.training_frame, folder)


def _warn_of_one_class(trained: TrainedPopulation) -> None:
    count = sum(trained.one_class(number) is not None for number in range(len(trained.replicas)))
    if count:
        logger.warning(
            "%d of %d networks give every training row the same class", count, len(trained.replicas)
        )


def _complete(run: OpenedRun, frame: pd.DataFrame, folder: Path) -> Study:
    with run.completing("its report"):
        study = Study.load(run.run_id, run.store.uri)
        if (network := study.recommended) is not None:
            run.mark(network.run_id, {RECOMMENDED: "true"})
        if agreements := _agreements(study, frame):
            run.text(json.dumps(agreements, indent=2, allow_nan=False), AGREEMENT_FILE)
        run.requests.settle()
        with _writing(study, folder):
            study.write_report(folder)
        run.report(folder, REPORT_FILES)
    return study


@contextmanager
def _writing(study: Study, folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReportError(
            f"{error.filename or folder}: the report cannot be written: {error.strerror}. The "
            "networks are tracked, and `sparse-lightning report --study "
            f"{study.run_id}` writes it once there is room"
        ) from error


def _agreements(study: Study, frame: pd.DataFrame) -> dict[str, Any]:
    try:
        return study.agreements(frame)
    except Exception as error:  # hours of training must not be lost for a section of the report
        warnings.warn(f"no attributions: {without_secrets(str(error))}", stacklevel=2)
        return {}
