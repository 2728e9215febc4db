"""Writing a study to MLflow: its run, and one child run a network."""

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sparse_lightning.data.table import Table
from sparse_lightning.nn.failures import Failure
from sparse_lightning.nn.layers import single
from sparse_lightning.project import Project
from sparse_lightning.regularizers.replica import Replica
from sparse_lightning.secrets import without_secrets
from sparse_lightning.tracking import names
from sparse_lightning.tracking.finished_runs import FinishedRun
from sparse_lightning.tracking.job_run import JobWriter, OpenedRun
from sparse_lightning.tracking.provenance import commit_tag, dataset_of
from sparse_lightning.tracking.store import Store
from sparse_lightning.training.grid import TrainedPopulation
from sparse_lightning.weights import layers_of, to_safetensors


class StudyWriter(JobWriter):
    """The run of a study while it is made; a context manager that ends the run in any case.

    `layers` are the units from inputs to outputs. `facts` are measures of the study that are known
    before training: rows, null_error, connections_total, …; `documents` are the contents of JSON
    files of the study's run by name. `run_id` and `key` (the name of the study) are as `OpenedRun`
    takes them, and it raises the same errors.
    """

    def __init__(
        self,
        store: Store,
        project: Project,
        table: Table,
        layers: list[int],
        facts: Mapping[str, float],
        documents: Mapping[str, Any],
        run_id: str | None = None,
        key: str | None = None,
    ):
        self.project = project
        self.table = table
        self.layers = layers
        self.facts = facts
        self.documents = documents
        self._commit = commit_tag(project.folder)
        super().__init__(
            OpenedRun(
                store,
                names.STUDY,
                project.name,
                run_id,
                key=key,
                patience=project.tracking.patience,
            )
        )

    def _begin(self, stack: ExitStack) -> None:
        with self._run.store.errors("does not take the study"):
            self._describe()
        if self.project.tracking.system_metrics:
            from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

            monitor = SystemMetricsMonitor(self.run_id, tracking_uri=self._run.store.uri.revealed())
            monitor.start()
            stack.callback(monitor.finish)

    def networks(self, trained: TrainedPopulation) -> None:
        """Write one child run a network, with its weights, and the study's own measures. Of a study
        that goes on, those that an earlier process has written are left as they are. Raises an
        `UnfinishedError` where the store does not take them.
        """
        began = time.time()
        complete: set[int] = set()
        if self._run.resumed:
            self._run.requests.settle()
            complete = self._run.requests.insist("its networks", lambda _: self._written())
        left = [
            place
            for place, replica in enumerate(trained.replicas)
            if replica.number not in complete
        ]
        self._run.runs((self._network(trained, place) for place in left), len(left), "networks")
        self._run.describe(
            metrics={
                "networks": len(trained.replicas),
                "failed_networks": sum(failure is not None for failure in trained.failures),
                "floor_epochs": max(history.epochs for history in trained.histories),
                "floor_settled": float(trained.floor_settled),
                "training_seconds": trained.seconds,
                "tracking_seconds": time.time() - began,
                **{f"{names.REFERENCE}{name}": value for name, value in trained.references.items()},
            }
        )

    def _written(self) -> set[int]:
        """The numbers of the networks that are written as a whole; halves are removed."""
        complete: set[int] = set()
        for run in self._run.children():
            tags, number = run.data.tags, int(run.data.tags[names.REPLICA])
            failed = run.info.status == "FAILED" and names.FAILURE in tags
            whole = "seed" in run.data.params and (run.info.status == "FINISHED" or failed)
            if whole and number not in complete:
                complete.add(number)
            else:
                self._run.store.client.delete_run(run.info.run_id)
        return complete

    def _describe(self) -> None:
        settings = self.project.regularizers
        self._run.describe(
            params={
                **common_params(self.project, self.table.name, self.layers),
                "groups": ", ".join(settings.groups),
                "seeds": ", ".join(str(seed) for seed in self.project.training.seeds),
            },
            metrics=self.facts,
            tags={names.PROJECT: self.project.name, **self._commit},
        )
        self._run.text(self.project.dump_yaml(), names.PROJECT_FILE)
        for file, document in self.documents.items():
            self._run.text(json.dumps(document, indent=2), file)
        self._run.inputs([dataset_of(self.table)])

    def _network(self, trained: TrainedPopulation, number: int) -> FinishedRun:
        replica = trained.replicas[number]
        history, failure = trained.histories[number], trained.failures[number]
        one_class = trained.one_class(number)
        points = {(metric, epoch): value for metric, epoch, value in history.points}
        if not failure:
            points["connections", history.epochs] = float(trained.connections[number])
            points["squared_error", history.epochs] = float(trained.squared_error[number])
            for metric, values in trained.metrics.items():
                if not np.isnan(values[number]):  # as areas of rows that hold a single class
                    points[metric, history.epochs] = float(values[number])
        return network_run(
            replica,
            self.run_id,
            failure,
            name=replica.name[:250],
            params=common_params(self.project, self.table.name, self.layers),
            tags=self._commit
            if one_class is None
            else {**self._commit, names.ONE_CLASS: one_class},
            run_id=uuid5(NAMESPACE_OID, f"{self.run_id} {replica.number}").hex,
            metrics=[(metric, epoch, value) for (metric, epoch), value in points.items()],
            files={
                names.WEIGHTS_FILE: to_safetensors(layers_of(single(trained.network, number))),
                # What was measured of a failed network is no number that JSON has.
                **{
                    file: json.dumps(documents[number], allow_nan=False).encode()
                    for file, documents in trained.documents.items()
                    if not failure
                },
            },
        )


def common_params(project: Project, dataset: str, layers: list[int]) -> dict[str, Any]:
    """The params that all networks of a project share; their names are the same for every task."""
    training = project.training
    return {
        "dataset": dataset,
        "task": project.task,
        "layers": "-".join(str(units) for units in layers),
        "activation": project.network.activation,
        "optimizer": training.optimizer,
        "learning_rate": training.learning_rate,
        "batch_size": training.batch_size,
        "epochs": training.epochs,
    }


def network_run(
    replica: Replica,
    parent: str,
    failure: Failure | None,
    *,
    name: str,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    metrics: Iterable[tuple[str, int, float]],
    files: Mapping[str, bytes] | None = None,
    run_id: str = "",
) -> FinishedRun:
    """The run of a network below the run `parent`; it is found by the same params and tags wherever
    it belongs. `params` and `tags` are those that it shares with others.
    """
    own = {
        "group": replica.group,
        "regularizer": replica.regularizer,
        **replica.strengths,
        "seed": replica.seed,
    }
    return FinishedRun(
        name=name,
        params={name: str(value) for name, value in {**params, **own}.items()},
        metrics=metrics,
        tags={
            **tags,
            MLFLOW_PARENT_RUN_ID: parent,
            names.KIND: names.NETWORK,
            names.REPLICA: str(replica.number),
            **failure_tags(failure),
        },
        status="FAILED" if failure else "FINISHED",
        files=files or {},
        run_id=run_id,
    )


def failure_tags(failure: Failure | None) -> dict[str, str]:
    """The tags of the run of a failed network; none for a sound one."""
    if failure is None:
        return {}
    step = {} if failure.step is None else {names.FAILURE_STEP: str(failure.step)}
    return {
        names.FAILURE: without_secrets(str(failure)),
        names.FAILURE_PHASE: failure.phase,
        names.FAILURE_CAUSE: without_secrets(failure.cause),
        **step,
    }
