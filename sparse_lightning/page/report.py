"""What a report file holds of its study, so that its page needs no server."""

from collections.abc import Sequence
from typing import Any

from sparse_lightning.comparison import Comparison
from sparse_lightning.network import Network
from sparse_lightning.page import VERSION
from sparse_lightning.page.networks import network_documents
from sparse_lightning.page.runs import columns_document, described_runs
from sparse_lightning.tracking.columns import RunColumns
from sparse_lightning.tracking.history import read_histories
from sparse_lightning.tracking.store import Store

Document = dict[str, Any]


def report_document(
    store: Store,
    title: str,
    runs: RunColumns,
    order: Sequence[str],
    networks: Sequence[Network],
    threshold: float,
) -> Document:
    """The documents of a study's page, with the networks that it shows from inside.

    Args:
        store: the store that holds the study.
        title: the report's title.
        runs: the runs of all networks.
        order: the ids of these runs in the order of the grid: a report is the same from whatever
            copy of the store it is written.
        networks: the networks that can be looked into.
        threshold: the |w| that a connection exceeds to count.

    Raises:
        TrackingError: the store fails.
    """
    with store.errors("does not give the networks of the report"):
        return {
            "overview": _overview(store.page),
            "runs": _in_order(described_runs(store, runs), order),
            "networks": network_documents(store, networks, threshold),
            "histories": {
                run: {"metrics": history}
                for run, history in read_histories(
                    store.backend, [network.run_id for network in networks]
                ).items()
            },
            "report": {"title": title},
        }


def experiment_document(
    runs: RunColumns, title: str, mlflow: str | None, comparison: Comparison
) -> Document:
    """The documents of the page of any experiment's runs.

    Args:
        runs: the runs that are compared.
        title: the report's title.
        mlflow: the address of MLflow's pages, if there is a server.
        comparison: what the page begins with.
    """
    axes = comparison.axes
    columns = {
        "x": axes.x,
        "y": axes.y,
        "group": axes.group,
        "marker": list(axes.marker),
        "replicate": axes.replicate,
        "x_direction": axes.x_direction,
        "y_direction": axes.y_direction,
    }
    judged = {
        "run_id": "",
        "name": title,
        "experiment_id": "",
        "task": "",
        "dataset": "",
        "layers": [],
        "rows": None,
        "floor": comparison.floor,
        "null_error": comparison.corner[1],
        "connections_total": comparison.corner[0],
        "connection_threshold": 0.0,
        "index": comparison.order_by,
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


def _in_order(runs: Document, order: Sequence[str]) -> Document:
    """The runs in another order, and without the times at which they were written."""
    places = {run: place for place, run in enumerate(runs["ids"])}
    kept = [places[run] for run in order if run in places]

    def coded(column: Document) -> Document:
        levels = column["levels"]
        texts = [
            levels[code] if code >= 0 else None for code in map(column["codes"].__getitem__, kept)
        ]
        known = {text: None for text in texts if text is not None}
        numbers = {text: number for number, text in enumerate(known)}
        return {"levels": list(known), "codes": [numbers.get(text, -1) for text in texts]}

    return {
        **runs,
        "ids": [runs["ids"][place] for place in kept],
        "names": [runs["names"][place] for place in kept],
        "experiments": coded(runs["experiments"]),
        "statuses": coded(runs["statuses"]),
        "started": [None for _ in kept],
        "metrics": {
            name: [values[place] for place in kept] for name, values in runs["metrics"].items()
        },
        "params": {name: coded(column) for name, column in runs["params"].items()},
        "tags": {name: coded(column) for name, column in runs["tags"].items()},
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
