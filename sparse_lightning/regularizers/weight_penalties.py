"""The penalties of the weights as callbacks: L1, selective L1, concave ones and norms."""

import math
from collections.abc import Sequence
from typing import Unpack

from torch import Tensor

from sparse_lightning import penalties
from sparse_lightning.errors import RegularizerError, check_number
from sparse_lightning.penalties.concave import SCAD_SHAPE
from sparse_lightning.regularizers.base import Strength, Weight
from sparse_lightning.regularizers.weight import WeightOptions, WeightRegularizer


class L1(WeightRegularizer):
    """The L1 regularizer, λ Σ|w|.

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        layers: patterns of layer names; default: every layer with weights.
        replicas: the slice of a population that it is for.
        proximal: soft-threshold after each SGD step instead of adding to the gradient.
        schedule: a factor on λ that changes over the fit.

    Examples:
        >>> trainer = pl.Trainer(callbacks=[L1(weight=1e-4)])  # doctest: +SKIP
    """

    symbol = "L1"

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.l1(tensor)

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.l1_gradient(tensor)

    def proximal_step(self, weight: Tensor, step: Tensor) -> Tensor:
        return penalties.proximal_l1(weight, step)


class ThresholdRegularizer(WeightRegularizer):
    """A penalty of the weights with a threshold θ, at which it lets go of them or eases."""

    takes = ("l1_weight", "l1_threshold")

    def __init__(
        self,
        weight: Weight,
        threshold: Strength,
        layers: str | Sequence[str] | None = None,
        **options: Unpack[WeightOptions],
    ):
        super().__init__(weight, layers, parameters={"threshold": threshold}, **options)


class SelectiveL1(ThresholdRegularizer):
    """The selective L1 regularizer, λ Σ|w| over the weights with |w| < θ only.

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        threshold: θ; a weight that has grown past it is let go.
        layers: patterns of layer names; default: every layer with weights.
        options: `replicas`, the slice of a population; `proximal`, apply the proximal step after
            each SGD step instead of adding to the gradient; `schedule`.

    Examples:
        >>> trainer = pl.Trainer(callbacks=[SelectiveL1(1e-4, threshold=0.1)])  # doctest: +SKIP
    """

    symbol = "sL1"

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.selective_l1(tensor, self.strengths["threshold"])

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.selective_l1_gradient(tensor, self.strengths["threshold"])

    def proximal_step(self, weight: Tensor, step: Tensor) -> Tensor:
        return penalties.proximal_selective_l1(weight, step, self.strengths["threshold"])


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


class ElasticNet(WeightRegularizer):
    """The elastic net, λ Σ α|w| + ½(1 − α)w².

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        l1_ratio: α, the share of L1, between 0 and 1.
        layers: patterns of layer names; default: every layer with weights.
        options: `replicas`, `proximal` and `schedule`.
    """

    symbol = "elastic"

    def __init__(
        self,
        weight: Weight,
        l1_ratio: float = 0.5,
        layers: str | Sequence[str] | None = None,
        **options: Unpack[WeightOptions],
    ):
        super().__init__(weight, layers, **options)
        check_number(l1_ratio, "ElasticNet: l1_ratio", RegularizerError)
        if not 0 <= l1_ratio <= 1:
            raise RegularizerError(f"ElasticNet: l1_ratio must be from 0 to 1, got {l1_ratio:g}")
        self.l1_ratio = l1_ratio

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.elastic_net(tensor, self.l1_ratio)

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.elastic_net_gradient(tensor, self.l1_ratio)

    def proximal_step(self, weight: Tensor, step: Tensor) -> Tensor:
        return penalties.proximal_elastic_net(weight, step, self.l1_ratio)


class GroupLasso(WeightRegularizer):
    """The group lasso on units, λ √n Σ_j ‖w_j‖ with w_j the n incoming weights of unit j.

    Units are the first axis of an ordinary layer's weights. Of a transposed convolution they are
    its output channels, of an embedding the columns: those that `ConnectionCount` counts as dead.

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        layers: patterns of layer names; default: every layer with weights.
        replicas: the slice of a population that it is for.
        proximal: apply the proximal step after each SGD step, which takes away whole units.
        schedule: a factor on λ that changes over the fit.
    """

    symbol = "group"
    by_unit = True

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.group_lasso(self._units(tensor))

    def gradient(self, tensor: Tensor) -> Tensor:
        return self._shaped(penalties.group_lasso_gradient(self._units(tensor)), tensor)

    def proximal_step(self, weight: Tensor, step: Tensor) -> Tensor:
        return self._shaped(penalties.proximal_group_lasso(self._units(weight), step), weight)

    def _units(self, weight: Tensor) -> Tensor:
        return weight.mT if self.batched else weight.flatten(2)

    def _shaped(self, units: Tensor, like: Tensor) -> Tensor:
        return units.mT if self.batched else units.reshape(like.shape)


class HoyerSquare(WeightRegularizer):
    """The Hoyer-square penalty, λ (Σ|w|)²/Σw² of each layer; it has no proximal step.

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        layers: patterns of layer names; default: every layer with weights.
        replicas: the slice of a population that it is for.
        proximal: must be False.
        schedule: a factor on λ that changes over the fit.
    """

    symbol = "hoyer"
    has_proximal_step = False

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.hoyer_square(tensor)

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.hoyer_square_gradient(tensor)
