"""scikit-learn's parameters and arrays as a project and inputs, and errors in its words."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float32, Float64
from sklearn.utils import check_random_state
from torch import nn

from sparse_lightning._text import listed
from sparse_lightning.data.columns.number_columns import NumberColumn
from sparse_lightning.data.encoding import Encoding
from sparse_lightning.data.rows.weights import weighted_moments
from sparse_lightning.data.scaling import Scale, fit_scaling, variance
from sparse_lightning.errors import EstimatorError, InputError, TrainingError
from sparse_lightning.project import Project, RegularizerSettings
from sparse_lightning.project.agreement import PREDICTING
from sparse_lightning.project.groups import PUBLISHED
from sparse_lightning.project.messages import InvalidProjectError, join, path
from sparse_lightning.regularizers.registry import Term, parse_regularizer

UNPENALISED = "L1"
"""The regularizer that stands in for none, with λ = 0."""

_SECTIONS = {
    "table": ("scale",),
    "network": ("activation", "decoder", "nesting"),
    "training": (
        *("optimizer", "learning_rate", "loss", "batch_size", "gradient_clip"),
        *("epochs", "fine_tune_epochs", "accelerator"),
    ),
    "report": ("connection_threshold",),
}
"""The parameters that are called as a field of a project, by their sections."""

_OPTIONAL = ("class_weight", "fine_tune_epochs", "gradient_clip", "random_state", "regularizer")
"""May be None, as may strengths of hidden terms; a project would take None for its default."""

_HIDDEN = ("hidden_weight", "hidden_threshold", "sparsity")

_RENAMED = {"l1_weights": "l1_weight", "seeds": "random_state"}

_FIELD = re.compile(r"\b(?:table|network|training|regularizers|report)\.(\w+)")


def project_of(task: str, parameters: Mapping[str, Any]) -> Project:
    """The project whose one group is the networks of an estimator.

    Strengths that the regularizer does not take are passed over, so that a grid search may go over
    regularizers. An EstimatorError names a wrong parameter.
    """
    given = {name: _plain(value) for name, value in parameters.items()}
    missing = [
        name
        for name, value in given.items()
        if value is None and name not in (*_OPTIONAL, *_HIDDEN)
    ]
    if missing:
        raise EstimatorError(f"{missing[0]} must not be None")
    fields: dict[str, Any] = {
        section: {name: given[name] for name in names if name in given and given[name] is not None}
        for section, names in _SECTIONS.items()
    }
    fields["table"]["source"] = "X"
    fields["network"]["units"] = _units(given)
    # An estimator fits the rows that it is given, with the penalty that it is given.
    fields["training"] |= {"resample": False, "refit": False}
    fields["training"]["seeds"] = seeds_of(given["n_seeds"], given["random_state"])
    fields["regularizers"] = _regularizers(given)
    if task in PREDICTING:
        fields["table"]["target"] = "y"
        fields["evaluation"] = {"holdout": 0.0}
    try:
        return Project(task=task, **fields)  # pyright: ignore[reportArgumentType]
    except InvalidProjectError as error:
        raise EstimatorError(join(_in_parameters(error, given), error.more)) from None


def seeds_of(count: Any, random_state: Any) -> list[int]:
    """The seeds of the networks; fewer of them are the first of more.

    Without a `random_state` they are new ones, where other estimators draw from numpy's global
    generator and move it.
    """
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise EstimatorError(f"n_seeds must be a whole number of at least 1, got {count!r:.80}")
    random = check_random_state(np.random.RandomState() if random_state is None else random_state)
    seeds: dict[int, None] = {}
    while len(seeds) < count:
        seeds[int(random.randint(2**31 - 1))] = None
    return list(seeds)


@contextmanager
def named_errors(estimator: object) -> Iterator[None]:
    """Errors begin with an estimator's name; those of what it was given are `ValueError`s."""
    try:
        yield
    except (InputError, TrainingError) as error:
        kind = EstimatorError if isinstance(error, InputError) else TrainingError
        text = _FIELD.sub(r"\1", str(error))
        raise kind(f"{type(estimator).__name__}: {text}") from error


