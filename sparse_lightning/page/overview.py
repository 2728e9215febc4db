"""What there is to choose from, as one document."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sparse_lightning.page import VERSION
from sparse_lightning.tracking.listing import count_runs, list_experiments, list_studies


def overview_document(
    sql: Any,
    readable: Callable[[Sequence[str]], list[str]],
    user: str | None,
    writes: bool,
    mlflow: str | None,
) -> dict[str, Any]:
    """The experiments and the studies that a user may read (`GET api/overview`).

    Args:
        sql: MLflow's own tracking store.
        readable: those of some experiments that the user may read.
        user: the name, where there are users.
        writes: whether networks can be registered.
        mlflow: the address of MLflow's own pages.

    Raises:
        MlflowException: the store fails.
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
