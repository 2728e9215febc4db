"""What there is to choose from, as one document."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sparse_lightning.page import VERSION
from sparse_lightning.tracking.counting import count_runs
from sparse_lightning.tracking.listing import list_experiments, list_studies


def overview_document(
    sql: Any,
    readable: Callable[[Sequence[str]], list[str]],
    user: str | None,
    writes: bool,
    mlflow: str | None,
) -> dict[str, Any]:
    """The experiments and the studies that a user may read (`GET api/overview`).

    `sql` is MLflow's own tracking store, `readable` selects the experiments that the user may read,
    `writes` says whether networks can be registered, and `mlflow` is the address of MLflow's pages.
    """
    found = list_experiments(sql)
    allowed = set(readable(list(found)))
    experiments = {number: name for number, name in found.items() if number in allowed}
    runs = count_runs(sql, list(experiments)) if experiments else {}
    return {
        "version": VERSION,
        "user": user,
        "writes": writes,
        "mlflow": mlflow,
        "experiments": [
            {"id": number, "name": name, "runs": runs[number]}
            for number, name in experiments.items()
        ],
        "studies": [asdict(head) for head in list_studies(sql, list(experiments))],
    }
