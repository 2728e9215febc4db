"""Principal components by back-propagation: linear units with one shared matrix of loadings."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.errors import TrainingError
from sparse_lightning.nn.components import Covariance, Loadings, exact_components
from sparse_lightning.nn.layers import BatchedLinear
from sparse_lightning.nn.population import Optimization, PopulationModule

Decoder = Literal["tied", "span"]
PerReplica = Float[Tensor, " replica"]

NESTING = 0.5
"""The share of the nested loss by default.

The plain mean over n, a share of 1, orders components as well, but spends the loadings of the first
ones on variance that later ones explain with fewer.
"""

START = 0.1
"""How far from the exact components the decoder `span` starts: the length of the seed's part."""

JITTER = 1e-6
"""Added to the squared lengths of unit vectors, so that dependent ones have a decomposition."""


class PrincipalComponents(PopulationModule):
    """Finds the loadings V of every replica by the squared error of reconstructing x from x V.

    With V_n the first n of N components, the loss of a replica is the nested error

        E = Σ_n a_n E_n,  a_n = nesting / N, and 1 − nesting more for n = N

    where E_n is the mean over rows of the sum over inputs of the squared error,

        tied:  of x V_n V_nᵀ              E_n = tr C − 2 tr(V_nᵀCV_n) + tr(V_nᵀCV_n V_nᵀV_n)
        span:  of x V_n (V_nᵀV_n)⁻¹ V_nᵀ  E_n = tr C − tr((V_nᵀV_n)⁻¹ V_nᵀCV_n)

    so that the covariance matrix C of inputs with mean 0 is all it takes and the loss is exact
    whatever the batches are. Nesting, in [0, 1], makes components come out in order; with less of
    it sparse components have more room, with 0 they come in no order. `tied` is the published
    method: one matrix there and back, which holds the components at unit length and at right angles
    unless a penalty pulls. `span` decodes by the best linear map instead, so that sparse components
    may be correlated, and its error is the very criterion `contribution_ratios`. The error does not
    depend on the lengths of the components: they are brought back to 1 after each step, and
    penalties act on directions.

    Where replicas have samples of the rows of their own, `sampled` holds the covariance of each.

    The batches of rows feed the scores x V, which hidden regularizers penalise, and nothing else.
    Raises `TrainingError` if there are more components than inputs, or a setting is out of range.
    """

    hidden_layers = ("encoder.1",)
    unbounded_units = True

    def __init__(
        self,
        loadings: Loadings,
        covariance: Covariance,
        optimization: Optimization,
        rates: PerReplica | None = None,
        decoder: Decoder = "tied",
        nesting: float = NESTING,
        sampled: Float[Tensor, "sample input input"] | None = None,
    ):
        replicas, inputs, components = loadings.shape
        super().__init__(replicas, optimization, rates)
        _check(inputs, components, decoder, nesting)
        layer = BatchedLinear(loadings, loadings.new_zeros(replicas, 1, components))
        layer.bias.requires_grad_(False)
        self.encoder = nn.Sequential(layer, nn.Identity())
        self.decoder = decoder
        self._penalised = False  # whether the scores are, by a callback
        weights = nested_weights(components, nesting).to(loadings)
        self.register_buffer("covariance", covariance.to(loadings), persistent=False)
        self.register_buffer("nested", weights, persistent=False)
        sampled = None if sampled is None else sampled.to(loadings)
        self.register_buffer("sampled", sampled, persistent=False)
        self.covariance: Tensor
        self.sampled: Tensor | None
        self.nested: Tensor

    @classmethod
    def initialise(
        cls,
        covariance: Covariance,
        components: int,
        seeds: Sequence[int],
        optimization: Optimization,
        rates: PerReplica | None = None,
        decoder: Decoder = "tied",
        nesting: float = NESTING,
    ) -> "PrincipalComponents":
        """Start from what each replica's seed draws.

        The decoder `tied` starts from the draw of any layer, uniform in ±1/√inputs. `span` starts
        near the exact components, as scikit-learn's SparsePCA does: far from them its error has
        sparse local minima, and the first components end there.
        """
        inputs = len(covariance)
        _check(inputs, components, decoder, nesting)
        drawn = BatchedLinear.initialise(inputs, components, seeds).weight.detach()
        if decoder == "span":
            # The draw's columns have a length of about 1/√3.
            drawn = exact_components(covariance.float(), components) + START * 3**0.5 * drawn
        return cls(drawn, covariance, optimization, rates, decoder, nesting)

    @property
    def loadings(self) -> Loadings:
        """V as it is now, without a gradient."""
        return self._weight.detach()

    def forward(
        self, x: Float[Tensor, "*replica batch input"]
    ) -> Float[Tensor, "replica batch component"]:
        """The scores x V."""
        return self.encoder(x)

    def errors(self, batch: Float[Tensor, "batch unit"]) -> tuple[PerReplica, int | float]:
        # The loss is short of digits in 16 bits, and its decompositions do not exist there.
        with torch.autocast(self.device.type, enabled=False):
            error = LOSSES[self.decoder](self._weight, self._own_covariance, self.nested)
        rows, inputs = self.row_count(batch), self.inputs(batch)
        error = error * rows
        if self._penalised:
            error = error + _Zero.apply(self(inputs))
        return error, rows * inputs.shape[1]

    def on_fit_start(self) -> None:
        callbacks = getattr(self.trainer, "callbacks", ())
        self._penalised = any(getattr(x, "kind", None) == "hidden" for x in callbacks)
        # A fit that goes on has them at unit length, but for a rounding that would change its bits.
        if self.trainer.ckpt_path is None:
            self._normalise()

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        super().on_train_batch_end()
        self._normalise()

    @property
    def _own_covariance(self) -> Tensor:
        """That of all replicas, or of each one's sample."""
        if self.sampled is None or self.samples is None:
            return self.covariance
        return self.sampled[self.samples]

    @property
    def _weight(self) -> Tensor:
        layer = self.encoder[0]
        assert isinstance(layer, BatchedLinear)
        return layer.weight

    def _normalise(self) -> None:
        if self.decoder == "span":
            with torch.no_grad():
                length = self._weight.norm(dim=1, keepdim=True)
                # A length that overflows would make its component 0, and hide that it has failed.
                length = torch.where(length.isfinite(), length, torch.nan)
                self._weight.div_(torch.where(length == 0, 1.0, length))


