"""A network as an MLflow model of the flavour pyfunc, whole in its folder."""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.models.model import MLMODEL_FILE_NAME
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType

import sparse_lightning
from sparse_lightning.data.columns.date_columns import DateColumn
from sparse_lightning.data.columns.kinds import ColumnEncoding
from sparse_lightning.data.columns.level_columns import BinaryColumn, LevelsColumn
from sparse_lightning.data.columns.number_columns import NumberColumn, OrderedColumn
from sparse_lightning.integrations.exporting.pruned import ExportedNetwork, class_values
from sparse_lightning.tracking.files import no_bar
from sparse_lightning.weights import to_safetensors

CODE = Path(__file__).with_name("tabular_network.py")
"""The code of the model; nothing of this package is needed where it is loaded."""

REQUIREMENTS = ("mlflow", "numpy", "pandas", "safetensors")

_CLASS_TYPES = {
    str: DataType.string,
    bool: DataType.boolean,
    int: DataType.long,
    float: DataType.double,
}

_ONE_AT_A_TIME = Lock()
"""MLflow keeps the model that a file of code defines in a global variable."""


def save_pyfunc(network: ExportedNetwork, path: Path, model: Model | None = None) -> None:
    """Write the folder of the MLflow model, which must not exist.

    `model` is MLflow's description of the model to add to; default: a new one.
    """
    model = Model() if model is None else model
    with TemporaryDirectory() as folder, _ONE_AT_A_TIME, _quietly():
        description, weights = Path(folder, "network.json"), Path(folder, "network.safetensors")
        text = json.dumps(network.description, ensure_ascii=False)
        description.write_text(text, encoding="utf-8")
        weights.write_bytes(to_safetensors(network.layers))
        mlflow.pyfunc.save_model(
            path=path,
            python_model=str(CODE),
            artifacts={"description": str(description), "weights": str(weights)},
            signature=_signature(network),
            input_example=_example(network),
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
            metadata=_metadata(network),
            mlflow_model=model,
            # Otherwise the lock file of the project in the working folder would go with the model.
            uv_project_path=folder,
        )
        _without_folders(path)


def _without_folders(path: Path) -> None:
    """Take the folders of the machine that writes a model out of its description.

    MLflow notes where the files have lain; it looks for them in the model itself.
    """
    model = Model.load(path)
    pyfunc: Any = model.flavors["python_function"]
    pyfunc["model_code_path"] = CODE.name
    for file in pyfunc["artifacts"].values():
        file["uri"] = file["path"]
    model.save(path / MLMODEL_FILE_NAME)


def _metadata(network: ExportedNetwork) -> dict[str, Any]:
    """What the file `MLmodel` says of the network."""
    trained = network.trained
    return {
        "sparse_lightning_version": sparse_lightning.__version__,
        "run_id": trained.run_id,
        "task": trained.task,
        "group": str(trained.params.get("group", "")),
        "connections": network.connections,
        "connection_threshold": network.threshold,
    }


def _signature(network: ExportedNetwork) -> ModelSignature:
    """The names of the columns that go in, and names and types of those that come out.

    The inputs are of any type: MLflow would refuse whole numbers where floats are declared, and
    categories where text is, and its messages name no row. The model's own code checks them.
    """
    inputs = Schema([ColSpec(AnyType(), name) for name in network.trained.encoding.columns])
    if network.trained.task == "classifier":
        kind = _CLASS_TYPES[type(class_values(network.trained.classes)[0])]
        params = ParamSchema([ParamSpec("probabilities", DataType.boolean, False)])
        return ModelSignature(inputs, Schema([ColSpec(kind, "class")]), params)
    if network.trained.target is not None:
        names = network.columns
        return ModelSignature(inputs, Schema([ColSpec(DataType.double, name) for name in names]))
    kinds = {one.name: _type(one) for one in network.trained.encoding.variables}
    return ModelSignature(
        inputs,
        Schema(
            [
                ColSpec(kinds[name] if place < len(kinds) else DataType.double, name)
                for place, name in enumerate(network.columns)
            ]
        ),
    )


def _example(network: ExportedNetwork) -> pd.DataFrame:
    """Two rows as the table might hold them: no row of it, only what the encoding knows.

    Numbers are the offsets and the offsets plus the factors, as least and greatest value, or the
    mean and one standard deviation more; levels are the first and the last.
    """
    encoding = network.trained.encoding
    columns: dict[str, list[Any]] = {}
    for variable, (_, place) in zip(encoding.variables, encoding.groups, strict=True):
        if isinstance(variable, NumberColumn | DateColumn):
            first = encoding.offsets[place.start]
            measures = np.zeros((2, place.stop - place.start))
            measures[:, 0] = [first, first + encoding.factors[place.start]]
            columns[variable.name] = variable.decode(measures).tolist()
        else:
            levels = _levels(variable)
            ends: list[Any] = [levels[0], levels[-1]]
            columns[variable.name] = [float(x) for x in ends] if variable.numeric else ends
    return pd.DataFrame(columns)


def _type(variable: ColumnEncoding) -> DataType:
    if isinstance(variable, NumberColumn):
        return DataType.double
    if isinstance(variable, DateColumn):
        return DataType.string if variable.form else DataType.datetime
    unnamed = isinstance(variable, BinaryColumn) and variable.other is None
    joined = isinstance(variable, LevelsColumn) and bool(variable.other)
    return DataType.double if variable.numeric and not (unnamed or joined) else DataType.string


def _levels(variable: BinaryColumn | LevelsColumn | OrderedColumn) -> tuple[str, ...]:
    if not isinstance(variable, BinaryColumn):
        return variable.levels
    return (variable.value if variable.other is None else variable.other, variable.value)


@contextmanager
def _quietly() -> Iterator[None]:
    """MLflow's advice on type hints is for those who write models."""
    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), no_bar():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
