"""What a report file holds of its study, so that its page needs no server."""

from collections.abc import Sequence
from typing import Any

from sparse_lightning.comparison import Comparison
from sparse_lightning.comparison.axes import named_columns
from sparse_lightning.network import Network
from sparse_lightning.page import VERSION
from sparse_lightning.page.networks import network_documents
from sparse_lightning.page.runs import coded_or_none, columns_document, described_runs
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
    recommended: str | None = None,
) -> Document:
    """The documents of a study's page, with the networks that it shows from inside.

    `order` has the runs' ids in the order of the grid: a report is the same from whatever copy of
    the store it is written. A connection counts where its |w| exceeds `threshold`; `recommended` is
    the run of the recommended network, if there is one.
    """
    of_studies = {parent: recommended for parent in runs.parents if parent}
    with store.errors("does not give the networks of the report"):
        return {
            "overview": _overview(store.page),
            "runs": _in_order(described_runs(store, runs, recommended=of_studies), order),
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
    """The documents of the page of any runs; it begins with this comparison."""
    judged = {
        "run_id": "",
        "name": title,
        "experiment_id": "",
        "task": "",
        "dataset": "",
        "layers": [],
        "status": "FINISHED",
        "recommended": None,
        "columns": None,
        "rows": None,
        "rows_total": None,
        "measures": {},
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
            "parents": coded_or_none(runs.parents),
            "defaults": named_columns(comparison.axes),
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
    present = [places[run] for run in order if run in places]

    def coded(column: Document) -> Document:
        levels = column["levels"]
        texts = [
            levels[code] if code >= 0 else None
            for code in map(column["codes"].__getitem__, present)
        ]
        known = {text: None for text in texts if text is not None}
        numbers = {text: number for number, text in enumerate(known)}
        return {"levels": list(known), "codes": [numbers.get(text, -1) for text in texts]}

    return {
        **runs,
        "ids": [runs["ids"][place] for place in present],
        "names": [runs["names"][place] for place in present],
        "experiments": coded(runs["experiments"]),
        "statuses": coded(runs["statuses"]),
        # Its run goes on until the report is tracked.
        "studies": [{**study, "status": "FINISHED"} for study in runs["studies"]],
        "parents": coded(runs["parents"]),
        "started": [None for _ in present],
        "metrics": {
            name: [values[place] for place in present] for name, values in runs["metrics"].items()
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
