"""Writing a study to MLflow: its run, and one child run a network."""

import json
import time
import warnings
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Dataset as DatasetEntity
from mlflow.entities import DatasetInput, Metric, Param, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from sparse_lightning.data.catalog import Table
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.errors import TrackingError
from sparse_lightning.network import to_safetensors
from sparse_lightning.population import single
from sparse_lightning.project import Project
from sparse_lightning.tracking import bulk, names, runs
from sparse_lightning.tracking.origin import commit_tag, source_tags
from sparse_lightning.tracking.runs import FinishedRun
from sparse_lightning.tracking.store import Store
from sparse_lightning.training.result import TrainedPopulation


class StudyWriter:
    """The run of a study while it is made; a context manager that ends the run in any case.

    Args:
        store: where to write.
        project: of the study.
        table: that its networks are trained on.
        encoding: of the table.
        layers: units from inputs to outputs.
        run_id: a run that is open already, as `mlflow run` opens one; default: a new run in the
            experiment that has the project's name.

    Raises:
        TrackingError: the store fails, or the open run holds a study already.
    """

    def __init__(
        self,
        store: Store,
        project: Project,
        table: Table,
        encoding: Encoding,
        layers: list[int],
        run_id: str | None = None,
    ):
        self.store = store
        self.project = project
        self.table = table
        self.encoding = encoding
        self.layers = layers
        self._opened_elsewhere = run_id is not None
        self._commit = commit_tag(project.folder)
        self.run_id, self.experiment_id = self._join(run_id) if run_id else self._open()
        self._monitor = None

    def __enter__(self) -> Self:
        try:
            with self.store.errors("does not take the study"):
                self._describe()
        except BaseException as error:  # Python calls __exit__ only for what has been entered
            self._end(error)
            raise
        if self.project.tracking.system_metrics:
            from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

            self._monitor = SystemMetricsMonitor(self.run_id, tracking_uri=self.store.uri)
            self._monitor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._monitor is not None:
            self._monitor.finish()
        self._end(error)

    def networks(self, trained: TrainedPopulation) -> None:
        """Write one child run a network, with its weights, and the study's own measures."""
        began = time.time()
        write_runs = bulk.write_runs if bulk.takes(self.store) else runs.write_runs
        with self.store.errors("does not take the networks"):
            write_runs(
                self.store,
                self.experiment_id,
                (self._network(trained, number) for number in range(len(trained.replicas))),
            )
            floor_epochs = max(history.epochs for history in trained.histories)
            self._metrics(
                self.run_id,
                {
                    "networks": len(trained.replicas),
                    "failed_networks": sum(bool(failure) for failure in trained.failures),
                    "floor_epochs": floor_epochs,
                    "floor_settled": float(trained.floor_settled),
                    "training_seconds": trained.seconds,
                    "tracking_seconds": time.time() - began,
                },
            )

    def report(self, folder: Path) -> None:
        """Add the files of a report to the study's run."""
        with self.store.errors("does not take the report"):
            self.store.client.log_artifacts(self.run_id, str(folder), names.REPORT_FOLDER)

    def _end(self, error: BaseException | None) -> None:
        with self.store.errors("does not end the study"):
            if error is not None:
                unfinished = (
                    f"tags.mlflow.parentRunId = '{self.run_id}' and attributes.status = 'RUNNING'"
                )
                for run in self.store.search([self.experiment_id], unfinished):
                    self.store.client.set_terminated(run.info.run_id, _status(error))
            # `mlflow run` ends the run that it opened by this process's exit status.
            if not self._opened_elsewhere or error is not None:
                self.store.client.set_terminated(self.run_id, _status(error))

    def _open(self) -> tuple[str, str]:
        experiment = self.store.experiment(self.project.name)
        with self.store.errors("does not open a run"):
            run = self.store.client.create_run(
                experiment.experiment_id, run_name=self.project.name, tags=source_tags()
            )
        return run.info.run_id, run.info.experiment_id

    def _join(self, run_id: str) -> tuple[str, str]:
        run = self.store.run(run_id)
        if names.KIND in run.data.tags:
            raise TrackingError(
                f"the run {run_id} (MLFLOW_RUN_ID) holds a study already; unset MLFLOW_RUN_ID to "
                "start a run of its own"
            )
        return run_id, run.info.experiment_id

    def _describe(self) -> None:
        client = self.store.client
        tags = {
            names.KIND: names.STUDY,
            names.PROJECT: self.project.name,
            **self._commit,
            MLFLOW_RUN_NAME: self.project.name,
        }
        settings = self.project.regularizers
        params = {
            **self._common_params(),
            "groups": ", ".join(settings.groups),
            "seeds": ", ".join(str(seed) for seed in self.project.training.seeds),
        }
        client.log_batch(
            self.run_id,
            params=[Param(name, str(value)[:6000]) for name, value in params.items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        client.log_text(self.run_id, self.project.dump_yaml(), names.PROJECT_FILE)
        client.log_text(
            self.run_id, json.dumps(self.encoding.to_dict(), indent=2), names.ENCODING_FILE
        )
        client.log_inputs(self.run_id, datasets=[self._dataset()])
        inputs = self.encoding.transform(self.table.frame).astype("float64")
        weights = sum(a * b for a, b in pairwise(self.layers))
        self._metrics(
            self.run_id,
            {
                "rows": len(inputs),
                "rows_dropped": self.table.rows_dropped,
                "null_error": float(inputs.var(axis=0).mean()),
                "connections_total": weights,
            },
        )

    def _dataset(self) -> DatasetInput:
        with warnings.catch_warnings():
            # MLflow's advice on sources and integer columns is for those who call it.
            warnings.simplefilter("ignore")
            dataset: Any = from_pandas(
                self.table.frame, source=self.table.source, name=self.table.name
            )
        # MLflow's own digest is of a sample of the rows; the table's is of all its bytes.
        entity = DatasetEntity(
            name=dataset.name,
            digest=self.table.digest[:36],
            source_type=dataset.source._get_source_type(),
            source=dataset.source.to_json(),
            schema=json.dumps({"mlflow_colspec": dataset.schema.to_dict()}),
            profile=json.dumps({**dataset.profile, "sha256": self.table.digest}),
        )
        return DatasetInput(dataset=entity, tags=[])

    def _common_params(self) -> dict[str, Any]:
        training = self.project.training
        return {
            "dataset": self.table.name,
            "task": self.project.task,
            "layers": "-".join(str(units) for units in self.layers),
            "activation": self.project.network.activation,
            "optimizer": training.optimizer,
            "learning_rate": training.learning_rate,
            "batch_size": training.batch_size,
            "epochs": training.epochs,
        }

    def _network(self, trained: TrainedPopulation, number: int) -> FinishedRun:
        """What the run of a network holds."""
        replica = trained.replicas[number]
        history, failure = trained.histories[number], trained.failures[number]
        params = {
            **self._common_params(),
            "group": replica.group,
            "regularizer": replica.regularizer,
            **replica.strengths,
            "seed": replica.seed,
        }
        tags = {
            **self._commit,
            MLFLOW_PARENT_RUN_ID: self.run_id,
            names.KIND: names.NETWORK,
            names.REPLICA: str(number),
        }
        if failure:
            tags[names.FAILURE] = failure
        points = {(metric, epoch): value for metric, epoch, value in history.points}
        if not failure:
            points["connections", history.epochs] = float(trained.connections[number])
            points["squared_error", history.epochs] = float(trained.squared_error[number])
        return FinishedRun(
            name=replica.name[:250],
            params={name: str(value) for name, value in params.items()},
            metrics=[(metric, epoch, value) for (metric, epoch), value in points.items()],
            tags=tags,
            status="FAILED" if failure else "FINISHED",
            files={names.WEIGHTS_FILE: to_safetensors(single(trained.network, number))},
        )

    def _metrics(self, run_id: str, values: dict[str, float]) -> None:
        now = int(time.time() * 1000)
        metrics = [Metric(name, float(value), now, 0) for name, value in values.items()]
        self.store.client.log_batch(run_id, metrics=metrics)


def _status(error: BaseException | None) -> str:
    if error is None:
        return "FINISHED"
    return "KILLED" if isinstance(error, KeyboardInterrupt | SystemExit) else "FAILED"
