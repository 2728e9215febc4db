"""What users hold in Python: a study, run or found again."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparse_lightning.workflows.running import run
    from sparse_lightning.workflows.study import Study

__all__ = ["Study", "run"]

_MODULES = {"Study": "study", "run": "running"}


def __getattr__(name: str) -> Any:
    # Loaded when it is asked for: a study is reported on without what trains one.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
