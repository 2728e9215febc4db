"""The regularizers of the hidden units' outputs."""

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
from torch import Tensor, nn

from sparse_lightning import penalties
from sparse_lightning.errors import RegularizerError
from sparse_lightning.regularizers.base import Regularizer, Strength
from sparse_lightning.regularizers.layers import is_activation, matching, output_modules


class HiddenRegularizer(Regularizer):
    """A penalty on the outputs of the matching layers, captured while the loss is computed.

    Args:
        weight: the strength η.
        layers: which layers. Where a pattern matches activations (`torch.nn.Sigmoid`, …) beside
            other layers, the activations alone are taken. Default: what the module names in its
            attribute `hidden_layers`.
        replicas: the slice of a population.
        parameters: thresholds and the like.

    The first axis of an ordinary layer's output is the batch, the remaining axes are units; in a
    population the axes are `(replica, batch, unit)`.
    """

    def __init__(
        self,
        weight: Strength,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
        **parameters: Strength,
    ):
        super().__init__(weight, layers, replicas, **parameters)
        self._outputs: list[Tensor] = []

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_start(trainer, pl_module)
        patterns = self.layers or getattr(pl_module, "hidden_layers", None)
        if not patterns:
            raise RegularizerError(
                f"{type(self).__name__}: name the layers whose outputs it is for, as in "
                'layers="encoder.*"'
            )
        found = matching(output_modules(pl_module), patterns, type(self).__name__)
        activations = {name: module for name, module in found.items() if is_activation(module)}

        def capture(module: nn.Module, _: Any, output: Tensor) -> None:
            if module.training and output.requires_grad:
                self._capture(output, trainer)

        self._hooks = [m.register_forward_hook(capture) for m in (activations or found).values()]

    def _capture(self, output: Tensor, trainer: pl.Trainer) -> None:
        hidden = self._part(output.detach()).float()
        if not self.batched:
            self._outputs.append(hidden)

        def add_penalty(gradient: Tensor) -> Tensor:
            addition = self.added_gradient(hidden, trainer).to(gradient.dtype)
            if self.batched:
                # The gradient that a population's decoder passes down is nobody else's.
                gradient[self.replicas].add_(addition)
                return gradient
            return gradient + addition.view_as(gradient)

        output.register_hook(add_penalty)

    def _part(self, output: Tensor) -> Tensor:
        return output[self.replicas] if self.batched else output.flatten(1).unsqueeze(0)

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        if self._outputs:
            self.add_value(loss, self._outputs, trainer)
            self._outputs = []

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_end(trainer, pl_module)
        self._outputs = []


class HiddenL1(HiddenRegularizer):
    """η · batch mean of Σ_j |h_j| over the outputs with |h_j| < τ.

    Args:
        weight: η.
        threshold: τ.
        layers: patterns of layer names whose outputs are penalised.
        replicas: the slice of a population that it is for.
    """

    symbol = "sh"

    def __init__(
        self,
        weight: Strength,
        threshold: Strength,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
    ):
        super().__init__(weight, layers, replicas, threshold=threshold)

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_l1(tensor, self.strengths["threshold"])

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_l1_gradient(tensor, self.strengths["threshold"])


class HiddenL2(HiddenRegularizer):
    """η · batch mean of Σ_j h_j² over the outputs with |h_j| < τ.

    Args:
        weight: η.
        threshold: τ.
        layers: patterns of layer names whose outputs are penalised.
        replicas: the slice of a population that it is for.
    """

    symbol = "sh2"

    def __init__(
        self,
        weight: Strength,
        threshold: Strength,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
    ):
        super().__init__(weight, layers, replicas, threshold=threshold)

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_l2(tensor, self.strengths["threshold"])

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_l2_gradient(tensor, self.strengths["threshold"])


class HiddenKL(HiddenRegularizer):
    """η · Σ_j KL(ρ ‖ ρ̂_j), ρ̂_j the batch mean of h_j.

    Args:
        weight: η.
        sparsity: ρ, between 0 and 1.
        layers: patterns of layer names whose outputs are penalised; they must lie in [0, 1], which
            is checked on the first batch.
        replicas: the slice of a population that it is for.
        squash: ρ̂_j is the batch mean of tanh|h_j|, for units that are not confined to [0, 1].
            Default: what the module says in its attribute `unbounded_units`, else False.

    Example:
        >>> regularizer = HiddenKL(weight=1e-3, sparsity=0.05, layers="encoder.*")
    """

    symbol = "KL"

    def __init__(
        self,
        weight: Strength,
        sparsity: Strength,
        layers: str | Sequence[str] | None = None,
        replicas: slice | None = None,
        squash: bool | None = None,
    ):
        super().__init__(weight, layers, replicas, sparsity=sparsity)
        self.squash = squash
        self._squashed = bool(squash)
        self._range_checked = False

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_fit_start(trainer, pl_module)
        said = self.squash
        self._squashed = getattr(pl_module, "unbounded_units", False) if said is None else said
        self._range_checked = self._squashed

    def _capture(self, output: Tensor, trainer: pl.Trainer) -> None:
        if not self._range_checked:  # once: it waits for the device
            low, high = (bound.item() for bound in self._part(output.detach()).aminmax())
            if low < 0 or high > 1:
                raise RegularizerError(
                    f"HiddenKL: the outputs must lie in [0, 1], got {low:.4g} to {high:.4g}; "
                    "use sigmoid units, squash=True or another hidden regularizer"
                )
            self._range_checked = True
        super()._capture(output, trainer)

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_kl(tensor, self.strengths["sparsity"], self._squashed)

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_kl_gradient(tensor, self.strengths["sparsity"], self._squashed)


class HiddenCovariance(HiddenRegularizer):
    """η · Σ_{i≠j} C_ij², C the batch covariance of the hidden outputs.

    Args:
        weight: η.
        layers: patterns of layer names whose outputs are penalised.
        replicas: the slice of a population that it is for.
    """

    symbol = "decs"

    def value(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_covariance(tensor)

    def gradient(self, tensor: Tensor) -> Tensor:
        return penalties.hidden_covariance_gradient(tensor)
