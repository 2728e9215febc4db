"""SparseAutoencoder: stacked autoencoders as a transformer."""

from collections.abc import Sequence
from typing import Any

from sparse_lightning.integrations.estimators.base import CodingEstimator


class SparseAutoencoder(CodingEstimator):
    """A stack of autoencoders under a sparsity regularizer.

    Trains `n_seeds` networks that differ in their initial weights, all at once, and keeps the one
    with the smallest objective: the mean over rows of the sum over columns of the squared error,
    plus the penalties of the whole network. Columns are scaled inside; a constant one is centred.

    Args:
        units: the hidden units of each greedy stage: 8, or (10, 8) for a stack n-10-8-10-n.
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
        fine_tune_epochs: of the whole stack afterwards.
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
        network_: the network that is kept, to read: `mappings()`, `describe()`, `draw(path)`.
        connections_: its connections.
        squared_error_: its mean squared error over rows and scaled columns.
        loss_curve_: the error while it was trained, at up to 50 epochs of each stage.
        history_: the same with connections, by epoch.
        population_: what was measured of the network of each seed.
        n_features_in_: how many columns were fitted.
        feature_names_in_: their names, where they are text.

    Examples:
        >>> codes = SparseAutoencoder(4, regularizer="sL1").fit_transform(X)  # doctest: +SKIP
    """

    _task = "sae"

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
        fine_tune_epochs: int = 0,
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
