"""scikit-learn estimators: the networks of this package in pipelines and grid searches."""

from sparse_lightning.integrations.estimators.autoencoder import SparseAutoencoder
from sparse_lightning.integrations.estimators.classifier import SparseClassifier
from sparse_lightning.integrations.estimators.principal import SparsePCA
from sparse_lightning.integrations.estimators.regressor import SparseRegressor

__all__ = ["SparseAutoencoder", "SparseClassifier", "SparsePCA", "SparseRegressor"]
