"""The table of a study as MLflow keeps it: a dataset with its source, digest, columns and size."""

import json
import warnings
from typing import Any

from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Dataset as DatasetEntity
from mlflow.entities import DatasetInput

from sparse_lightning.data.catalog import Table

LOOKED_AT = 1000
"""Rows by which the types of the columns are found. Where no value is missing they are those of all
rows, of which MLflow would look at every text by itself."""


def dataset_of(table: Table) -> DatasetInput:
    """What a run is trained on."""
    frame = table.frame
    with warnings.catch_warnings():
        # MLflow's advice on sources and integer columns is for those who call it.
        warnings.simplefilter("ignore")
        dataset: Any = from_pandas(frame.iloc[:LOOKED_AT], source=table.source, name=table.name)
    as_mlflow = dataset.to_dict()
    profile = {"num_rows": len(frame), "num_elements": frame.size, "sha256": table.digest}
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
