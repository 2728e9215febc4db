"""What the estimators share: a population is trained, the best of its networks kept."""

import warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Float32, Float64
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)
from torch import nn

from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import EstimatorError, TrainingError
from sparse_lightning.integrations.estimators.choosing import candidates
from sparse_lightning.integrations.estimators.conversion import (
    applied,
    encode,
    fit_encoding,
    named_errors,
    project_of,
)
from sparse_lightning.integrations.estimators.exactness import check_exact
from sparse_lightning.network import Network
from sparse_lightning.nn.layers import part_of, single
from sparse_lightning.nn.surroundings import usual_torch
from sparse_lightning.project import Project
from sparse_lightning.regularizers.replica import FLOOR, Replica
from sparse_lightning.training import TrainedPopulation, replicas_of, train
from sparse_lightning.training.grid import History
from sparse_lightning.training.progress import SilentProgress, terminal_progress
from sparse_lightning.weights import layers_of

FLOATS = [np.float64, np.float32]

Array = Float[np.ndarray, "row column"]


def input_names(known: Iterable[Any] | int) -> list[str]:
    """The names of the columns that were fitted, or of so many columns without names."""
    if isinstance(known, int):
        return [f"x{place}" for place in range(known)]
    return [str(name) for name in known]


class PopulationEstimator(BaseEstimator):
    """Trains `n_seeds` networks as one population and keeps the one with the smallest objective.

    A `ConvergenceWarning` names networks that fail; where all do, it is a `TrainingError`.
    """

    _task: ClassVar[str]

    # What scikit-learn sets, and parameters that every estimator sets in its own `__init__`.
    n_features_in_: int
    regularizer: Any
    random_state: Any
    verbose: Any

    def _train(
        self,
        array: Array,
        examples_of: Any = Examples,
        weights: Float64[np.ndarray, " row"] | None = None,
    ) -> Examples:
        """Train on validated rows and set what all estimators know afterwards.

        `examples_of` makes the examples of the inputs; `weights` are those of the rows, greater
        than 0.
        """
        project = self._project()
        known = getattr(self, "feature_names_in_", None)
        names = input_names(array.shape[1] if known is None else known)
        encoding = fit_encoding(array, names, project.table.scale, weights)
        examples = examples_of(torch.from_numpy(encode(encoding, array)))
        if weights is not None:
            own = torch.from_numpy(weights / weights.mean()).float()
            examples = replace(examples, weights=own)
        population = self._population(project, examples)
        table = candidates(project, population, examples)
        objectives = table["objective"].to_numpy()
        failed = table.loc[np.isnan(objectives)]
        if len(failed):
            reasons = failed["failure"].replace("", "its penalty is not finite").unique().tolist()
            failures = f"{len(failed)} of {len(table)} networks failed ({'; '.join(reasons[:3])})"
            if len(failed) == len(table):
                raise TrainingError(
                    f"no network could be trained: {failures}; a smaller learning_rate may help"
                )
            warnings.warn(
                f"{type(self).__name__}: {failures}; the best of the others is kept",
                ConvergenceWarning,
                stacklevel=4,
            )
        best = int(np.nanargmin(objectives))
        self.population_ = table
        self.history_ = _history(population.histories[best])
        self.loss_curve_ = self.history_["training_squared_error"].tolist()
        self.network_ = Network(
            layers=layers_of(single(population.network, best)),
            encoding=encoding,
            params=self._params(population.replicas[best]),
            run_id="",
            task=self._task,
            classes=examples.classes,
            target=examples.number_target,
        )
        self.connections_ = int(table["connections"].iloc[best])
        self.squared_error_ = float(table["squared_error"].iloc[best])
        return examples

    def _project(self) -> Project:
        return project_of(self._task, self.get_params(deep=False))

    def _population(self, project: Project, examples: Examples) -> TrainedPopulation:
        # All but the floor, which a study alone needs.
        numbers = [one.number for one in replicas_of(project) if one.group != FLOOR]
        progress = terminal_progress() if self.verbose else SilentProgress()
        try:
            return train(project, examples, progress, numbers)
        finally:
            progress.close()

    def _params(self, replica: Replica) -> dict[str, Any]:
        """What the network is, under the names that tracked networks have."""
        if self.regularizer is None:
            return {"group": FLOOR, "regularizer": FLOOR, "seed": replica.seed}
        kind = {"group": replica.group, "regularizer": replica.regularizer}
        return {**kind, **replica.strengths, "seed": replica.seed}

    def _inputs(self, X: Any) -> tuple[Float32[np.ndarray, "row input"], np.dtype]:  # noqa: N803
        """The inputs of the network for rows as users have them, and the kind of their numbers."""
        check_is_fitted(self, "network_")
        with named_errors(self):
            check_exact(X)
        array = np.asarray(validate_data(self, X, reset=False, dtype=FLOATS))
        with named_errors(self):
            return encode(self.network_.encoding, array), array.dtype


