"""Who made a study from which code, as tags of its runs, and what an overview was made with."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import (
    MLFLOW_GIT_COMMIT,
    MLFLOW_SOURCE_NAME,
    MLFLOW_SOURCE_TYPE,
    MLFLOW_USER,
)


def source_tags() -> dict[str, str]:
    """Who ran what, as MLflow itself tells it of a run."""
    known = resolve_tags()
    wanted = (MLFLOW_USER, MLFLOW_SOURCE_NAME, MLFLOW_SOURCE_TYPE)
    return {name: known[name] for name in wanted if name in known}


def commit_tag(folder: Path) -> dict[str, str]:
    """The commit that a folder is at; none outside of a repository, or where there is no git."""
    try:
        import git

        repository = git.Repo(folder, search_parent_directories=True)
        return {MLFLOW_GIT_COMMIT: repository.head.commit.hexsha}
    except (ImportError, ValueError, OSError):
        return {}
    except Exception as error:  # GitPython's errors share no useful base with what they mean
        if type(error).__module__.startswith("git"):
            return {}
        raise


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
