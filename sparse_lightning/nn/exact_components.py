"""What sparse components are compared with: exact ones, and scikit-learn's sparse ones."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sparse_lightning.nn import moments
from sparse_lightning.nn.loadings import Covariance, Loadings


def covariance_of(rows: Float[Tensor, "row input"]) -> Covariance:
    """The covariance matrix of a table, of the population: divided by the number of rows."""
    return moments.covariance_of(rows).to(rows.dtype)


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
    """The components of scikit-learn's SparsePCA, one replica for each `alpha`.

    Its loadings have unit length and come in no order. It minimises ½‖X − UV‖² + α‖V‖₁ with scores
    U of bounded length that are free, not tied to the loadings V.

    Args:
        rows: the table, standardised.
        components: how many.
        alphas: the strengths of its L1 penalty.
        seed: of its random state.
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
