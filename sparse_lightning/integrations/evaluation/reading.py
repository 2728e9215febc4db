"""What is said of a network: measures, tables, sentences and diagrams, each if it applies."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from mlflow.models.evaluation.artifacts import (
    CsvEvaluationArtifact,
    ImageEvaluationArtifact,
    JsonEvaluationArtifact,
    TextEvaluationArtifact,
)
from mlflow.models.evaluation.base import EvaluationArtifact
from torch import nn

from sparse_lightning._figures import figure_file
from sparse_lightning._files import csv_text
from sparse_lightning.errors import InputError
from sparse_lightning.integrations.evaluation.settings import Settings
from sparse_lightning.integrations.evaluation.subjects import Subject
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.diagram import structure_figure, structure_html
from sparse_lightning.interpret.layout import MOST_UNITS
from sparse_lightning.interpret.loss import information_loss
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.sentences import (
    OutputKind,
    describe_autoencoder,
    describe_classifier,
    describe_regressor,
)
from sparse_lightning.interpret.structure import Moments, Structure
from sparse_lightning.interpret.target_paths import TargetPaths
from sparse_lightning.interpret.torch_modules import apply, linear_chain, structure_of
from sparse_lightning.network import Network

MOST_DRAWN = 3000
"""Of more connections no diagram is drawn: nothing could be seen on it."""

PREFIX = "sparsity/"

Kind = Callable[[str], EvaluationArtifact]


@dataclass(eq=False)
class Evaluation:
    """What was found: numbers by name, `(kind of artifact, content)` by the name of the file."""

    metrics: dict[str, float] = field(default_factory=dict)
    files: dict[str, tuple[Kind, bytes]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Read:
    """A network with the rows that it is evaluated on, where it takes them."""

    subject: Subject
    structure: Structure
    frame: pd.DataFrame
    rows: torch.Tensor | None
    share: float
    outputs: OutputKind


def read_network(
    subject: Subject, dataset: Any, model_type: str | None, settings: Settings
) -> Evaluation:
    """Read a network; an InputError says when its structure cannot be read.

    What else cannot be read is left out.
    """
    frame = _frame(dataset)
    rows = _rows(frame) if subject.network is None else None
    structure = _structure(subject, frame, rows, dataset, model_type, settings)
    if rows is not None and rows.shape[1] != structure.widths[0]:
        rows = None
    classifies = model_type == "classifier" or (
        subject.network is not None and subject.network.task == "classifier"
    )
    predicts_numbers = subject.network is not None and subject.network.target is not None
    outputs = "class" if classifies else "target" if predicts_numbers else "output"
    read = _Read(subject, structure, frame, rows, settings.share, outputs)
    found = Evaluation(metrics=measures(structure))
    for part, tell in (
        ("information loss", _losses),
        ("mappings", _mappings),
        ("structure diagram", _diagrams),
    ):
        try:
            tell(read, found)
        except Exception as error:  # one part must not lose the others
            _warn(f"no {part}: {error}")
    return found


def _warn(text: str) -> None:
    warnings.warn(f"sparse-lightning: {text}", stacklevel=3)


def measures(structure: Structure) -> dict[str, float]:
    """Connections, densities and dead units of a network, the layers numbered from 1.

    A layer's density is the share of its connections that count; a dead unit lies on no path from
    an input to an output; an input is unused where no path leads from it to an output.
    """
    sizes = [weight.size for weight in structure.weights]
    counts = [int(np.count_nonzero(weight)) for weight in structure.weights]
    dead = [int((~alive).sum()) for alive in structure.alive[1:-1]]
    found: dict[str, float] = {
        "connections": sum(counts),
        "live_connections": structure.live_connections,
        "connections_total": sum(sizes),
        "density": sum(counts) / sum(sizes),
        "dead_units": sum(dead),
        "unused_inputs": int((~structure.used[0]).sum()),
        "unreached_outputs": int((~structure.fed[-1]).sum()),
        "connection_threshold": structure.threshold,
    }
    for place, (count, size) in enumerate(zip(counts, sizes, strict=True), start=1):
        found[f"density_layer_{place}"] = count / size
    for place, count in enumerate(dead, start=1):
        found[f"dead_units_layer_{place}"] = count
    return {f"{PREFIX}{name}": float(value) for name, value in found.items()}


def _frame(dataset: Any) -> pd.DataFrame:
    features = dataset.features_data
    if isinstance(features, pd.DataFrame):
        return features
    values = np.asarray(features)
    values = values.reshape(len(values), -1)
    names = list(dataset.feature_names or [])
    if len(names) != values.shape[1]:
        names = [f"input {place}" for place in range(1, values.shape[1] + 1)]
    return pd.DataFrame(values, columns=names)


def _rows(frame: pd.DataFrame) -> torch.Tensor | None:
    try:
        values = frame.to_numpy(dtype=np.float32)
    except (TypeError, ValueError) as error:
        _warn(f"the columns are no numbers for the network: {error}")
        return None
    return torch.tensor(values)


def _structure(
    subject: Subject,
    frame: pd.DataFrame,
    rows: torch.Tensor | None,
    dataset: Any,
    model_type: str | None,
    settings: Settings,
) -> Structure:
    threshold = subject.threshold if settings.threshold is None else settings.threshold
    if subject.network is not None:
        return subject.network.structure(threshold)
    if rows is not None and not any(
        isinstance(part, nn.Linear) and part.in_features == rows.shape[1]
        for part in subject.module.modules()
    ):
        rows = None  # no first layer takes them
    chain = linear_chain(subject.module, rows)
    inputs, outputs = chain[0].in_features, chain[-1].out_features
    names = [str(name) for name in frame.columns]
    if len(names) != inputs:
        _warn(
            f"the network has {inputs} inputs, the data {len(names)} columns; inputs are numbered"
        )
        names = [f"input {place}" for place in range(1, inputs + 1)]
    autoencoder = settings.autoencoder
    if autoencoder is None:
        supervised = model_type in ("classifier", "regressor") or dataset.has_targets
        autoencoder = inputs == outputs and not supervised
    if autoencoder and settings.outputs not in (None, tuple(names)):
        _warn(
            "output_names are passed over: the outputs of an autoencoder have the names of its "
            "inputs; with autoencoder False they are named"
        )
    if autoencoder and inputs != outputs:
        raise InputError(f"no autoencoder has {inputs} inputs and {outputs} outputs")
    moments = None
    if rows is not None and len(rows) > 1 and rows.shape[1] == inputs:
        moments = Moments(rows.double().var(0, correction=0).numpy(), np.zeros(inputs))
    return structure_of(
        subject.module,
        names,
        None if autoencoder else _outputs(outputs, names, dataset, model_type, settings),
        rows=rows,
        threshold=threshold,
        code_layer=settings.code_layer,
        moments=moments,
    )


def _outputs(
    count: int, inputs: list[str], dataset: Any, model_type: str | None, settings: Settings
) -> list[str]:
    if settings.outputs is not None:
        return list(settings.outputs)
    if model_type == "classifier" and dataset.has_targets:
        labels = sorted({str(label) for label in np.asarray(dataset.labels_data).ravel()})
        if len(labels) == count and labels != inputs:
            return labels
    return [f"output {place}" for place in range(1, count + 1)]


def _losses(read: _Read, found: Evaluation) -> None:
    losses = _loss_frame(read)
    if losses is None:
        return  # the network rebuilds no inputs
    found.files["information_loss.csv"] = (
        CsvEvaluationArtifact,
        csv_text(losses).encode(),
    )
    inputs = read.structure.widths[0]
    known = losses["loss"].to_numpy(float)
    known = known[np.isfinite(known)]
    values = {
        "squared_error": float(np.sum(losses["squared_error"].to_numpy(float))) / inputs,
        "information_loss": float(known.mean()) if len(known) else np.nan,
    }
    lacking = ", ".join(name for name, value in values.items() if not np.isfinite(value))
    if lacking:
        _warn(f"no {lacking}: {_why_not_finite(read)}")
    found.metrics |= {
        f"{PREFIX}{name}": value for name, value in values.items() if np.isfinite(value)
    }


def _why_not_finite(read: _Read) -> str:
    if read.rows is not None:
        bad = int((~read.rows.isfinite().all(dim=1)).sum())
        if bad:
            return f"values that are not finite in {bad} of {len(read.rows)} rows"
    return "the columns are constant, or too large"


def _loss_frame(read: _Read) -> pd.DataFrame | None:
    """The losses of an autoencoder's variables; None of another network."""
    if not read.structure.is_autoencoder:
        return None
    if read.subject.network is not None:
        return read.subject.network.information_loss(read.frame, read.structure.threshold)
    if read.rows is None:
        raise InputError("the data are not what the network takes")
    outputs = apply(read.subject.module, read.rows)
    return information_loss(read.rows.numpy(), outputs.numpy(), read.structure.groups)


