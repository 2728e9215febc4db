"""MLflow's settings, changed for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def set_to(setting: Any, value: Any) -> Iterator[None]:
    """Give one of `mlflow.environment_variables` a value until the block ends.

    It is the whole process's.
    """
    before = setting.get_raw()
    setting.set(value)
    try:
        yield
    finally:
        if before is None:
            setting.unset()
        else:
            setting.set(before)
