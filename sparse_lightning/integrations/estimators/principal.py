"""SparsePCA: sparse principal components by back-propagation."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from torch import nn

from sparse_lightning.errors import EstimatorError
from sparse_lightning.integrations.estimators.base import Array, CodingEstimator, mean_squared_error
from sparse_lightning.nn.components import contribution_ratios, covariance_of, unit_loadings
from sparse_lightning.nn.layers import single
from sparse_lightning.nn.moments import mean_of
from sparse_lightning.training.components import two_layers
from sparse_lightning.weights import layers_of


class SparsePCA(CodingEstimator):
    """Sparse principal components, trained by back-propagation.

    Trains `n_seeds` sets of components that differ in their initial loadings, all at once, and
    keeps the one with the smallest objective: the mean over rows of the sum over columns of the
    squared error, plus the penalties. Then the loadings that do not count become 0, the components
    are brought to unit length, and the best linear way back from their scores is found. Columns are
    scaled inside; a constant one is centred.

    Args:
        n_components: how many; at most as many as columns.
        decoder: while training, the loadings themselves lead back (`tied`) or the best linear map
            does (`span`), which lets sparse components be correlated.
        nesting: the share of the loss that is the mean over n of the error with the first n
            components, which makes them come in order.
        regularizer: terms joined by `+`: `L1`, `sL1`, `elastic`, `MCP`, `SCAD`, `logsum`, `group`,
            `hoyer`, `magnitude` or `L0` for the loadings; `sh`, `sh2`, `KL`, `decs` or `topk` for
            the scores. None: no penalty.
        l1_weight: λ; of `magnitude` the share of the loadings that is pruned, in (0, 1).
        l1_threshold: θ of `sL1`, `MCP`, `SCAD` and `logsum`.
        hidden_weight: η; None: that of the hidden term in the published groups; `topk` has none.
        hidden_threshold: τ of `sh` and `sh2`; None: as above.
        sparsity: ρ of `KL` and `topk`; None: as above.
        proximal: apply the penalties of the loadings by proximal steps; needs the optimizer `sgd`.
        scale: `standard` maps columns to mean 0 and variance 1, `minmax` to [0, 1], or `none`.
        n_seeds: how many sets of components are trained.
        epochs: how long.
        batch_size: rows in a batch.
        learning_rate: of the optimizer, a tenth of it in the last fifth of the epochs.
        optimizer: `adam` or `sgd`.
        gradient_clip: the largest norm of the gradient; None does not clip.
        connection_threshold: a loading counts where |v| is greater, at unit length.
        accelerator: of Lightning's trainer: `auto`, `cpu`, `gpu`, …
        random_state: of the initial loadings; a number makes fits repeatable. None: others in every
            fit, whatever `numpy.random.seed` was given.
        verbose: whether progress is shown on standard error.

    Strengths that the regularizer does not take are passed over.

    Attributes:
        components_: `(component, column)`, the loadings, at unit length, in the order of what each
            adds to the variance that is explained; the greatest loading of each is positive. Those
            that do not count are 0, so is a component without any.
        explained_variance_ratio_: what each component adds to the share of the variance of the
            scaled columns that the components explain; correlated ones are not counted twice.
        mean_: of the columns, in their units.
        scale_: what each column is divided by. Scores are (X − mean_) / scale_ @ components_.T.
        network_: loadings and the way back as a network, to read: `mappings()`, `draw(path)`.
        connections_: the number of loadings that count.
        squared_error_: the mean squared error over rows and scaled columns.
        loss_curve_: the error while training, at up to 50 epochs.
        history_: the same with the loadings that count, by epoch.
        population_: what was measured of the components of each seed.
        n_features_in_: how many columns were fitted.
        feature_names_in_: their names, where they are text.

    Examples:
        >>> scores = SparsePCA(3, l1_weight=0.1).fit_transform(X)  # doctest: +SKIP
    """

    _task = "pca"
    _code = "component"

    def __init__(
        self,
        n_components: int = 2,
        *,
        decoder: str = "tied",
        nesting: float = 0.5,
        regularizer: str | None = "sL1",
        l1_weight: float = 0.05,
        l1_threshold: float = 0.1,
        hidden_weight: float | None = None,
        hidden_threshold: float | None = None,
        sparsity: float | None = None,
        proximal: bool = False,
        scale: str = "standard",
        n_seeds: int = 5,
        epochs: int = 150,
        batch_size: int = 64,
        learning_rate: float = 0.01,
        optimizer: str = "adam",
        gradient_clip: float | None = None,
        connection_threshold: float = 0.01,
        accelerator: str = "auto",
        random_state: Any = None,
        verbose: bool = False,
    ):
        self.n_components = n_components
        self.decoder = decoder
        self.nesting = nesting
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
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.gradient_clip = gradient_clip
        self.connection_threshold = connection_threshold
        self.accelerator = accelerator
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, array: Array, weights: Float64[np.ndarray, " row"] | None) -> None:
        project = self._project()
        components, columns = project.network.units[0], array.shape[1]
        if components > columns:
            raise EstimatorError(
                f"n_components must be at most n_features={columns}, got {components}"
            )
        if not (array.min(0) < array.max(0)).any():
            raise EstimatorError("every column of X is constant, so there is no variance")
        examples = self._train(array, weights=weights)
        rows, own = examples.inputs, examples.weights
        first = self.network_.model[0]
        assert isinstance(first, nn.Linear)
        threshold = project.report.connection_threshold
        loadings = _sparse(first.weight.detach().T[None], threshold)
        mean = mean_of(rows, own).float()
        with torch.no_grad():
            model = single(two_layers(loadings, mean), 0).eval()
        cumulative = contribution_ratios(loadings, covariance_of(rows, own))[0].numpy()
        self.network_ = replace(self.network_, layers=layers_of(model))
        self.components_ = loadings[0].T.double().numpy()
        self.explained_variance_ratio_ = np.diff(cumulative, prepend=0.0)
        self.mean_ = array.mean(axis=0, dtype=np.float64)
        if weights is not None:
            self.mean_ = np.average(array.astype(np.float64), axis=0, weights=weights)
        self.scale_ = np.array(self.network_.encoding.factors)
        self.connections_ = int(np.count_nonzero(self.components_))
        self.squared_error_ = mean_squared_error(
            model, rows.numpy(), None if own is None else own.numpy()
        )


def _sparse(loadings: torch.Tensor, threshold: float) -> torch.Tensor:
    """The loadings that count, at unit length, the greatest of each component positive."""
    counting = unit_loadings(torch.where(loadings.abs() > threshold, loadings, 0.0), threshold)
    greatest = counting.gather(1, counting.abs().argmax(1, keepdim=True))
    return torch.where(greatest < 0, -counting, counting) + 0.0  # no -0.0
