"""Principal components: exact and sparse ones, how much they explain, with how many loadings.

Loadings are `(replica, input, component)`; a component is the linear unit x·v. What counts of a
component is its direction, since scores can be scaled at will: a method that shrinks its loadings
must not get them below the threshold by that. So every method's loadings are brought to unit length
before they are counted; scikit-learn's SparsePCA returns them so.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sparse_lightning.nn import moments

Loadings = Float[Tensor, "replica input component"]
Covariance = Float[Tensor, "input input"]
PerComponent = Float[Tensor, "replica component"]

DEPENDENT = 1e-5
"""A unit vector that is no further than this from the span of others adds nothing to it."""


def covariance_of(
    rows: Float[Tensor, "row input"], weights: Float[Tensor, " row"] | None = None
) -> Covariance:
    """The covariance matrix of a table, of the population: divided by the number of rows."""
    return moments.covariance_of(rows, weights).to(rows.dtype)


def exact_components(covariance: Covariance, components: int) -> Loadings:
    """The eigenvectors of the greatest eigenvalues, in their order, as a population of one.

    The sign of a component is arbitrary; here its greatest loading is positive.
    """
    _, vectors = torch.linalg.eigh(covariance.double())
    chosen = vectors.flip(1)[:, :components]
    greatest = chosen.gather(0, chosen.abs().argmax(0, keepdim=True))
    return (chosen * greatest.sign())[None].to(covariance.dtype)


def sparse_pca(
    rows: Float[Tensor, "row input"], components: int, alphas: Sequence[float], seed: int = 0
) -> Loadings:
    """The components of scikit-learn's SparsePCA of a standardised table, one replica an `alpha`.

    Its loadings have unit length and come in no order. It minimises ½‖X − UV‖² + α‖V‖₁ with scores
    U of bounded length that are free, not tied to the loadings V.
    """
    # Only comparisons need it.
    from sklearn.decomposition import SparsePCA

    table = rows.double().numpy()
    found = [
        # Its annotation of alpha is narrower than what it takes.
        SparsePCA(components, alpha=alpha, random_state=seed)  # pyright: ignore[reportArgumentType]
        .fit(table)
        .components_.T
        for alpha in alphas
    ]
    return torch.from_numpy(np.stack(found)).to(rows.dtype)


def unit_loadings(loadings: Loadings, threshold: float = 0.01) -> Loadings:
    """Every component at unit length; one without a loading |v| > threshold is dead, and 0.

    Without the second rule, the noise that training leaves of a component that a penalty has
    removed would be blown up to a component with loadings on every input.
    """
    alive = loadings.abs().amax(1, keepdim=True) > threshold
    return torch.where(alive, _unit(loadings), 0.0)


def mean_loadings(loadings: Loadings, threshold: float = 0.01) -> PerComponent:
    """The mean number of loadings with |v| > threshold of the first n components at unit length.

    It is given for n = 1, 2, …; the lengths of the loadings do not matter, see `unit_loadings` for
    components that are dead.
    """
    counts = (_unit(loadings).abs() > threshold).sum(1).to(torch.float64)
    return counts.cumsum(1) / torch.arange(1, counts.shape[1] + 1, device=counts.device)


def contribution_ratios(loadings: Loadings, covariance: Covariance) -> PerComponent:
    """The cumulative contribution ratio, adjusted for correlated components.

        tr(P_n C) / tr C,  P_n the projection on the span of the first n loading vectors

    It is given for n = 1, 2, …, between 0 and 1, in 64 bits; the trace of C must be positive. Of
    uncorrelated, orthogonal components this is the usual sum of variances. A component that is 0 or
    depends on those before it adds nothing; the lengths of the loadings do not matter.
    """
    vectors, matrix = _unit(loadings.double()), covariance.double()
    gains = []
    for n in range(vectors.shape[2]):
        # The next component's residual is in front: those before it have been projected out.
        direction = _direction(vectors[:, :, n])
        gains.append(_variance(direction[:, :, None], matrix)[:, 0])
        vectors = _without(vectors, direction)
    return torch.stack(gains, 1).cumsum(1) / matrix.trace()


def by_contribution(loadings: Loadings, covariance: Covariance) -> Loadings:
    """The components in the order of what each adds to the contribution ratio of those before it.

    The first is the one of the greatest variance, the next the one that adds most to it, and so on.
    Methods that optimise all components at once return them in no order, and sparse components that
    were found in order need not stay in it.
    """
    order = torch.stack(list(_greedily(_unit(loadings.double()), covariance.double())), 1)
    return loadings.gather(2, order[:, None, :].expand_as(loadings))


def span_decoder(loadings: Loadings) -> Float[Tensor, "replica component input"]:
    """The best linear way back from the scores, (VᵀV)⁻¹Vᵀ or, in general, V's pseudo-inverse.

    x V (VᵀV)⁻¹ Vᵀ is the projection of x on the span of the components: the reconstruction whose
    share of explained variance `contribution_ratios` gives, as two linear layers.
    """
    inverse = torch.linalg.pinv(loadings.double(), rtol=DEPENDENT)
    return inverse.to(loadings.dtype)


def _greedily(vectors: Loadings, covariance: Covariance) -> Iterator[Tensor]:
    replicas = torch.arange(len(vectors), device=vectors.device)
    taken = torch.zeros_like(vectors[:, 0], dtype=torch.bool)
    residuals = vectors
    for _ in range(vectors.shape[2]):
        length = residuals.norm(dim=1)
        gain = _variance(residuals, covariance) / length.square().clamp(min=DEPENDENT**2)
        gain = torch.where(length > DEPENDENT, gain, -1.0).masked_fill(taken, -2.0)
        chosen = gain.argmax(1)
        taken[replicas, chosen] = True
        residuals = _without(residuals, _direction(residuals[replicas, :, chosen]))
        yield chosen


def _unit(vectors: Loadings) -> Loadings:
    length = vectors.norm(dim=1, keepdim=True)
    return torch.where(length > 0, vectors / length, 0.0)


def _direction(residual: Float[Tensor, "replica input"]) -> Float[Tensor, "replica input"]:
    """A residual at unit length; 0 where there is nothing left but rounding."""
    length = residual.norm(dim=1, keepdim=True)
    return torch.where(length > DEPENDENT, residual / length, 0.0)


def _without(vectors: Loadings, direction: Float[Tensor, "replica input"]) -> Loadings:
    """The vectors without their part along a unit vector."""
    part = direction[:, None, :] @ vectors
    return vectors - direction[:, :, None] * part


def _variance(vectors: Loadings, covariance: Covariance) -> PerComponent:
    """vᵀCv of each component."""
    return ((covariance @ vectors) * vectors).sum(1)
