"""A small trained network as an MLflow model: rows of its user's table in, rows out.

This file is the whole code of the model. It travels with the weights and needs mlflow, numpy,
pandas and safetensors; what the table's columns mean stands in `network.json` beside it.
"""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel
from safetensors.numpy import load_file

VERSION = 1
"""Of `network.json`."""

MOST_SHOWN = 20
"""A message shows at most so many names."""

EXACT = 2**53
"""Up to here every whole number has a 64-bit float of its own, and is written without a point."""


def _sigmoid(values: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(values))  # never overflows
    return np.where(values >= 0, 1, small) / (1 + small)


def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
    "linear": lambda values: values,
    "softmax": _softmax,
}


class TabularNetwork(PythonModel):
    """An autoencoder, components, a classifier or a regressor, with the encoding of its table."""

    def load_context(self, context: Any) -> None:
        """Read the description and the weights."""
        with open(context.artifacts["description"], encoding="utf-8") as file:
            self.description = json.load(file)
        if self.description["version"] != VERSION:
            raise MlflowException(
                f"network.json has version {self.description['version']}, expected {VERSION}"
            )
        self.variables = self.description["encoding"]["variables"]
        self.weights = load_file(context.artifacts["weights"])
        values = self.description["class_values"]
        text = bool(values) and isinstance(values[0], str)
        self.classes_ = np.array(values, dtype=object if text else None)

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> Any:
        """Apply the network to rows of the table.

        Args:
            context: not used.
            model_input: the columns that the network was trained on, in the user's units.
            params: of a classifier `{"probabilities": True}` asks for its outputs, too.

        Returns:
            Of a classifier the class of each row, as the table holds it: text, a number or a
            boolean. With `probabilities` a frame, `class` and a column `probability_CLASS` for each
            class. Of a regressor a frame of the targets in their units. Otherwise the reconstructed
            columns and the codes or component scores.

        Raises:
            MlflowException: a column is missing, or a value is missing, of the wrong type, an
                unknown level or too large; a scoring server answers with status 400.
        """
        outputs, codes = self._apply(self._encode(model_input))
        if self.description["task"] == "classifier":
            classes = pd.Series(self.classes_[outputs.argmax(axis=1)], name="class")
            if self.classes_.dtype == object:
                classes = classes.astype("str")
            if not (params or {}).get("probabilities"):
                return classes.set_axis(model_input.index)
            frame = pd.DataFrame(outputs, columns=self.description["outputs"][1:])
            frame.insert(0, "class", classes)
        elif self.description["task"] == "regressor":
            target = self.description["target"]
            numbers = outputs.astype(np.float64) * np.array(target["deviations"])
            frame = pd.DataFrame(numbers + np.array(target["means"]), columns=target["names"])
        else:
            scores = pd.DataFrame(codes, columns=self.description["outputs"][len(self.variables) :])
            frame = pd.concat([self._decode(outputs), scores], axis=1)
        return frame.set_axis(model_input.index)

    def predict_proba(self, model_input: pd.DataFrame) -> np.ndarray:
        """The probabilities of a classifier's classes, `(row, class)` in the order of `classes_`.

        They are the outputs, divided by their sum, which is 1 already with the loss
        `cross_entropy`. Raises what `predict` does.
        """
        outputs, _ = self._apply(self._encode(model_input))
        # Saturated outputs may all be 0; then the classes are equally probable.
        outputs = outputs.astype(np.float64) + np.finfo(np.float64).tiny
        return outputs / outputs.sum(axis=1, keepdims=True)

    def _apply(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The outputs, and the values after the layer of the codes."""
        codes = values
        for place, kind in enumerate(self.description["layers"]):
            if kind == "dense":
                weight, bias = self.weights[f"{place}.weight"], self.weights[f"{place}.bias"]
                values = values @ weight.T + bias
            else:
                values = ACTIVATIONS[kind](values)
            if place + 1 == self.description["code_layers"]:
                codes = values
        return values, codes

    def _encode(self, frame: pd.DataFrame) -> np.ndarray:
        # As pandas calls them in a Parquet file.
        known = [
            str(tuple(map(str, name)) if isinstance(name, tuple) else name)
            for name in frame.columns
        ]
        parts, faults = [np.empty((len(frame), 0), dtype=np.float32)], []
        for variable in self.variables:
            try:
                parts.append(self._inputs(variable, frame, known))
            except MlflowException as error:
                faults.append(error.message)
        if faults:
            raise _refused("\n".join(faults))
        return np.hstack(parts)

    def _inputs(
        self, variable: dict[str, Any], frame: pd.DataFrame, known: list[str]
    ) -> np.ndarray:
        """The inputs that one column of the table becomes."""
        name = variable["name"]
        if known.count(name) != 1:
            raise _refused(
                f"several columns are named {name!r}"
                if name in known
                else f"there is no column {name!r}{_did_you_mean(name, known)} "
                f"(the model takes: {_some([one['name'] for one in self.variables])})"
            )
        column = frame.iloc[:, known.index(name)]
        values = _numbers(name, column) if variable["kind"] == "number" else None
        values = values[:, None] if values is not None else _levels(variable, column)
        with np.errstate(over="ignore"):
            scaled = (values - np.array(variable["offsets"])) / np.array(variable["factors"])
            inputs = scaled.astype(np.float32)
        if not np.isfinite(inputs).all():
            row = int((~np.isfinite(inputs)).any(axis=1).argmax())
            raise _bad(name, column, row, "too large", "a number that 32 bits can hold")
        return inputs

    def _decode(self, outputs: np.ndarray) -> pd.DataFrame:
        columns, start = {}, 0
        for variable in self.variables:
            stop = start + len(variable["offsets"])
            values = outputs[:, start:stop].astype(np.float64)
            values = values * np.array(variable["factors"]) + np.array(variable["offsets"])
            columns[variable["name"]] = _decoded(variable, values)
            start = stop
        return pd.DataFrame(columns, index=pd.RangeIndex(len(outputs)))


def _numbers(name: str, column: pd.Series) -> np.ndarray:
    kind = column.dtype
    plain = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    _check_complete(name, column, "a number")
    if plain or pd.api.types.is_bool_dtype(kind):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = np.array([_number(value) for value in column], dtype=np.float64)
    if not np.isfinite(values).all():
        row = int((~np.isfinite(values)).argmax())
        raise _bad(name, column, row, "no number", "a finite number")
    for row in np.flatnonzero(np.abs(values) >= EXACT):
        if isinstance(column.iloc[row], Integral) and int(column.iloc[row]) != int(values[row]):
            what = "a whole number that 64-bit floats do not tell from others"
            raise _bad(name, column, int(row), what, "a number that they do")
    return values


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, Real | Decimal | np.bool_) else math.nan
    except (OverflowError, ValueError):  # a signalling NaN
        return math.inf


def _levels(variable: dict[str, Any], column: pd.Series) -> np.ndarray:
    """The 0/1 inputs of a column of levels."""
    name = variable["name"]
    known = _known_levels(variable)
    allowed = f"one of {_some(known)}" if known else "text or a number"
    _check_complete(name, column, allowed)
    codes, found = _distinct(column)
    texts = [_level_text(value, variable["numeric"]) for value in found]
    for code, text in enumerate(texts):
        if text is None or (known and text not in known):
            what = (
                "neither text nor a number"
                if text is None
                else f"an unknown level{_did_you_mean(text, known)}"
            )
            raise _bad(name, column, int((codes == code).argmax()), what, allowed)
    if variable["kind"] == "binary":
        return np.array([text == variable["value"] for text in texts], dtype=float)[codes][:, None]
    places = np.array([known.index(str(text)) for text in texts], dtype=int)
    return np.eye(len(known))[places[codes]][:, int(variable["drop_first"]) :]


def _distinct(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """The different values of a complete column, and the place of each row's among them."""
    values = column.astype(object).to_numpy()
    try:
        codes, found = pd.factorize(values)
    except TypeError:  # lists and the like, which are refused one by one
        return np.arange(len(values)), values
    return codes, np.asarray(found)


def _known_levels(variable: dict[str, Any]) -> list[str]:
    """All levels of a column; none where every level is known."""
    if variable["kind"] == "levels":
        return variable["levels"]
    return [] if variable["other"] is None else [variable["other"], variable["value"]]


def _level_text(value: object, numeric: bool) -> str | None:
    """What the level is called; where levels are numbers, a text may spell one: `250.0` is 250."""
    if isinstance(value, str):
        return _spelled(value) if numeric else value
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite():
        whole = value == value.to_integral_value()
        return str(int(value)) if whole else f"{value.normalize():f}"
    return _float_text(_number(value))


def _float_text(number: float) -> str | None:
    if not math.isfinite(number):
        return None
    return str(int(number)) if number.is_integer() and abs(number) <= EXACT else repr(number)


def _spelled(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    own = _float_text(number)
    return own if own is not None and text.strip() in (own, repr(number)) else text


def _decoded(variable: dict[str, Any], values: np.ndarray) -> pd.Series:
    """The user's column that the values of its inputs stand for."""
    if variable["kind"] == "number":
        return pd.Series(values[:, 0])
    numeric = variable["numeric"]
    if variable["kind"] == "binary":
        other = variable["other"]
        numeric = numeric and other is not None
        levels = [f"not {variable['value']}" if other is None else other, variable["value"]]
        places = (values[:, 0] >= 0.5).astype(int)
    else:
        levels = variable["levels"]
        places = values.argmax(axis=1)
        if variable["drop_first"]:
            places = np.where((values < 0.5).all(axis=1), 0, places + 1)
    if numeric:
        return pd.Series(np.array([float(level) for level in levels])[places])
    return pd.Series(np.array(levels, dtype=object)[places], dtype="str")


def _check_complete(name: str, column: pd.Series, allowed: str) -> None:
    missing = column.isna().to_numpy()
    if missing.any():
        rest = f" and in {missing.sum() - 1} more rows" if missing.sum() > 1 else ""
        raise _refused(
            f"column {name!r} has no value in row {missing.argmax() + 1}{rest}; it takes {allowed}"
        )


def _bad(name: str, column: pd.Series, row: int, what: str, allowed: str) -> MlflowException:
    value = column.iloc[row]
    value = value.item() if isinstance(value, np.generic) else value
    return _refused(
        f"column {name!r} holds {value!r:.80} in row {row + 1}, {what}; it takes {allowed}"
    )


def _refused(message: str) -> MlflowException:
    return MlflowException(message, error_code=INVALID_PARAMETER_VALUE)


def _some(names: list[str]) -> str:
    shown = ", ".join(f"{name:.60}" for name in names[:MOST_SHOWN])
    return shown + (f", … {len(names)} in all" if len(names) > MOST_SHOWN else "")


def _did_you_mean(name: str, known: list[str]) -> str:
    names = {one.lower(): one for one in known}
    found = get_close_matches(name[:100].lower(), list(names), n=1)
    return f" (did you mean {names[found[0]]}?)" if found else ""


set_model(TabularNetwork())
