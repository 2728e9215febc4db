"""Running a project: train every network, track them, report."""

import logging
import os
from pathlib import Path
from typing import Any

import pandas as pd

from sparse_lightning.data.target import ClassTarget
from sparse_lightning.project import Project
from sparse_lightning.report.writing import FILES as REPORT_FILES
from sparse_lightning.study.output import writable
from sparse_lightning.study.study import Study
from sparse_lightning.tracking import Store, StudyWriter
from sparse_lightning.tracking.names import AGREEMENT_FILE, ENCODING_FILE, TARGET_FILE
from sparse_lightning.training.cluster import Cluster, train_on
from sparse_lightning.training.preparing import prepare
from sparse_lightning.training.progress import Progress

logger = logging.getLogger(__name__)


def open_run_of() -> str | None:
    """The run that `mlflow run` has opened for this process, if it has."""
    return os.environ.get("MLFLOW_RUN_ID") or None


def run(
    project: Project,
    tracking_uri: str | None = None,
    output: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    open_run: str | None = None,
    cluster: Cluster | None = None,
) -> Study:
    """Train every network of a project, track them, and write the report.

    Args:
        project: what to train.
        tracking_uri: of the MLflow store; default: as MLflow resolves it.
        output: the folder of the report; default: `reports/NAME` in the working folder.
        progress: told of every epoch; default: nothing is told.
        open_run: the id of an open run that becomes the study's; "" opens a new one. Default: the
            run that `MLFLOW_RUN_ID` names, as `mlflow run` sets it, else a new one.
        cluster: whose workers train, as `training.cluster.cluster_of` gives it; default: this
            process.

    Returns:
        The study, read back from the store.

    Raises:
        InputError: the project, its table or the output folder cannot be used.
        TrackingError: the store fails.
        TrainingError: the accelerator or the precision cannot be used, or every unregularized
            network failed.
        ClusterError: the workers were lost.
    """
    made = prepare(project)
    table, examples = made.table, made.examples
    folder = writable(Path(output) if output is not None else Path("reports") / project.name)
    store = Store(tracking_uri)
    run_id = open_run_of() if open_run is None else open_run or None
    documents: dict[str, Any] = {ENCODING_FILE: table.encoding.to_dict()}
    if table.target is not None:
        documents[TARGET_FILE] = ClassTarget.fit(table.target).to_dict()
    with StudyWriter(store, project, table, made.layers, made.facts, documents, run_id) as writer:
        writer.networks(train_on(cluster, project, examples, progress))
        study = Study.load(writer.run_id, store.uri)
        if agreements := _agreements(study, table.frame):
            writer.document(agreements, AGREEMENT_FILE)
        study.write_report(folder)
        writer.report(folder, REPORT_FILES)
    return study


def _agreements(study: Study, frame: pd.DataFrame) -> dict[str, Any]:
    try:
        return study.agreements(frame)
    except Exception as error:  # hours of training must not be lost for a section of the report
        logger.warning("no attributions: %s", error)
        return {}
