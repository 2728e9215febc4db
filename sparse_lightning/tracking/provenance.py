"""Who made a study from which code and which table, and what an overview was made with."""

import json
import os
import platform
import warnings
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Dataset as DatasetEntity
from mlflow.entities import DatasetInput
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import (
    MLFLOW_GIT_COMMIT,
    MLFLOW_SOURCE_NAME,
    MLFLOW_SOURCE_TYPE,
    MLFLOW_USER,
)

from sparse_lightning.data.table import Table


def source_tags() -> dict[str, str]:
    """Who ran what, as MLflow itself says it of a run."""
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


LOOKED_AT = 1000
"""Rows by which the types of the columns are found: MLflow would look at every text of all rows.
Where no value is missing the types are those of all rows.
"""


def dataset_of(table: Table) -> DatasetInput:
    """The table of a study as MLflow's data set, with its source, digest, columns and size.

    The source of a frame is the code that has made it, as MLflow says it.
    """
    frame = table.frame
    source: Any = table.source or None
    with warnings.catch_warnings():
        # MLflow's advice on sources and integer columns is for those who call it.
        warnings.simplefilter("ignore")
        dataset: Any = from_pandas(frame.iloc[:LOOKED_AT], source=source, name=table.name)
    as_mlflow = dataset.to_dict()
    profile = {"num_rows": len(frame), "num_elements": frame.size, "sha256": table.digest}
    if table.reading:
        profile["read_as"] = table.reading
    # MLflow's own digest is of a sample of the rows; the table's is of all its bytes.
    entity = DatasetEntity(
        name=as_mlflow["name"],
        digest=table.digest[:36],
        source_type=as_mlflow["source_type"],
        source=as_mlflow["source"],
        schema=as_mlflow["schema"],
        profile=json.dumps(profile),
    )
    return DatasetInput(dataset=entity, tags=[])
