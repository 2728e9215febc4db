"""Principal components as matrices of loadings: how good, how sparse, compared with what."""

from sparse_lightning.components.measures import (
    by_contribution,
    contribution_ratios,
    mean_loadings,
    span_decoder,
    unit_loadings,
)
from sparse_lightning.components.references import (
    covariance_of,
    exact_components,
    sparse_pca,
)

__all__ = [
    "by_contribution",
    "contribution_ratios",
    "covariance_of",
    "exact_components",
    "mean_loadings",
    "span_decoder",
    "sparse_pca",
    "unit_loadings",
]
