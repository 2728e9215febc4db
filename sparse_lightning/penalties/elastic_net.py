"""The elastic net (Zou and Hastie 2005)."""

from sparse_lightning.penalties.published import PerReplica, Weights, proximal_l1, spread


def elastic_net(weight: Weights, ratio: float) -> PerReplica:
    """Σ α|w| + ½(1 − α)w², with α the share of L1 (symbol `elastic`)."""
    values = ratio * weight.abs() + 0.5 * (1 - ratio) * weight.square()
    return values.flatten(1).sum(1)


def elastic_net_gradient(weight: Weights, ratio: float) -> Weights:
    """α sign(w) + (1 − α)w."""
    return ratio * weight.sign() + (1 - ratio) * weight


def proximal_elastic_net(weight: Weights, step: PerReplica, ratio: float) -> Weights:
    """The proximal step: soft thresholding by tα, divided by 1 + t(1 − α)."""
    return proximal_l1(weight, step * ratio) / (1 + spread(step, weight) * (1 - ratio))
