"""The predictor: an encoder with an output layer, trained on one-hot classes or on numbers."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.nn.layers import linear_layers, squared_distance
from sparse_lightning.nn.population import (
    Optimization,
    PopulationModule,
    activation_names,
    unbounded,
)

Loss = Literal["squared_error", "cross_entropy"]


class Predictor(PopulationModule):
    """Trains the output layer of every replica, and the encoding layers that are not frozen.

    A batch holds the inputs and, in its last columns, the targets: one-hot classes, or numbers.
    `encoder` is empty where the output layer is trained alone; the encoding layers `below` are
    frozen and applied on the fly. The loss is the sum over outputs of the squared error, or, of
    classes, the cross-entropy of softmax outputs; what is reported is the squared error in both
    cases. `rates` are factors on each replica's learning rate, `class_weights` on what rows of each
    class add to the loss.
    """

    class_weights: Float[Tensor, " class"] | None

    def __init__(
        self,
        encoder: nn.Sequential,
        output: nn.Sequential,
        below: nn.Sequential,
        optimization: Optimization,
        rates: Float[Tensor, " replica"] | None = None,
        loss: Loss = "squared_error",
        class_weights: Float[Tensor, " class"] | None = None,
    ):
        super().__init__(linear_layers(output)[0].replicas, optimization, rates)
        self.encoder = encoder
        self.output = output
        self.below = below.requires_grad_(False)
        self.loss = loss
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.outputs = linear_layers(output)[-1].weight.shape[2]
        self.hidden_layers = activation_names("encoder", encoder)
        self.unbounded_units = unbounded(encoder)

    def forward(
        self, x: Float[Tensor, "*replica batch unit"]
    ) -> Float[Tensor, "replica batch output"]:
        """The outputs for rows of inputs."""
        return self.output(self._codes(x))

    def inputs(self, batch: Float[Tensor, "batch unit"]) -> Tensor:
        return self._split(super().inputs(batch))[0]

    def errors(
        self, batch: Float[Tensor, "batch unit"]
    ) -> tuple[Float[Tensor, " replica"], int | float]:
        inputs, targets = self._split(super().inputs(batch))
        return self._squared_error(self.output(self._codes(inputs)), targets, batch)

    def losses(
        self, batch: Float[Tensor, "batch unit"]
    ) -> tuple[Float[Tensor, " replica"], Float[Tensor, " replica"], int | float]:
        if self.loss == "squared_error" and self.class_weights is None:
            return super().losses(batch)
        inputs, targets = self._split(super().inputs(batch))
        scores, activation = self.output
        logits = scores(self._codes(inputs))
        weighted = targets if self.class_weights is None else targets * self.class_weights
        rows = self.row_weights(batch)
        if rows is not None:
            weighted = weighted * rows[..., None]
        if self.loss == "squared_error":
            output = activation(logits)
            squared = (output.float() - targets).square().sum(2)
            with torch.no_grad():
                error, elements = self._squared_error(output, targets, batch)
            return (squared * weighted.sum(-1)).sum(1), error, elements
        entropy = -(weighted * logits.float().log_softmax(2)).sum((1, 2))
        with torch.no_grad():
            error, elements = self._squared_error(activation(logits), targets, batch)
        return entropy, error, elements

    def _codes(self, inputs: Float[Tensor, "*replica batch unit"]) -> Tensor:
        with torch.no_grad():
            codes = self.below(inputs)
        return self.encoder(codes)

    def _split(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        return batch[:, : -self.outputs], batch[:, -self.outputs :]

    def _squared_error(
        self, output: Tensor, targets: Tensor, batch: Tensor
    ) -> tuple[Tensor, int | float]:
        error = squared_distance(output, targets, self.row_weights(batch))
        return error, self.row_count(batch) * output.shape[2]
