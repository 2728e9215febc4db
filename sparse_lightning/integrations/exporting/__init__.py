"""Networks that leave: as MLflow models, ONNX files and plain torch, without this package."""

from sparse_lightning.integrations.exporting.logging import log_model, register_model
from sparse_lightning.integrations.exporting.saving import save_model

__all__ = ["log_model", "register_model", "save_model"]
