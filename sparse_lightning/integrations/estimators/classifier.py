"""SparseClassifier: an encoder that is trained as an autoencoder, with an output layer."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
import torch
from jaxtyping import Float32
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from sparse_lightning.data.cells.levels import level_text
from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import EstimatorError
from sparse_lightning.integrations.estimators.base import (
    FLOATS,
    PopulationEstimator,
    counted_rows,
)
from sparse_lightning.integrations.estimators.conversion import applied, named_errors
from sparse_lightning.integrations.estimators.exactness import check_exact, exact_classes
from sparse_lightning.nn.surroundings import usual_torch


class SparseClassifier(ClassifierMixin, PopulationEstimator):
    """A classifier under a sparsity regularizer.

    The encoder is trained as a stack of autoencoders, then an output layer on its codes, then both
    together. Trains `n_seeds` networks that differ in their initial weights, all at once, and keeps
    the one with the smallest objective: the loss, summed over classes, plus the penalties of the
    whole network. Columns are scaled inside; a constant one is centred.

    Args:
        units: the hidden units of each greedy stage: 8, or (10, 8) for n-10-8-classes.
        activation: `sigmoid`, `tanh`, `relu` or `linear`.
        loss: `squared_error` of one-hot classes with sigmoid outputs, or `cross_entropy` with
            softmax.
        class_weight: factors on the losses of the rows of each class, for where some are rare: a
            mapping from class to factor (others: 1), or `balanced`, rows / (classes · rows of the
            class). The pre-training, which knows no classes, takes none. None: 1.
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
        classes_: the classes, sorted, in the order of `predict_proba`.
        network_: the network that is kept, to read: `mappings()`, `describe()`, `draw(path)`.
        connections_: its connections.
        squared_error_: the mean over rows and classes of its squared error of one-hot classes.
        loss_curve_: the error while it was trained, at up to 50 epochs of each stage; that of the
            columns first, and from the output layer on that of the classes.
        history_: the same with connections, by epoch.
        population_: what was measured of the network of each seed.
        n_features_in_: how many columns were fitted.
        feature_names_in_: their names, where they are text.

    Examples:
        >>> classifier = SparseClassifier(6, l1_weight=0.001).fit(X, y)  # doctest: +SKIP
    """

    _task = "classifier"

    def __init__(
        self,
        units: int | Sequence[int] = 8,
        *,
        activation: str = "sigmoid",
        loss: str = "squared_error",
        class_weight: Any = None,
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
        self.loss = loss
        self.class_weight = class_weight
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
            y: the class of each row.
            sample_weight: how much each row counts, at least 0; default: all count the same. Hidden
                penalties are means over the rows without their weights.

        Returns:
            The estimator.

        Raises:
            ValueError: a parameter is wrong; `X` holds text or missing values, or has one row; or
                `y` has one class or holds no classes.
            TrainingError: no network could be trained.
        """
        with named_errors(self):
            check_exact(X)
        array, y = validate_data(self, X, exact_classes(y), dtype=FLOATS, ensure_min_samples=2)
        check_classification_targets(y)
        with named_errors(self):
            kept, weights = counted_rows(sample_weight, np.asarray(array))
        array, y = np.asarray(array)[kept], np.asarray(y)[kept]
        classes, codes = np.unique(y, return_inverse=True)
        with named_errors(self), usual_torch():
            if len(classes) < 2:
                (only,) = classes.tolist()
                raise EstimatorError(f"y must hold at least 2 classes, got 1 class: {only!r:.80}")
            labels, names = torch.from_numpy(codes.astype(np.int64)), _names(classes)
            factors = _factors(self.class_weight, classes, y)
            self._train(
                array,
                lambda inputs: Examples(inputs, labels, names, class_weights=factors),
                weights,
            )
        self.classes_ = classes
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """The most probable class of each row.

        Args:
            X: rows with the columns that were fitted, in the same units.

        Raises:
            NotFittedError: the estimator is not fitted.
            ValueError: the columns are others, or a value is missing or too large.
        """
        places = self.predict_proba(X).argmax(axis=1)
        return self.classes_[places]

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """The probabilities of the classes, one column a class as in `classes_`.

        With the loss `squared_error` each output estimates its class by itself; here they are
        divided by their sum.

        Args:
            X: rows with the columns that were fitted, in the same units.

        Raises:
            NotFittedError: the estimator is not fitted.
            ValueError: the columns are others, or a value is missing or too large.
        """
        inputs, _ = self._inputs(X)
        # Saturated outputs may all be 0; then the classes are equally probable.
        outputs = applied(self.network_.model, inputs) + np.finfo(np.float64).tiny
        return outputs / outputs.sum(axis=1, keepdims=True)


def _factors(
    given: Any, classes: np.ndarray, y: np.ndarray
) -> Float32[torch.Tensor, " class"] | None:
    """What the losses of the rows of each class are multiplied by."""
    if given is None:
        return None
    if not isinstance(given, Mapping) and not (isinstance(given, str) and given == "balanced"):
        raise EstimatorError(
            "class_weight must be None, 'balanced' or a mapping from classes to factors, got "
            f"{given!r:.80}"
        )
    known = classes.tolist()
    for one, factor in given.items() if isinstance(given, Mapping) else ():
        if one not in known:
            raise EstimatorError(
                f"class_weight names the class {one!r:.80}, which y does not hold; classes: "
                f"{', '.join(map(repr, known[:20]))}"
            )
        if not isinstance(factor, Real) or not 0 <= float(factor) < math.inf:
            raise EstimatorError(
                f"class_weight of {one!r:.80} must be a number of at least 0, got {factor!r:.80}"
            )
    return torch.from_numpy(compute_class_weight(given, classes=classes, y=y).astype(np.float32))


def _names(classes: np.ndarray) -> tuple[str, ...]:
    """The classes as text: numbers as `level_text` writes them."""
    return tuple(
        level_text(one) if isinstance(one, str | float) else str(one) for one in classes.tolist()
    )
