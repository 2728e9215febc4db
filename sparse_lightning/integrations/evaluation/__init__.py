"""`mlflow.models.evaluate(…, evaluators="sparse-lightning")`: networks evaluated by structure."""

from sparse_lightning.integrations.evaluation.evaluator import NetworkEvaluator

__all__ = ["NetworkEvaluator"]
