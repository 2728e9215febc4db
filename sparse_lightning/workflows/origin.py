"""What the figures of an overview were made with."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sparse_lightning.tracking.origin import commit_tag


def made_with() -> dict[str, str]:
    """The date, the commit where it is known, the versions and the processor, by name."""
    packages = ("sparse-lightning", "torch", "pytorch-lightning", "mlflow", "moocore", "numpy")
    commit = commit_tag(Path(__file__).parent)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        **({"commit": next(iter(commit.values()))} if commit else {}),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
        "processor": f"{platform.machine()}, {os.cpu_count()} cores",
    }
