"""The autoencoder: one stage of a stack, or the whole stack when it is fine-tuned."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sparse_lightning.nn.layers import flatten, linear_layers
from sparse_lightning.nn.population import (
    Optimization,
    PopulationModule,
    activation_names,
    unbounded,
)


class Autoencoder(PopulationModule):
    """Trains the encoding and decoding layers of every replica on the codes below them.

    In `encoder` each batched layer is followed by its activation, whose outputs are hidden outputs.
    `below` are the encoders of the earlier stages; they are frozen and applied on the fly. `rates`
    are factors on each replica's learning rate, 1 by default.
    """

    def __init__(
        self,
        encoder: nn.Sequential,
        decoder: nn.Sequential,
        below: nn.Sequential,
        optimization: Optimization,
        rates: Float[Tensor, " replica"] | None = None,
    ):
        super().__init__(linear_layers(encoder)[0].replicas, optimization, rates)
        self.encoder = encoder
        self.decoder = decoder
        self.below = below.requires_grad_(False)
        self.trained_layers = [*flatten(encoder), *flatten(decoder)]
        self.hidden_layers = activation_names("encoder", encoder)
        self.unbounded_units = unbounded(encoder)

    def forward(
        self, x: Float[Tensor, "*replica batch unit"]
    ) -> Float[Tensor, "replica batch code"]:
        """The reconstruction of the codes that the stages below make of `x`."""
        return self.decoder(self.encoder(self.below(x)))

    def pair(self, batch: Float[Tensor, "batch unit"]) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            codes = self.below(batch)
        return codes, codes
