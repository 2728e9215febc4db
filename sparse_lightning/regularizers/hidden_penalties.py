"""The penalties of the hidden outputs as callbacks."""

from collections.abc import Sequence
from typing import Unpack

import pytorch_lightning as pl
from torch import Tensor

from sparse_lightning import penalties
from sparse_lightning.errors import RegularizerError
from sparse_lightning.regularizers.base import Strength, Weight
from sparse_lightning.regularizers.hidden import HiddenOptions, HiddenRegularizer


class HiddenThresholdRegularizer(HiddenRegularizer):
    """A penalty of the hidden outputs below a threshold τ, row by row."""

    takes = ("hidden_weight", "hidden_threshold")
    rowwise = True

    def __init__(
        self,
        weight: Weight,
        threshold: Strength,
        layers: str | Sequence[str] | None = None,
        **options: Unpack[HiddenOptions],
    ):
        super().__init__(weight, layers, parameters={"threshold": threshold}, **options)


class HiddenL1(HiddenThresholdRegularizer):
    """η · batch mean of Σ_j |h_j| over the outputs with |h_j| < τ.

    Args:
        weight: η, or a mapping of patterns of layer names to its values.
        threshold: τ.
        layers: patterns of layer names whose outputs are penalised.
        options: `replicas`, the slice of a population; `schedule`; `unit_axis`.
    """

    symbol = "sh"

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_l1(tensor, self.strengths["threshold"])

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_l1_gradient(tensor, self.strengths["threshold"])


class HiddenL2(HiddenThresholdRegularizer):
    """η · batch mean of Σ_j h_j² over the outputs with |h_j| < τ.

    Args:
        weight: η, or a mapping of patterns of layer names to its values.
        threshold: τ.
        layers: patterns of layer names whose outputs are penalised.
        options: `replicas`, the slice of a population; `schedule`; `unit_axis`.
    """

    symbol = "sh2"

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_l2(tensor, self.strengths["threshold"])

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_l2_gradient(tensor, self.strengths["threshold"])


class HiddenKL(HiddenRegularizer):
    """η · Σ_j KL(ρ ‖ ρ̂_j), ρ̂_j the batch mean of h_j.

    Args:
        weight: η, or a mapping of patterns of layer names to its values.
        sparsity: ρ, between 0 and 1; default: the usual 0.05.
        layers: patterns of layer names whose outputs are penalised; they must lie in [0, 1], which
            is checked on the first batch.
        squash: ρ̂_j is the batch mean of tanh|h_j|, for units that are not confined to [0, 1].
            Default: the module's attribute `unbounded_units`, else False.
        options: `replicas`, the slice of a population; `schedule`; `unit_axis`.

    Examples:
        >>> regularizer = HiddenKL(weight=1e-3, sparsity=0.05, layers="encoder.*")
    """

    symbol = "KL"
    takes = ("hidden_weight", "sparsity")

    def __init__(
        self,
        weight: Weight,
        sparsity: Strength = 0.05,
        layers: str | Sequence[str] | None = None,
        squash: bool | None = None,
        **options: Unpack[HiddenOptions],
    ):
        super().__init__(weight, layers, parameters={"sparsity": sparsity}, **options)
        self.squash = squash
        self._squashed = bool(squash)
        self._range_checked = False

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_start(trainer, pl_module)
        squash = self.squash
        self._squashed = getattr(pl_module, "unbounded_units", False) if squash is None else squash
        self._range_checked = self._squashed

    def _check(self, hidden: Tensor) -> None:
        if self._range_checked:  # once: it waits for the device
            return
        low, high = (bound.item() for bound in hidden.aminmax())
        if low < 0 or high > 1:
            raise RegularizerError(
                f"HiddenKL: the outputs must lie in [0, 1], got {low:.4g} to {high:.4g}; "
                "use sigmoid units, squash=True or another hidden regularizer"
            )
        self._range_checked = True

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_kl(tensor, self.strengths["sparsity"], self._squashed)

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_kl_gradient(tensor, self.strengths["sparsity"], self._squashed)


class HiddenCovariance(HiddenRegularizer):
    """η · Σ_{i≠j} C_ij², C the batch covariance of the hidden outputs.

    Args:
        weight: η, or a mapping of patterns of layer names to its values.
        layers: patterns of layer names whose outputs are penalised.
        replicas: the slice of a population that it is for.
        schedule: a factor on η that changes over the fit.
        unit_axis: the axis of the units, as for `HiddenRegularizer`.
    """

    symbol = "decs"

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_covariance(tensor)

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_covariance_gradient(tensor)


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