class CodingEstimator(TransformerMixin, PopulationEstimator):
    """An estimator whose networks have codes in the middle, and lead back from them."""

    _code: ClassVar[str] = "code"

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: N803
        """Train the networks and keep the best.

        Args:
            X: numbers, (row, column): a frame, an array or lists.
            y: not used.
            sample_weight: how much each row counts, at least 0; default: all count the same. Hidden
                penalties are means over the rows without their weights.

        Returns:
            The estimator.

        Raises:
            ValueError: a parameter is wrong, or `X` holds text or missing values, or has one row.
            TrainingError: no network could be trained.
        """
        with named_errors(self):
            check_exact(X)
        array = np.asarray(validate_data(self, X, dtype=FLOATS, ensure_min_samples=2))
        with named_errors(self), usual_torch():
            kept, weights = counted_rows(sample_weight, array)
            self._fit(array[kept], weights)
        return self

    def _fit(self, array: Array, weights: Float64[np.ndarray, " row"] | None) -> None:
        self._train(array, weights=weights)

    def transform(self, X: Any) -> Any:  # noqa: N803
        """The codes of rows, one column a code unit.

        Args:
            X: rows with the columns that were fitted, in the same units.

        Returns:
            An array, or what `set_output` says.

        Raises:
            NotFittedError: the estimator is not fitted.
            ValueError: the columns are others, or a value is missing or too large.
        """
        inputs, kind = self._inputs(X)
        return applied(self._encoder, inputs).astype(kind)

    def inverse_transform(self, X: Any) -> Any:  # noqa: N803
        """The rows that codes stand for, in the units of the rows that were fitted.

        Args:
            X: codes, as `transform` returns them; the columns of a frame have the names of the
                codes, in their order, or are numbered.

        Returns:
            An array; of a frame of codes, a frame with the columns that were fitted.

        Raises:
            NotFittedError: the estimator is not fitted.
            ValueError: there are more or fewer codes than the network has, one is missing, or the
                columns of a frame have other names than the codes.
        """
        check_is_fitted(self, "network_")
        self._check_codes(X)
        codes = check_array(X, dtype=FLOATS)  # pyright: ignore[reportArgumentType]
        if codes.shape[1] != self._codes:
            raise EstimatorError(
                f"{type(self).__name__}: X has {codes.shape[1]} columns, expected the "
                f"{self._codes} codes of the network"
            )
        rebuilt = self.network_.encoding.inverse(applied(self._decoder, codes)).astype(codes.dtype)
        if isinstance(X, pd.DataFrame):
            return rebuilt.set_axis(X.index)
        return rebuilt.to_numpy()

    def _check_codes(self, codes: Any) -> None:
        """Refuse a frame, of pandas or another library, whose columns are not the codes."""
        given = getattr(codes, "column_names", getattr(codes, "columns", None))
        if given is None:
            return
        names, given = list(self.get_feature_names_out()), list(given)
        if given != names and all(isinstance(name, str) for name in given):
            raise EstimatorError(
                f"{type(self).__name__}: the columns of X must be {', '.join(names)} in this "
                f"order, got {', '.join(given)[:200]}"
            )

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803
        """Minus the mean squared error of rows that the network rebuilds, as it scales them.

        Args:
            X: rows with the columns that were fitted.
            y: not used.

        Returns:
            At most 0; `-squared_error_` of the rows that were fitted.
        """
        inputs, _ = self._inputs(X)
        return -mean_squared_error(self.network_.model, inputs)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the codes, `code_1` and so on, numbered as `network_.mappings()` does.

        Args:
            input_features: None, or the names of the columns that were fitted.

        Raises:
            NotFittedError: the estimator is not fitted.
            ValueError: `input_features` are not those names.
        """
        check_is_fitted(self, "network_")
        if input_features is not None:
            fitted = getattr(self, "feature_names_in_", None)
            if fitted is not None and not np.array_equal(fitted, input_features):
                raise EstimatorError("input_features is not equal to feature_names_in_")
            if len(input_features) != self.n_features_in_:
                raise EstimatorError(
                    "input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {len(input_features)}"
                )
        names = [f"{self._code}_{number}" for number in range(1, self._codes + 1)]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        assert tags.transformer_tags is not None
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _encoder(self) -> nn.Sequential:
        model = self.network_.model
        return part_of(model, 0, len(model) // 2)

    @property
    def _decoder(self) -> nn.Sequential:
        model = self.network_.model
        return part_of(model, len(model) // 2)

    @property
    def _codes(self) -> int:
        first, *_ = self._decoder
        assert isinstance(first, nn.Linear)
        return first.in_features


def counted_rows(
    given: Any, array: Array
) -> tuple[Bool[np.ndarray, " row"] | slice, Float64[np.ndarray, " row"] | None]:
    """The rows whose weight is not 0, and their weights; all rows and None without weights.

    An `EstimatorError` names the first row whose weight is negative.
    """
    if given is None:
        return slice(None), None
    options: dict[str, Any] = {"ensure_2d": False, "dtype": np.float64}
    weights = np.asarray(check_array(given, input_name="sample_weight", **options))
    if weights.ndim != 1:
        raise EstimatorError(f"sample_weight must have one axis, got {weights.ndim}")
    check_consistent_length(array, weights)
    if (weights < 0).any():
        row = int((weights < 0).argmax())
        raise EstimatorError(
            f"sample_weight must be at least 0, got {weights[row]:g} in row {row + 1}"
        )
    kept = weights > 0
    if kept.sum() < 2:
        raise EstimatorError(
            f"at least 2 rows must have a sample_weight that is not zero, got {kept.sum()}"
        )
    if kept.all() and (weights == weights[0]).all():
        return slice(None), None
    return kept, weights[kept]


def mean_squared_error(
    model: nn.Sequential,
    inputs: Float32[np.ndarray, "row input"],
    weights: Float[np.ndarray, " row"] | None = None,
) -> float:
    """The mean over rows and inputs of the squared error of a network that rebuilds them."""
    squares = np.square(applied(model, inputs) - inputs)
    if weights is None:
        return float(squares.mean())
    return float(np.average(squares.mean(1), weights=weights))


def _history(history: History) -> pd.DataFrame:
    """Connections and errors by epoch."""
    points = pd.DataFrame(history.points, columns=["metric", "epoch", "value"])
    table = points.pivot_table(index="epoch", columns="metric", values="value")
    return table.rename_axis(columns=None)
