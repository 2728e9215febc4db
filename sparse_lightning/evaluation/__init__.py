"""`mlflow.models.evaluate(…, evaluators="sparse-lightning")`: networks evaluated by structure."""

from sparse_lightning.evaluation.evaluator import NetworkEvaluator

__all__ = ["NetworkEvaluator"]
