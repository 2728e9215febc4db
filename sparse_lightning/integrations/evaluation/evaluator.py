"""The evaluator that MLflow finds by the entry point `mlflow.model_evaluator`.

MLflow imports this whenever anything is evaluated: torch and all else are imported when needed.
"""

import logging
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlflow.entities import Metric
from mlflow.models.evaluation.base import EvaluationResult, ModelEvaluator
from mlflow.tracking import MlflowClient

from sparse_lightning.errors import SparseLightningError

if TYPE_CHECKING:
    from sparse_lightning.integrations.evaluation.reading import Evaluation

logger = logging.getLogger(__name__)

NAME = "sparse-lightning"

OF_TEXT = ("question-answering", "text-summarization", "text", "retriever")
"""Types of models that are no networks to read."""


class NetworkEvaluator(ModelEvaluator):
    """Connections, dead units, densities, mappings, information loss and the structure diagram.

    For torch modules whose linear layers follow one another, as modules, as MLflow models of the
    flavour pytorch, or as exported by this package. What does not apply to a model is left out with
    a warning; no part can make another one fail.
    """

    @classmethod
    def can_evaluate(
        cls, *, model_type: str | None, evaluator_config: dict[str, Any] | None, **kwargs: Any
    ) -> bool:
        """Whether models of this type can be networks."""
        return model_type not in OF_TEXT

    def evaluate(  # pyright: ignore[reportIncompatibleMethodOverride]  # the base is untyped
        self,
        *,
        model_type: str | None,
        dataset: Any,
        run_id: str,
        evaluator_config: dict[str, Any] | None,
        model: Any = None,
        extra_metrics: Any = None,
        custom_artifacts: Any = None,
        predictions: Any = None,
        model_id: str | None = None,
        **kwargs: Any,
    ) -> EvaluationResult | None:
        """Read a network and log what it is; None where the model holds no torch module.

        What `evaluator_config` may hold: docs/how-to/evaluate.md. The run takes the files and the
        metrics, which the logged model shows too, if there is one.
        """
        from sparse_lightning.integrations.evaluation.reading import read_network
        from sparse_lightning.integrations.evaluation.settings import settings_of
        from sparse_lightning.integrations.evaluation.subjects import subject_of

        subject = None if model is None else subject_of(model)
        if subject is None:
            # No warning: MLflow asks every evaluator there is, whatever the model.
            logger.info("%s: the model holds no torch module, nothing to read", NAME)
            return None
        try:
            settings = settings_of(evaluator_config or {})
            found = read_network(subject, dataset, model_type, settings)
        except SparseLightningError as error:
            warnings.warn(f"{NAME}: the network cannot be read: {error}", stacklevel=2)
            return EvaluationResult({}, {})
        found.metrics = {f"{settings.prefix}{name}": v for name, v in found.metrics.items()}
        client = MlflowClient()
        _log_metrics(client, found, run_id, model_id, dataset)
        return EvaluationResult(
            dict(found.metrics), _log_artifacts(client, found, run_id, settings.prefix)
        )


def _log_metrics(
    client: MlflowClient, found: "Evaluation", run_id: str, model_id: str | None, dataset: Any
) -> None:
    now = int(time.time() * 1000)
    client.log_batch(
        run_id,
        metrics=[
            Metric(
                name,
                value,
                now,
                0,
                model_id=model_id,
                dataset_name=getattr(dataset, "name", None),
                dataset_digest=getattr(dataset, "digest", None),
                run_id=run_id,
            )
            for name, value in found.metrics.items()
        ],
    )


def _log_artifacts(
    client: MlflowClient, found: "Evaluation", run_id: str, prefix: str
) -> dict[str, Any]:
    from sparse_lightning.tracking._mlflow import load_artifact

    root = str(client.get_run(run_id).info.artifact_uri).rstrip("/")
    artifacts = {}
    with TemporaryDirectory() as folder:
        for name, (kind, content) in found.files.items():
            file = f"{prefix.replace('/', '_')}{name}"
            path = Path(folder, file)
            path.write_bytes(content)
            client.log_artifact(run_id, str(path), "sparse_lightning")
            artifact = kind(f"{root}/sparse_lightning/{file}")
            load_artifact(artifact, str(path))
            artifacts[file] = artifact
    return artifacts
