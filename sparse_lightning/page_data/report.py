"""What a report file holds of its study, so that its page needs no server."""

from collections.abc import Sequence
from typing import Any

from sparse_lightning.page_data import VERSION
from sparse_lightning.page_data.networks import network_document
from sparse_lightning.page_data.runs import runs_document
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
        sql = store.client._tracking_client.store  # what a server would have open
        return {
            "overview": {
                "version": VERSION,
                "user": None,
                "writes": False,
                "mlflow": f"{store.page.rstrip('/')}/",
                "experiments": [],
                "studies": [],
            },
            "runs": runs_document(store, sql, Selection([experiment_id], [study])),
            "networks": {
                run: network_document(store, store.run(run), threshold) for run in networks
            },
            "histories": {run: {"metrics": read_history(sql, run)} for run in networks},
            "report": {"title": title},
        }
