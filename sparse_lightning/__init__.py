"""Which sparsity regularizer makes a small network readable, and at what cost in accuracy?

The public names; each is imported from its module when it is first used, so that
`import sparse_lightning` costs next to nothing.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparse_lightning.comparison import Axes, Comparison, area_index, compare, hypervolume_gap
    from sparse_lightning.errors import (
        InputError,
        ProjectError,
        RegularizerError,
        SparseLightningError,
        TableError,
        TableWarning,
        TrackingError,
        TrainingError,
    )
    from sparse_lightning.integrations.estimators import (
        SparseAutoencoder,
        SparseClassifier,
        SparsePCA,
        SparseRegressor,
    )
    from sparse_lightning.integrations.exporting import save_model
    from sparse_lightning.network import Network
    from sparse_lightning.project import Project
    from sparse_lightning.regularizers.connections import ConnectionCount
    from sparse_lightning.regularizers.hard_concrete import L0
    from sparse_lightning.regularizers.hidden import HiddenRegularizer
    from sparse_lightning.regularizers.hidden_penalties import (
        HiddenCovariance,
        HiddenKL,
        HiddenL1,
        HiddenL2,
        HiddenTopK,
    )
    from sparse_lightning.regularizers.prune import Prune
    from sparse_lightning.regularizers.schedules import Ramp, Warmup
    from sparse_lightning.regularizers.weight import WeightRegularizer
    from sparse_lightning.regularizers.weight_penalties import (
        L1,
        MCP,
        SCAD,
        ElasticNet,
        GroupLasso,
        HoyerSquare,
        LogSum,
        SelectiveL1,
    )
    from sparse_lightning.tracking.axes import Request
    from sparse_lightning.workflows import Study, run
    from sparse_lightning.workflows.experiment import compare_experiment, report_experiment
    from sparse_lightning.workflows.searching import search_strengths

__version__ = "0.1.0"

_HOMES = {
    "Axes": "comparison",
    "Comparison": "comparison",
    "ConnectionCount": "regularizers.connections",
    "ElasticNet": "regularizers.weight_penalties",
    "GroupLasso": "regularizers.weight_penalties",
    "HiddenCovariance": "regularizers.hidden_penalties",
    "HiddenKL": "regularizers.hidden_penalties",
    "HiddenL1": "regularizers.hidden_penalties",
    "HiddenL2": "regularizers.hidden_penalties",
    "HiddenRegularizer": "regularizers.hidden",
    "HiddenTopK": "regularizers.hidden_penalties",
    "HoyerSquare": "regularizers.weight_penalties",
    "InputError": "errors",
    "L0": "regularizers.hard_concrete",
    "L1": "regularizers.weight_penalties",
    "LogSum": "regularizers.weight_penalties",
    "MCP": "regularizers.weight_penalties",
    "Network": "network",
    "Project": "project",
    "ProjectError": "errors",
    "Prune": "regularizers.prune",
    "Ramp": "regularizers.schedules",
    "RegularizerError": "errors",
    "Request": "tracking.axes",
    "SCAD": "regularizers.weight_penalties",
    "SelectiveL1": "regularizers.weight_penalties",
    "SparseAutoencoder": "integrations.estimators",
    "SparseClassifier": "integrations.estimators",
    "SparseLightningError": "errors",
    "SparsePCA": "integrations.estimators",
    "SparseRegressor": "integrations.estimators",
    "Study": "workflows",
    "TableError": "errors",
    "TableWarning": "errors",
    "TrackingError": "errors",
    "TrainingError": "errors",
    "Warmup": "regularizers.schedules",
    "WeightRegularizer": "regularizers.weight",
    "area_index": "comparison",
    "compare": "comparison",
    "compare_experiment": "workflows.experiment",
    "hypervolume_gap": "comparison",
    "report_experiment": "workflows.experiment",
    "run": "workflows",
    "save_model": "integrations.exporting",
    "search_strengths": "workflows.searching",
}

__all__ = [
    "L0",
    "L1",
    "MCP",
    "SCAD",
    "Axes",
    "Comparison",
    "ConnectionCount",
    "ElasticNet",
    "GroupLasso",
    "HiddenCovariance",
    "HiddenKL",
    "HiddenL1",
    "HiddenL2",
    "HiddenRegularizer",
    "HiddenTopK",
    "HoyerSquare",
    "InputError",
    "LogSum",
    "Network",
    "Project",
    "ProjectError",
    "Prune",
    "Ramp",
    "RegularizerError",
    "Request",
    "SelectiveL1",
    "SparseAutoencoder",
    "SparseClassifier",
    "SparseLightningError",
    "SparsePCA",
    "SparseRegressor",
    "Study",
    "TableError",
    "TableWarning",
    "TrackingError",
    "TrainingError",
    "Warmup",
    "WeightRegularizer",
    "area_index",
    "compare",
    "compare_experiment",
    "hypervolume_gap",
    "report_experiment",
    "run",
    "save_model",
    "search_strengths",
]


# What is told while a job goes on is told whatever another package has set the root logger to.
logging.getLogger(__name__).setLevel(logging.WARNING)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
