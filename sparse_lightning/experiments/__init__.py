"""Pareto reports of any MLflow experiment, whatever tool logged its runs."""

from sparse_lightning.experiments.comparing import compare_experiment, report_experiment
from sparse_lightning.experiments.request import Request

__all__ = ["Request", "compare_experiment", "report_experiment"]