def _mappings(read: _Read, found: Evaluation) -> None:
    structure = read.structure
    if structure.is_autoencoder:
        mappings = Mappings.of(structure, read.share)
        tables = {"codes": mappings.codes, "variables": mappings.variables}
        sentences = describe_autoencoder(structure, mappings, _known_losses(read))
    elif (network := read.subject.network) is not None and network.target is not None:
        reached = TargetPaths.of(structure, read.share)
        effects = _effects(read, network, found)
        tables = {"outputs": reached.targets, "variables": reached.variables}
        sentences = describe_regressor(structure, reached, effects)
    else:
        paths = ClassPaths.of(structure, read.share)
        tables = {"outputs": paths.classes, "variables": paths.variables}
        sentences = describe_classifier(structure, paths, read.outputs)
    document = {name: _records(table) for name, table in tables.items()}
    text = json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)
    found.files["mappings.json"] = (JsonEvaluationArtifact, text.encode())
    found.files["description.txt"] = (
        TextEvaluationArtifact,
        ("\n".join(sentences) + "\n").encode("utf-8", "backslashreplace"),
    )


def _effects(read: _Read, network: Network, found: Evaluation) -> pd.DataFrame | None:
    """The effects of a regressor's columns, which become a file, too; None where rows are bad."""
    try:
        effects = network.effects(read.frame)
    except InputError as error:
        _warn(f"no effects: {error}")
        return None
    found.files["effects.csv"] = (CsvEvaluationArtifact, csv_text(effects).encode())
    return effects


def _known_losses(read: _Read) -> pd.DataFrame | None:
    try:
        return _loss_frame(read)
    except Exception:  # told where the losses themselves are read
        return None


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            str(name): None if isinstance(value, float) and not np.isfinite(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]


def _diagrams(read: _Read, found: Evaluation) -> None:
    structure = read.structure
    if structure.connections > MOST_DRAWN:
        raise InputError(
            f"{structure.connections} connections are more than the {MOST_DRAWN} that can be seen "
            "on one; a greater connection_threshold leaves fewer"
        )
    if max(structure.widths) > MOST_UNITS:
        raise InputError(
            f"a layer of {max(structure.widths)} units is wider than the {MOST_UNITS} of a diagram"
        )
    figure = structure_figure(structure)
    found.files["structure.png"] = (ImageEvaluationArtifact, figure_file(figure, "png"))
    found.files["structure.svg"] = (TextEvaluationArtifact, figure_file(figure, "svg"))
    task = "regressor" if read.outputs == "target" else "classifier"
    page = structure_html(structure, task=task).encode("utf-8", "backslashreplace")
    found.files["structure.html"] = (TextEvaluationArtifact, page)
