"""SparseRegressor: an encoder that is trained as an autoencoder, with a linear output layer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import validate_data

from sparse_lightning.data.examples import Examples
from sparse_lightning.data.number_target import NumberTarget
from sparse_lightning.data.scaling import Weights, fit_scaling
from sparse_lightning.errors import EstimatorError
from sparse_lightning.integrations.estimators.base import (
    FLOATS,
    PopulationEstimator,
    counted_rows,
    input_names,
)
from sparse_lightning.integrations.estimators.conversion import applied, named_errors
from sparse_lightning.integrations.estimators.exactness import check_exact
from sparse_lightning.nn.surroundings import usual_torch


class SparseRegressor(RegressorMixin, PopulationEstimator):
    """A regressor of one or several targets under a sparsity regularizer.

    The encoder is trained as a stack of autoencoders, then a linear output layer on its codes, then
    both together. Trains `n_seeds` networks that differ in their initial weights, all at once, and
    keeps the one with the smallest objective: the squared error, summed over targets, plus the
    penalties of the whole network. Columns are scaled inside, targets standardised; a constant one
    is centred.

    Args:
        units: the hidden units of each greedy stage: 8, or (10, 8) for n-10-8-targets.
        activation: `sigmoid`, `tanh`, `relu` or `linear`.
        regularizer: terms joined by `+`: `L1`, `sL1`, `elastic`, `MCP`, `SCAD`, `logsum`, `group`,
            `hoyer`, `magnitude` or `L0` for the weights; `sh`, `sh2`, `KL`, `decs` or `topk` for
            the hidden outputs. None: no penalty.
        l1_weight: λ; of `magnitude` the share of the weights that is pruned, in (0, 1).
        l1_threshold: θ of `sL1`, `MCP`, `SCAD` and `logsum`.
        hidden_weight: η; None: that of the hidden term in the published groups; `topk` has none.
        hidden_threshold: τ of `sh` and `sh2`; None: as above.
        sparsity: ρ of `KL` and `topk`; None: as above.
        proximal: apply the weight penalties by proximal steps, which leave exact zeros; needs the
            optimizer `sgd`.
        scale: `minmax` maps columns to [0, 1], `standard` to mean 0 and variance 1, or `none`.
        n_seeds: how many networks are trained.
        epochs: of each stage.
        fine_tune_epochs: of the whole network afterwards; None: as many as `epochs`.
        batch_size: rows in a batch.
        learning_rate: of the optimizer, a tenth of it in the last fifth of the epochs.
        optimizer: `adam` or `sgd`.
        gradient_clip: the largest norm of a network's gradient; None does not clip.
        connection_threshold: a weight counts as a connection where |w| is greater.
        accelerator: of Lightning's trainer: `auto`, `cpu`, `gpu`, …
        random_state: of the initial weights; a number makes fits repeatable. None: others in every
            fit, whatever `numpy.random.seed` was given.
        verbose: whether progress is shown on standard error.

    Strengths that the regularizer does not take are passed over.

    Attributes:
        network_: the network that is kept, to read: `mappings()`, `effects(X)`, `describe(X)`,
            `draw(path)`.
        connections_: its connections.
        squared_error_: the mean over rows and standardised targets of its squared error.
        loss_curve_: the error while it was trained, at up to 50 epochs of each stage; that of the
            columns first, and from the output layer on that of the targets.
        history_: the same with connections, by epoch.
        population_: what was measured of the network of each seed.
        n_features_in_: how many columns were fitted.
        feature_names_in_: their names, where they are text.

    Examples:
        >>> regressor = SparseRegressor(6, l1_weight=0.001).fit(X, y)  # doctest: +SKIP
    """

    _task = "regressor"

    def __init__(
        self,
        units: int | Sequence[int] = 8,
        *,
        activation: str = "sigmoid",
        regularizer: str | None = "sL1",
        l1_weight: float = 0.0002,
        l1_threshold: float = 0.1,
        hidden_weight: float | None = None,
        hidden_threshold: float | None = None,
        sparsity: float | None = None,
        proximal: bool = False,
        scale: str = "minmax",
        n_seeds: int = 5,
        epochs: int = 150,
        fine_tune_epochs: int | None = None,
        batch_size: int = 64,
        learning_rate: float = 0.01,
        optimizer: str = "adam",
        gradient_clip: float | None = None,
        connection_threshold: float = 0.01,
        accelerator: str = "auto",
        random_state: Any = None,
        verbose: bool = False,
    ):
        self.units = units
        self.activation = activation
        self.regularizer = regularizer
        self.l1_weight = l1_weight
        self.l1_threshold = l1_threshold
        self.hidden_weight = hidden_weight
        self.hidden_threshold = hidden_threshold
        self.sparsity = sparsity
        self.proximal = proximal
        self.scale = scale
        self.n_seeds = n_seeds
        self.epochs = epochs
        self.fine_tune_epochs = fine_tune_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.gradient_clip = gradient_clip
        self.connection_threshold = connection_threshold
        self.accelerator = accelerator
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Train the networks and keep the best.

        Args:
            X: numbers, (row, column): a frame, an array or lists.
            y: the number of each row, or (row, target).
            sample_weight: how much each row counts, at least 0; default: all count the same. Hidden
                penalties are means over the rows without their weights.

        Returns:
            The estimator.

        Raises:
            ValueError: a parameter is wrong; `X` or `y` holds text or missing values, or has one
                row; or two targets have one name.
            TrainingError: no network could be trained.
        """
        with named_errors(self):
            check_exact(X)
        names = _names(y)
        array, y = validate_data(
            self, X, y, dtype=FLOATS, ensure_min_samples=2, multi_output=True, y_numeric=True
        )
        with named_errors(self), usual_torch():
            kept, weights = counted_rows(sample_weight, np.asarray(array))
            array = np.asarray(array)[kept]
            values = np.asarray(y, dtype=np.float64).reshape(len(y), -1)[kept]
            known = getattr(self, "feature_names_in_", None)
            inputs = input_names(array.shape[1] if known is None else known)
            target = _target(values, names, inputs, weights)
            numbers = torch.from_numpy(target.standardised(values))
            self._train(
                array,
                lambda inputs: replace(Examples(inputs), numbers=numbers, number_target=target),
                weights,
            )
        self._one_column = np.ndim(y) == 1
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """The targets of each row, in their units: `(row,)`, or `(row, target)` as `y` was.

        Args:
            X: rows with the columns that were fitted, in the same units.

        Raises:
            NotFittedError: the estimator is not fitted.
            ValueError: the columns are others, or a value is missing or too large.
        """
        inputs, _ = self._inputs(X)
        assert self.network_.target is not None
        predicted = self.network_.target.in_units(applied(self.network_.model, inputs))
        return predicted[:, 0] if self._one_column else predicted

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _names(y: Any) -> list[str] | None:
    """The names of the targets, where a frame or a series has them."""
    if isinstance(y, pd.DataFrame):
        return [str(name) for name in y.columns]
    if isinstance(y, pd.Series) and y.name is not None:
        return [str(y.name)]
    return None


def _target(
    values: Float64[np.ndarray, "row target"],
    names: list[str] | None,
    inputs: list[str],
    weights: Weights,
) -> NumberTarget:
    """How the targets are standardised; one that is the same in all rows is centred only."""
    count = values.shape[1]
    if names is None:
        names = ["y"] if count == 1 else [f"y{place}" for place in range(1, count + 1)]
    # The outputs of an autoencoder are known by the names of its inputs.
    while not set(names).isdisjoint(inputs):
        names = [f"{name}_" for name in names]
    if len(set(names)) < count:
        raise EstimatorError(f"two targets have one name: {', '.join(names[:20])}; rename one")
    scalings = [
        (float(column[0]), 1.0)
        if column.min() == column.max()
        else fit_scaling(column, "standard", name, weights)
        for name, column in zip(names, values.T, strict=True)
    ]
    means, deviations = zip(*scalings, strict=True)
    return NumberTarget(tuple(names), means, deviations)
