"""What there is to choose from, as one document."""

from collections.abc import Callable, Sequence
from typing import Any

from sparse_lightning.page_data import VERSION
from sparse_lightning.page_data.studies import study_heads
from sparse_lightning.tracking import names
from sparse_lightning.tracking.counting import count_runs
from sparse_lightning.tracking.store import Store


def overview_document(
    store: Store,
    sql: Any,
    readable: Callable[[Sequence[str]], list[str]],
    user: str | None,
    writes: bool,
    mlflow: str | None,
) -> dict[str, Any]:
    """The experiments and the studies that a user may read (`GET api/overview`).

    Args:
        store: that holds them.
        sql: MLflow's own tracking store behind it.
        readable: those of some experiments that the user may read.
        user: the name, where there are users.
        writes: whether networks can be registered.
        mlflow: the address of MLflow's own pages.

    Raises:
        MlflowException: the store fails.
        TrackingError: the store fails.
    """
    found, token = [], None
    while True:
        page = sql.search_experiments(max_results=1000, page_token=token)
        found += page
        token = page.token
        if not token:
            break
    allowed = set(readable([experiment.experiment_id for experiment in found]))
    experiments = {e.experiment_id: e.name for e in found if e.experiment_id in allowed}
    runs, studies = {}, []
    if experiments:
        runs = count_runs(sql, list(experiments))
        studies = store.search(list(experiments), f"tags.`{names.KIND}` = '{names.STUDY}'")
    return {
        "version": VERSION,
        "user": user,
        "writes": writes,
        "mlflow": mlflow,
        "experiments": [
            {"id": number, "name": name, "runs": runs[number]}
            for number, name in experiments.items()
        ],
        "studies": study_heads(studies),
    }
