"""A small trained network as an MLflow model: rows of its user's table in, rows out.

This file is the whole code of the model. It travels with the weights and needs mlflow, numpy,
pandas and safetensors; what the table's columns mean stands in `network.json` beside it.
"""

import json
import math
import re
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

VERSION = 2
"""Of `network.json`."""

MOST_SHOWN = 20
"""A message shows at most so many names."""

NUMBER = re.compile(r"[-+]?(?!0\d)(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
"""A text that spells a number; digits after a zero are a name."""

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
        values = INPUTS[variable["kind"]](variable, column)
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


def _measures(variable: dict[str, Any], column: pd.Series) -> np.ndarray:
    """The inputs of a column of numbers."""
    name, sign = variable["name"], variable.get("sign")
    if variable.get("fill") is None:
        _check_complete(name, column, "a number")
    if sign:
        decimal = variable["decimal"]
        column = column.map(
            lambda one: _unsigned(sign, decimal, one) if isinstance(one, str) else one
        )
    values = _numbers(name, column)
    return _filled(variable, values)


def _unsigned(sign: str, decimal: str, text: str) -> str:
    """A text without the sign beside its number and signs for thousands, with a decimal point."""
    bare = text.strip().removeprefix(sign).removesuffix(sign).strip()
    bare = f"-{bare[1:-1]}" if bare.startswith("(") and bare.endswith(")") else bare
    if bare == text.strip():
        return text
    bare = bare.replace("−", "-").replace("," if decimal == "." else ".", "")
    return bare.replace(decimal, ".")


def _filled(variable: dict[str, Any], values: np.ndarray, *beside: np.ndarray) -> np.ndarray:
    """A measure with what stands for missing ones, what is beside it, and where it is missing."""
    missing = np.isnan(values)
    if missing.any():
        values = np.where(missing, variable["fill"], values)
    flags = [missing] if variable.get("indicator") else []
    return np.column_stack([values, *beside, *flags]).astype(np.float64)


def _numbers(name: str, column: pd.Series) -> np.ndarray:
    kind = column.dtype
    plain = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    missing = column.isna().to_numpy()
    if pd.api.types.is_timedelta64_dtype(kind):
        values = (column / pd.Timedelta(days=1)).to_numpy(np.float64)
    elif plain or pd.api.types.is_bool_dtype(kind):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = np.array([_number(value) for value in column], dtype=np.float64)
    bad = ~np.isfinite(values) & ~missing
    if bad.any():
        raise _bad(name, column, int(bad.argmax()), "no number", "a finite number")
    values = np.where(missing, np.nan, values)
    for row in np.flatnonzero(np.abs(values) >= EXACT):
        if isinstance(column.iloc[row], Integral) and int(column.iloc[row]) != int(values[row]):
            what = "a whole number that 64-bit floats do not tell from others"
            raise _bad(name, column, int(row), what, "a number that they do")
    return values


def _number(value: object) -> float:
    if isinstance(value, str):
        text = value.strip()
        if NUMBER.fullmatch(text):
            return float(text)
        return {"true": 1.0, "false": 0.0}.get(text.lower(), math.nan)
    try:
        return float(value) if isinstance(value, Real | Decimal | np.bool_) else math.nan
    except (OverflowError, ValueError):  # a signalling NaN
        return math.inf


def _dates(variable: dict[str, Any], column: pd.Series) -> np.ndarray:
    """The inputs of a column of dates: days since the origin, month, weekday and hour."""
    name, form = variable["name"], variable["form"]
    allowed = "a date" + (f" written as {form}" if form else "")
    if variable["fill"] is None:
        _check_complete(name, column, allowed)
    dates = [_date(value, form) for value in column]
    missing = column.isna().to_numpy()
    bad = np.array([date is None for date in dates], dtype=bool) & ~missing
    if bad.any():
        raise _bad(name, column, int(bad.argmax()), "no date", allowed)
    nothing = np.datetime64("NaT")
    values = np.array([nothing if date is None else date for date in dates], "datetime64[us]")
    seconds = values.astype(np.int64) / 1_000_000
    start = np.datetime64(variable["origin"], "us").astype(np.int64) / 1_000_000
    days = np.where(missing, np.nan, (seconds - start) / 86_400)
    whole = np.rint(np.where(missing, 0, seconds)).astype(np.int64)
    parts = {
        "months": whole.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12,
        "weekdays": (whole // 86_400 + 3) % 7,  # 1970-01-01 was a Thursday
        "hours": whole % 86_400 // 3_600,
    }
    flags = [(parts[part] == place) & ~missing for part in parts for place in variable[part]]
    return _filled(variable, days, *flags)


def _date(value: Any, form: str) -> Any:
    """A date as clocks show it there, without a time zone; None if a value is none."""
    try:
        if isinstance(value, str):
            value = pd.to_datetime(value.strip(), format=form or "ISO8601")
        elif form and "-" not in form and form != "ISO8601" and isinstance(value, Real):
            value = pd.to_datetime(f"{float(value):.0f}", format=form)
        elif not (hasattr(value, "isoformat") or isinstance(value, np.datetime64)):
            return None
        date = pd.Timestamp(value)
        return None if date is pd.NaT else date.tz_localize(None).to_datetime64()
    except (ValueError, TypeError, OverflowError):
        return None


def _order(variable: dict[str, Any], column: pd.Series) -> np.ndarray:
    """The place of each row's level in its order."""
    return _filled(variable, _places(variable, column, variable["levels"], math.nan))


def _levels(variable: dict[str, Any], column: pd.Series) -> np.ndarray:
    """The 0/1 inputs of a column of levels."""
    levels = [*variable["levels"]]
    if not variable.get("open"):
        inputs = np.eye(len(levels))[_places(variable, column, levels, None).astype(int)]
        return inputs[:, int(variable["drop_first"]) :]
    other, none = bool(variable["other"]), bool(variable["missing"])
    places = _places(variable, column, levels, len(levels) if other else -1, is_open=True)
    if not variable["gaps"]:
        _check_complete(variable["name"], column, f"one of {_some(levels)}")
    places = np.where(column.isna().to_numpy(), len(levels) + other, places).astype(int)
    width = len(levels) + other + none
    return np.vstack([np.eye(width), np.zeros(width)])[places]


def _switch(variable: dict[str, Any], column: pd.Series) -> np.ndarray:
    """1 where a column has the one value that counts, else 0."""
    name, fill = variable["name"], variable.get("fill")
    if fill is None and variable["other"] is None:
        _check_complete(name, column, "text or a number")
    levels = [variable["value"]]
    if fill is None and variable["other"] is not None:
        levels = [variable["other"], variable["value"]]
        return _places(variable, column, levels, None)[:, None]
    matches = (_places(variable, column, levels, -1, is_open=True) == 0).astype(np.float64)
    if fill is not None:
        matches = np.where(column.isna().to_numpy(), fill, matches)
    return matches[:, None]


def _places(
    variable: dict[str, Any],
    column: pd.Series,
    known: list[str],
    gap: float | None,
    is_open: bool = False,
) -> np.ndarray:
    """The place of each row's level among known ones; of others in an open column `gap`.

    In a column that is not open another level is refused, and so is a missing one where `gap` is
    None, or nothing fills it.
    """
    name = variable["name"]
    allowed = "text or a number" if is_open else f"one of {_some(known)}"
    fills = variable.get("fill") is not None
    if not is_open and (gap is None or not fills):
        _check_complete(name, column, allowed)
    missing = column.isna().to_numpy()
    codes, found = _distinct(column)
    texts = [_level_text(value, variable["numeric"]) for value in found]
    for code, text in enumerate(texts):
        if text is None or not (is_open or text in known):
            what = (
                "neither text nor a number"
                if text is None
                else f"an unknown level{_did_you_mean(text, known)}"
            )
            raise _bad(name, column, int((codes == code).argmax()), what, allowed)
    outside = math.nan if gap is None else gap
    places = [float(known.index(str(text))) if text in known else outside for text in texts]
    return np.where(missing, math.nan if gap is None else gap, np.array([*places, 0.0])[codes])


def _distinct(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """The different values of a column, and the place of each row's, −1 where it is missing."""
    values = column.astype(object).to_numpy()
    try:
        codes, found = pd.factorize(values)
    except TypeError:  # lists and the like, which are refused one by one
        return np.arange(len(values)), values
    return codes, np.asarray(found)


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


INPUTS: dict[str, Callable[[dict[str, Any], pd.Series], np.ndarray]] = {
    "number": _measures,
    "ordered": _order,
    "binary": _switch,
    "levels": _levels,
    "date": _dates,
}
"""What makes the inputs of a column of each kind."""


def _decoded(variable: dict[str, Any], values: np.ndarray) -> pd.Series:
    """The user's column that the values of its inputs stand for."""
    if variable["kind"] == "number":
        return _without(variable, values, pd.Series(values[:, 0]))
    if variable["kind"] == "date":
        return _decoded_dates(variable, values)
    numeric = variable["numeric"]
    if variable["kind"] == "binary":
        other = variable["other"]
        numeric = numeric and other is not None
        levels = [f"not {variable['value']}" if other is None else other, variable["value"]]
        places = (values[:, 0] >= 0.5).astype(int)
    elif variable["kind"] == "ordered":
        levels = variable["levels"]
        places = np.rint(np.clip(values[:, 0], 0, len(levels) - 1)).astype(int)
    else:
        other = variable.get("other")
        levels = [*variable["levels"], *([other] if other else [])]
        numeric = numeric and not other
        places = values.argmax(axis=1)
        if variable["drop_first"]:
            places = np.where((values < 0.5).all(axis=1), 0, places + 1)
    missing = places >= len(levels)
    places = np.where(missing, 0, places)
    if numeric:
        return pd.Series(np.array([float(level) for level in levels])[places]).mask(missing)
    return pd.Series(np.array(levels, dtype=object)[places], dtype="str").mask(missing)


def _decoded_dates(variable: dict[str, Any], values: np.ndarray) -> pd.Series:
    start = np.datetime64(variable["origin"], "us").astype(np.int64) / 86_400_000_000
    days = values[:, 0] + start
    days = np.clip(np.rint(days) if variable["whole_days"] else days, -700_000, 2_900_000)
    seconds = np.rint(days * 86_400).astype(np.int64)
    dates = pd.Series(seconds.astype("datetime64[s]").astype("datetime64[us]"))
    dates = _without(variable, values, dates)
    form = variable["form"]
    if form == "ISO8601":
        form = "%Y-%m-%d" if variable["whole_days"] else "%Y-%m-%dT%H:%M:%S"
    return dates.dt.strftime(form).astype("str") if form else dates


def _without(variable: dict[str, Any], values: np.ndarray, column: pd.Series) -> pd.Series:
    """A column with no value where its indicator says so."""
    return column.mask(values[:, -1] >= 0.5) if variable.get("indicator") else column


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
