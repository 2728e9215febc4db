"""What a report file holds of its study, so that its page needs no server."""

from collections.abc import Sequence
from typing import Any

from sparse_lightning.page_data import VERSION
from sparse_lightning.page_data.networks import network_document
from sparse_lightning.page_data.runs import columns_document, runs_document
from sparse_lightning.tracking.columns import RunColumns
from sparse_lightning.tracking.selecting import Selection, read_history
from sparse_lightning.tracking.store import Store

Document = dict[str, Any]


def report_document(
    store: Store,
    experiment_id: str,
    study: str,
    title: str,
    networks: Sequence[str],
    threshold: float,
) -> Document:
    """The documents of a study's page, with the networks that it shows from inside.

    Args:
        store: that holds the study.
        experiment_id: of its experiment.
        study: the id of its run.
        title: of the report.
        networks: the ids of the runs of the networks that can be looked into.
        threshold: a connection counts when |w| exceeds it.

    Raises:
        InputError: one of the networks failed.
        TrackingError: the store fails.
    """
    with store.errors("does not give the networks of the report"):
        sql = store.backend
        return {
            "overview": _overview(store.page),
            "runs": runs_document(store, sql, Selection([experiment_id], [study])),
            "networks": {
                run: network_document(store, store.run(run), threshold) for run in networks
            },
            "histories": {run: {"metrics": read_history(sql, run)} for run in networks},
            "report": {"title": title},
        }


def experiment_document(
    runs: RunColumns,
    title: str,
    mlflow: str | None,
    columns: Document,
    floor: float,
    corner: tuple[float, float],
    index: str,
) -> Document:
    """The documents of the page of any experiment's runs.

    Args:
        runs: that are compared.
        title: of the report.
        mlflow: the address of MLflow's pages, if there is a server.
        columns: what is compared, as `defaults` of `GET api/runs`.
        floor: the best y.
        corner: the x and y beyond which nothing is gained.
        index: that orders the groups.
    """
    judged = {
        "run_id": "",
        "name": title,
        "experiment_id": "",
        "task": "",
        "dataset": "",
        "layers": [],
        "rows": None,
        "floor": floor,
        "null_error": corner[1],
        "connections_total": corner[0],
        "connection_threshold": 0.0,
        "index": index,
        "groups": [],
        "settings": {},
    }
    return {
        "overview": _overview(mlflow),
        "runs": {
            **columns_document(runs),
            "defaults": columns,
            "studies": [judged],
            "bootstrap": None,
        },
        "networks": {},
        "histories": {},
        "report": {"title": title},
    }


def _overview(mlflow: str | None) -> Document:
    return {
        "version": VERSION,
        "user": None,
        "writes": False,
        "mlflow": None if mlflow is None else f"{mlflow.rstrip('/')}/",
        "experiments": [],
        "studies": [],
    }
