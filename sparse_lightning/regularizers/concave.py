"""The regularizers with concave penalties of the weights: MCP, SCAD and log-sum."""

import math
from collections.abc import Sequence
from typing import Unpack

from torch import Tensor

from sparse_lightning import penalties
from sparse_lightning.errors import RegularizerError
from sparse_lightning.penalties.concave import SCAD_SHAPE
from sparse_lightning.regularizers.base import Strength, Weight
from sparse_lightning.regularizers.weight import ThresholdRegularizer, WeightOptions


class MCP(ThresholdRegularizer):
    """The minimax concave penalty, λ Σ |w| − w²/(2θ) where |w| < θ, else λθ/2.

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        threshold: θ, from which on a weight is let go; γλ of the publication.
        layers: patterns of layer names; default: every layer with weights.
        options: `replicas`, `proximal` and `schedule`.
    """

    symbol = "MCP"

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.mcp(tensor, self.strengths["threshold"])

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.mcp_gradient(tensor, self.strengths["threshold"])

    def proximal_step(self, weight: Tensor, step: Tensor) -> Tensor:
        return penalties.proximal_mcp(weight, step, self.strengths["threshold"])


class SCAD(ThresholdRegularizer):
    """The smoothly clipped absolute deviation: slope λ up to θ, falling to 0 at aθ.

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        threshold: θ; λ itself in the publication.
        layers: patterns of layer names; default: every layer with weights.
        shape: a, greater than 1; default: the 3.7 that its authors recommend.
        options: `replicas`, `proximal` and `schedule`.
    """

    symbol = "SCAD"

    def __init__(
        self,
        weight: Weight,
        threshold: Strength,
        layers: str | Sequence[str] | None = None,
        shape: float = SCAD_SHAPE,
        **options: Unpack[WeightOptions],
    ):
        super().__init__(weight, threshold, layers, **options)
        if not 1 < shape < math.inf:
            raise RegularizerError(f"SCAD: shape must be finite and greater than 1, got {shape:g}")
        self.shape = shape

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.scad(tensor, self.strengths["threshold"], self.shape)

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.scad_gradient(tensor, self.strengths["threshold"], self.shape)

    def proximal_step(self, weight: Tensor, step: Tensor) -> Tensor:
        return penalties.proximal_scad(weight, step, self.strengths["threshold"], self.shape)


class LogSum(ThresholdRegularizer):
    """The log-sum penalty, λ Σ θ log(1 + |w|/θ).

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        threshold: θ, at which the slope has fallen to λ/2.
        layers: patterns of layer names; default: every layer with weights.
        options: `replicas`, `proximal` and `schedule`.
    """

    symbol = "logsum"

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.log_sum(tensor, self.strengths["threshold"])

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.log_sum_gradient(tensor, self.strengths["threshold"])

    def proximal_step(self, weight: Tensor, step: Tensor) -> Tensor:
        return penalties.proximal_log_sum(weight, step, self.strengths["threshold"])
