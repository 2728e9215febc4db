"""The regularizers with norms of the weights: elastic net, group lasso and Hoyer-square."""

from collections.abc import Sequence
from typing import Unpack

from torch import Tensor

from sparse_lightning import penalties
from sparse_lightning.errors import RegularizerError, check_number
from sparse_lightning.regularizers.base import Weight
from sparse_lightning.regularizers.weight import WeightOptions, WeightRegularizer


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

    Units are the first axis of an ordinary layer's weights; of a transposed convolution they are
    its input channels.

    Args:
        weight: λ, or a mapping of patterns of layer names to its values.
        layers: patterns of layer names; default: every layer with weights.
        replicas: the slice of a population that it is for.
        proximal: apply the proximal step after each SGD step, which takes away whole units.
        schedule: a factor on λ that changes over the fit.
    """

    symbol = "group"

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
