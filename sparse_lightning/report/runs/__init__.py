"""The report of any MLflow runs: two measures against each other, by groups."""

from sparse_lightning.report.runs.view import Axes, RunsView
from sparse_lightning.report.runs.writing import write_runs_report

__all__ = ["Axes", "RunsView", "write_runs_report"]