def nested_weights(components: int, nesting: float) -> Float[Tensor, " component"]:
    """Σ_{n ≥ j} a_n for each component j: the share of the loss in which it takes part."""
    mean = 1 - torch.arange(components, dtype=torch.float64) / components
    return nesting * mean + (1 - nesting)


def tied_error(
    loadings: Loadings,
    covariance: Float[Tensor, "*replica input input"],
    nested: Float[Tensor, " component"],
) -> PerReplica:
    """The nested error of x V_n V_nᵀ.

        tr C − 2 Σ_j w_j A_jj + Σ_ij min(w_i, w_j) A_ij M_ij,  A = VᵀCV, M = VᵀV

    The weights w of `nested_weights` fall from 1, so that a pair of components takes part in the
    errors of which both do.
    """
    both = torch.minimum(nested[:, None], nested[None, :])
    projected = loadings.mT @ (covariance @ loadings)
    products = loadings.mT @ loadings
    own = projected.diagonal(dim1=1, dim2=2) @ nested
    return _trace(covariance) - 2 * own + (both * projected * products).sum((1, 2))


def span_error(
    loadings: Loadings,
    covariance: Float[Tensor, "*replica input input"],
    nested: Float[Tensor, " component"],
) -> PerReplica:
    """The nested error of projecting x on the span of V_n, whose columns have unit lengths, or
    nearly.

        tr C − Σ_j w_j q_jᵀ C q_j,  q the columns of V L⁻ᵀ, VᵀV = L Lᵀ

    The weights w are those of `nested_weights`, the columns q those of Gram and Schmidt: the first
    n span what the first n of V do.
    """
    products = loadings.mT @ loadings
    products = products + JITTER * torch.eye(products.shape[1]).to(products)
    # Unlike `cholesky`, this gives NaN to one replica where the other raises for all.
    factor, failed = torch.linalg.cholesky_ex(products)
    factor = torch.where((failed == 0)[:, None, None], factor, torch.nan)
    orthonormal = torch.linalg.solve_triangular(factor, loadings.mT, upper=False)
    variances = ((orthonormal @ covariance) * orthonormal).sum(2)
    return _trace(covariance) - variances @ nested


def _trace(covariance: Float[Tensor, "*replica input input"]) -> Float[Tensor, "*replica"]:
    return covariance.diagonal(dim1=-2, dim2=-1).sum(-1)


LOSSES = {"tied": tied_error, "span": span_error}


class _Zero(torch.autograd.Function):
    """0 for each replica, with the gradient 0: leaves the loss alone and has scores in its graph.

    Hidden regularizers add their gradient to the one that comes down to the scores. A product with
    0 would pass on what is not finite.
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:
        ctx.shape = scores.shape
        return scores.new_zeros(len(scores))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0].new_zeros(ctx.shape)


def _check(inputs: int, components: int, decoder: str, nesting: float) -> None:
    if not 1 <= components <= inputs:
        raise TrainingError(
            f"components must be between 1 and the {inputs} inputs, got {components}"
        )
    if decoder not in get_args(Decoder):
        raise TrainingError(f"decoder must be tied or span, got {decoder!r}")
    if not 0 <= nesting <= 1:
        raise TrainingError(f"nesting must be between 0 and 1, got {nesting:g}")
