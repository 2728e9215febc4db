"""Runs beside those of a study: a foreign experiment, and one whose names mean harm."""

from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

HARM = [
    "<script>document.title = 'harm'</script><img src=x onerror=\"document.title = 'harm'\">",
    "a \"quoted\" 'name', with a comma; and\r\na line\ttoo",
    "\u202eright to left \u2067אבג\u2069 \u200bمرحبا",
    "</textarea></select></bdi></svg>&lt;b&amp;{{7*7}}${7*7} javascript:alert(1)",
    "x" * 5000,
]
"""Names as other programs may have written them; each is a text and nothing else."""

MODELS, DEPTHS, SEEDS = ("boosted trees", "linear", "forest"), (2, 4, 8), (1, 2, 3)


@dataclass(frozen=True)
class Runs:
    """An experiment and its runs, in the order in which they were written."""

    experiment: str
    ids: list[str]


def foreign_runs(client: MlflowClient) -> Runs:
    """What somebody tracked with plain MLflow: three kinds of model, each at three depths.

    The last one failed, and the one before it has no accuracy.
    """
    experiment = client.create_experiment("churn models")
    ids = []
    for place, model in enumerate(MODELS):
        for depth in DEPTHS:
            for seed in SEEDS:
                metrics = {
                    "accuracy": 0.7 + 0.02 * depth - 0.03 * place + 0.002 * seed,
                    "latency_ms": 10.0 * depth * (place + 1) + seed,
                    "memory_mb": 3.0**depth + seed,
                }
                params = {"model": model, "max_depth": depth, "seed": seed}
                ids.append(_logged(client, experiment, f"{model} {depth}", params, metrics))
    without = {"latency_ms": 5.0}
    ids.append(_logged(client, experiment, "unfinished", {"model": "linear"}, without))
    both = {"latency_ms": 1.0, "accuracy": 0.99}
    ids.append(_logged(client, experiment, "broken", {"model": "linear"}, both, "FAILED"))
    return Runs(experiment, ids)


def harmful_runs(client: MlflowClient) -> Runs:
    """Each name in a run's name, a param, a tag; the first in the experiment's name too."""
    experiment = client.create_experiment(HARM[0])
    ids = []
    for place, name in enumerate(HARM):
        params = {"group": name, "note": name, "seed": place}
        metrics = {"error": 0.1 * (place + 1), "size": 50.0 - 9 * place}
        tags = {"comment": name, "mlflow.user": name[:100]}
        ids.append(_logged(client, experiment, name, params, metrics, tags=tags))
    return Runs(experiment, ids)


def _logged(
    client: MlflowClient,
    experiment: str,
    name: str,
    params: dict,
    metrics: dict[str, float],
    status: str = "FINISHED",
    tags: dict[str, str] | None = None,
) -> str:
    run = client.create_run(experiment, run_name=name)
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(key, value, 0, 1) for key, value in metrics.items()],
        params=[Param(key, str(value)) for key, value in params.items()],
        tags=[RunTag(key, value) for key, value in (tags or {}).items()],
    )
    client.set_terminated(run.info.run_id, status)
    return run.info.run_id
