"""MLflow: one run a network, children of the study's run; written, and read back as tables."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparse_lightning.tracking.store import Store
    from sparse_lightning.tracking.study_record import StudyRecord, find_study, read_study
    from sparse_lightning.tracking.study_writer import StudyWriter

__all__ = ["Store", "StudyRecord", "StudyWriter", "find_study", "read_study"]

_MODULES = {"Store": "store", "StudyWriter": "study_writer"}
"""Where the names are that are not in `study_record`."""


def __getattr__(name: str) -> Any:
    # Loaded when it is asked for: MLflow's server reads runs without torch.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'study_record')}"), name)
