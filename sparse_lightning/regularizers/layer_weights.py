"""The weights of one layer: which parameters they are, and what torch computes them from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from sparse_lightning.errors import RegularizerError
from sparse_lightning.nn._torch import SPECTRAL_NORM, Computed, computed_weights

_NORMALISATIONS = {
    f"torch.nn.modules.{name}" for name in ("batchnorm", "instancenorm", "normalization")
}
FROZEN, LAZY = "frozen", "it has no shape yet"
"""Why weights do not count that may do so later in the fit."""

ONE_AXIS = "of one axis"
COMPUTED = "a weight is computed from it"
OTHER_NAME = "not called weight"


@dataclass(frozen=True)
class LayerWeight:
    """A weight that a layer computes with.

    It is a parameter of the layer, or what torch computes from parameters for it (`computed`): its
    pruning by a mask, weight_norm and other parametrizations. `sources` are these parameters; of a
    plain weight the parameter alone.
    """

    layer: str
    module: nn.Module
    name: str
    sources: tuple[nn.Parameter, ...]
    computed: Computed | None = None

    @property
    def full_name(self) -> str:
        """The name in the whole module, as in `encoder.0.weight`."""
        return f"{self.layer}.{self.name}" if self.layer else self.name

    @property
    def identity(self) -> tuple[int, ...]:
        """Equal for a weight that several layers share."""
        return tuple(id(source) for source in self.sources)

    def read(self) -> Tensor:
        """The weight as of now, with a graph to its sources."""
        return self.sources[0] if self.computed is None else self.computed.read()

    def trained(self) -> list[nn.Parameter]:
        """The sources that are trained now: neither frozen nor without a shape."""
        if self.computed is None and (is_lazy(self.sources[0]) or self.sources[0].ndim < 2):
            return []
        return [source for source in self.sources if source.requires_grad]


def own_weights(layer: str, module: nn.Module, waiting: Collection[str] = ()) -> list[LayerWeight]:
    """Trainable weights of two or more axes: no biases, no normalisations, no frozen layers.

    Their names show which they are: `weight` of most layers, `in_proj_weight` of attention,
    `weight_ih_l0` of recurrent layers. Of what torch computes it is the result that counts.
    """
    computed = computed_weights(module)
    inside = {id(source) for one in computed.values() for source in one.sources}
    plain = [
        LayerWeight(layer, module, name, (parameter,))
        for name, parameter in module.named_parameters(recurse=False)
        if id(parameter) not in inside
        and why_not(module, name, parameter) in (None, *waiting)
        and is_weight(name)
    ]
    return plain + [
        LayerWeight(layer, module, name, one.sources, one)
        for name, one in computed.items()
        if is_weight(name)
        and not _is_normalisation(module)
        and (FROZEN in waiting or any(source.requires_grad for source in one.sources))
        and one.read().ndim >= 2
    ]


def is_weight(name: str) -> bool:
    """Whether a parameter of this name is a weight: `weight_ih_l0`, but no `kernel`."""
    return "weight" in name.split("_")


def _is_normalisation(module: nn.Module) -> bool:
    return any(base.__module__ in _NORMALISATIONS for base in type(module).__mro__)


def why_not(module: nn.Module, name: str, parameter: nn.Parameter) -> str | None:
    """Why a parameter is no weight that counts."""
    if is_lazy(parameter):
        return LAZY
    if parameter.ndim < 2:
        return ONE_AXIS
    if _is_normalisation(module):
        return "of a normalisation"
    if name in ("weight_g", "weight_v"):
        return COMPUTED
    if not is_weight(name):
        return OTHER_NAME
    return None if parameter.requires_grad else FROZEN


def refuse_computed(
    weights: Sequence[LayerWeight], asked_by: str, needs: str = "", allowed: Collection[str] = ()
) -> None:
    """Raise `RegularizerError` if weights are computed in a way that a callback cannot act on.

    No penalty goes with spectral_norm. With `needs`, what a callback needs of plain weights, only
    what is `allowed` goes.
    """
    for weight in weights:
        if weight.computed is None or weight.computed.by in allowed:
            continue
        by = weight.computed.by
        if SPECTRAL_NORM in by:
            reason = "which divides it by a norm that it estimates anew in each forward pass"
        elif needs:
            reason = f"and {needs}"
        else:
            continue
        raise RegularizerError(
            f"{asked_by}: {weight.full_name} is computed by {by}, {reason}; leave the layer out by "
            "layers=, or make the weight a plain parameter first (remove_parametrizations, "
            "prune.remove)"
        )
