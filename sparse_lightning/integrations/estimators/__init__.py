"""scikit-learn estimators: the networks of this package in pipelines and grid searches."""

from sparse_lightning.integrations.estimators.autoencoder import SparseAutoencoder
from sparse_lightning.integrations.estimators.classifier import SparseClassifier
from sparse_lightning.integrations.estimators.principal import SparsePCA

__all__ = ["SparseAutoencoder", "SparseClassifier", "SparsePCA"]
