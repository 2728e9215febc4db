"""The regularizer of k-sparse codes."""

from collections.abc import Sequence
from typing import Unpack

from torch import Tensor

from sparse_lightning import penalties
from sparse_lightning.regularizers.base import Strength, Weight
from sparse_lightning.regularizers.hidden import HiddenOptions, HiddenRegularizer


class HiddenTopK(HiddenRegularizer):
    """η · batch mean of Σ|h_j| over all but the k greatest |h_j| of a row.

    A strong one leaves k-sparse codes, by a penalty and not by a step that selects units.

    Args:
        weight: η, or a mapping of patterns of layer names to its values.
        sparsity: ρ; k is ρ times the number of units, rounded, at least 1.
        layers: patterns of layer names whose outputs are penalised.
        options: `replicas`, `schedule` and `unit_axis`.
    """

    symbol = "topk"
    takes = ("hidden_weight", "sparsity")
    rowwise = True

    def __init__(
        self,
        weight: Weight,
        sparsity: Strength,
        layers: str | Sequence[str] | None = None,
        **options: Unpack[HiddenOptions],
    ):
        super().__init__(weight, layers, parameters={"sparsity": sparsity}, **options)

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_trimmed(tensor, self.strengths["sparsity"])

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_trimmed_gradient(tensor, self.strengths["sparsity"])