def _regularizers(given: Mapping[str, Any]) -> dict[str, Any]:
    name = given["regularizer"]
    if name is None:
        return {"l1_weights": [0.0], "groups": {UNPENALISED: {}}}
    if not isinstance(name, str):
        raise EstimatorError(f"regularizer must be text as 'sL1+sh', or None, got {name!r:.80}")
    terms = parse_regularizer(name)
    taken = [strength for term in terms for strength in term.strengths]
    strengths = {strength: given[strength] for strength in taken}
    if "l1_weight" in strengths:
        strengths["l1_weights"] = [strengths.pop("l1_weight")]
    hidden = {name: value for term in terms for name, value in _defaults(term).items()}
    for strength, value in hidden.items():
        if strengths[strength] is None:
            strengths[strength] = value
    missing = [strength for strength, value in strengths.items() if value is None]
    if missing:
        raise EstimatorError(f"regularizer {name!r} needs {listed(missing)}")
    return {"groups": {name: strengths}, "proximal": given["proximal"]}


def _defaults(term: Term) -> dict[str, float]:
    """The strengths of a hidden term in the published groups of project files, if it is in one."""
    if term.kind == "weight":
        return {}
    settings = RegularizerSettings(l1_weights=(0.0,), groups=PUBLISHED)
    for group in settings.groups:
        if term in settings.terms(group):
            return {strength: settings.grid(group)[0][strength] for strength in term.strengths}
    return {}


def _units(given: Mapping[str, Any]) -> Any:
    if "n_components" in given:
        return [given["n_components"]]
    units = given["units"]
    if isinstance(units, list | range):
        return units
    if not isinstance(units, int | float) or isinstance(units, bool):
        raise EstimatorError(f"units must be a whole number or several of them, got {units!r:.80}")
    return [units]


def _plain(value: Any) -> Any:
    """The value without numpy's types, which grids are made of."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _in_parameters(error: InvalidProjectError, given: Mapping[str, Any]) -> Iterator[str]:
    for problem in error.problems:
        *_, name = (part for part in problem.location if isinstance(part, str))
        text = problem.text.removeprefix(path(problem.location)).strip()
        if name == "units":
            name = "n_components" if "n_components" in given else "units"
        yield f"{_RENAMED.get(name, name)} {text}"


def fit_encoding(
    array: Float[np.ndarray, "row column"],
    names: Sequence[str],
    scale: Scale,
    weights: Float64[np.ndarray, " row"] | None = None,
) -> Encoding:
    """How the columns of an array of finite numbers become inputs.

    A constant column, which a table of a study must not have, is centred only: its input is 0, and
    with `minmax`, whose outputs are sigmoids, 0.5, the middle of the range. There a network without
    a single connection rebuilds it. A TableError refuses a column whose spread 64 bits cannot hold.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise EstimatorError(f"two columns are named {twice[0]!r}: rename one of them")
    columns = [array[:, place].astype(np.float64) for place in range(len(names))]
    scalings = [_scaling(column, scale, name) for column, name in zip(columns, names, strict=True)]
    squares = tuple(
        variance(column, *scaling) for column, scaling in zip(columns, scalings, strict=True)
    )
    if weights is not None:
        moments = [weighted_moments(column, weights) for column in columns]
        if scale == "standard":
            scalings = [
                (mean, deviation) if column.min() < column.max() else scaling
                for column, scaling, (mean, deviation) in zip(
                    columns, scalings, moments, strict=True
                )
            ]
        squares = tuple(
            (deviation / factor) ** 2
            for (_, deviation), (_, factor) in zip(moments, scalings, strict=True)
        )
    offsets, factors = zip(*scalings, strict=True)
    numbers = tuple(NumberColumn(name) for name in names)
    return Encoding(numbers, offsets, factors, squares, (0.0,) * len(names))


def encode(
    encoding: Encoding, array: Float[np.ndarray, "row column"]
) -> Float32[np.ndarray, "row input"]:
    """The inputs that rows of the array stand for; a TableError refuses too large numbers."""
    return encoding.transform(pd.DataFrame(array, columns=list(encoding.columns)))


def applied(
    layers: nn.Sequential, rows: Float[np.ndarray, "row unit"]
) -> Float64[np.ndarray, "row unit"]:
    """What layers make of rows, in 64 bits: so a row's result does not depend on the others."""
    with torch.no_grad():
        return deepcopy(layers).double()(torch.from_numpy(rows.astype(np.float64))).numpy()


def _scaling(values: Float64[np.ndarray, " row"], scale: Scale, name: str) -> tuple[float, float]:
    if scale != "none" and values.min() == values.max():
        return float(values[0]) - (0.5 if scale == "minmax" else 0.0), 1.0
    return fit_scaling(values, scale, name)
