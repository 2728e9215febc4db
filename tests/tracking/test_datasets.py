"""The dataset of a study's run: MLflow's own description of the whole table, found quickly."""

import json
import warnings

import numpy as np
import pandas as pd
from mlflow.data.pandas_dataset import from_pandas

from sparse_lightning.data.catalog import load_table
from sparse_lightning.project import Project
from sparse_lightning.tracking.provenance import LOOKED_AT, dataset_of


def test_types_and_sizes_are_those_of_all_rows(tmp_path):
    rows = 3 * LOOKED_AT
    frame = pd.DataFrame(
        {
            "real": np.linspace(0, 1, rows),
            "whole": np.arange(rows),
            "text": ["a", "b", "c"] * LOOKED_AT,
            "late": [0] * (rows - 1) + [0.5],
        }
    )
    frame.to_csv(tmp_path / "own.csv", index=False)
    settings = {
        "source": str(tmp_path / "own.csv"),
        "prepare": [{"dummies": {"columns": ["text"]}}],
    }
    project = Project(table=settings, network={"units": [2]})
    table = load_table(project.table, project.folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = from_pandas(table.frame, source=table.source, name=table.name)
    found = dataset_of(table).dataset
    assert json.loads(found.schema)["mlflow_colspec"] == whole.schema.to_dict()
    profile = json.loads(found.profile)
    assert profile.pop("sha256") == table.digest
    assert profile == whole.profile
