"""Concave penalties, whose slope falls from 1 at 0: great weights are spared.

All three begin as |w| does, so that λ means the same as of L1, and tell small weights from great
ones by the threshold θ, as selective L1 does. With θ = γλ the first is the MCP as published
(Zhang 2010), with θ = λ the second is SCAD (Fan and Li 2001); the third is the log-sum penalty of
Candès, Wakin and Boyd (2008) with ε = θ. As weights of networks lie far above any λ that is used,
their thresholds are set by themselves here.
"""

import torch
from torch import Tensor

from sparse_lightning.penalties.weights import PerReplica, Weights, spread

SCAD_SHAPE = 3.7
"""The a that Fan and Li recommend."""


def mcp(weight: Weights, threshold: PerReplica) -> PerReplica:
    """The minimax concave penalty, Σ |w| − w²/(2θ) where |w| < θ, else θ/2 (symbol `MCP`)."""
    size, theta = weight.abs(), spread(threshold, weight)
    return _summed(_mcp(size, theta))


def mcp_gradient(weight: Weights, threshold: PerReplica) -> Weights:
    """sign(w) · max(1 − |w|/θ, 0)."""
    return weight.sign() * (1 - weight.abs() / spread(threshold, weight)).clamp(min=0)


def proximal_mcp(weight: Weights, step: PerReplica, threshold: PerReplica) -> Weights:
    """The proximal step of the MCP, argmin_u ½(u − w)² + t·MCP(u): firm thresholding.

    For t < θ: 0 up to t, (|w| − t)/(1 − t/θ) up to θ, |w| beyond. For t ≥ θ, where the objective
    is concave up to θ: 0 up to √(tθ), |w| beyond.
    """
    size, t, theta = weight.abs(), spread(step, weight), spread(threshold, weight)
    inside = (size - t) / (1 - t / theta).where(t < theta, torch.ones_like(t))
    inside = torch.minimum(inside.clamp(min=0), theta)
    return weight.sign() * _best(size, t, [inside, size.clamp(min=theta)], lambda u: _mcp(u, theta))


def scad(weight: Weights, threshold: PerReplica, shape: float = SCAD_SHAPE) -> PerReplica:
    """The smoothly clipped absolute deviation, divided by its λ (symbol `SCAD`).

    Its slope is 1 up to θ, falls in a straight line to 0 at aθ, and is 0 beyond.
    """
    return _summed(_scad(weight.abs(), spread(threshold, weight), shape))


def scad_gradient(weight: Weights, threshold: PerReplica, shape: float = SCAD_SHAPE) -> Weights:
    """sign(w) · min(max((aθ − |w|)/((a − 1)θ), 0), 1)."""
    theta = spread(threshold, weight)
    slope = (shape * theta - weight.abs()) / ((shape - 1) * theta)
    return weight.sign() * slope.clamp(0, 1)


def proximal_scad(
    weight: Weights, step: PerReplica, threshold: PerReplica, shape: float = SCAD_SHAPE
) -> Weights:
    """The proximal step of SCAD, argmin_u ½(u − w)² + t·SCAD(u).

    The best of the stationary points of its three pieces, soft thresholding up to θ,
    ((a − 1)θ|w| − taθ)/((a − 1)θ − t) up to aθ, |w| beyond, and of the ends between them.
    """
    size, t, theta = weight.abs(), spread(step, weight), spread(threshold, weight)
    end = shape * theta
    bend = (shape - 1) * theta - t
    middle = ((end - theta) * size - t * end) / bend.where(bend > 0, torch.ones_like(bend))
    middle = torch.minimum(torch.maximum(middle, theta), end)
    soft = torch.minimum((size - t).clamp(min=0), theta)
    candidates = [soft, middle, torch.maximum(size, end)]
    return weight.sign() * _best(size, t, candidates, lambda u: _scad(u, theta, shape))


def log_sum(weight: Weights, threshold: PerReplica) -> PerReplica:
    """The log-sum penalty, Σ θ log(1 + |w|/θ) (symbol `logsum`)."""
    return _summed(_log_sum(weight.abs(), spread(threshold, weight)))


def log_sum_gradient(weight: Weights, threshold: PerReplica) -> Weights:
    """sign(w) / (1 + |w|/θ)."""
    return weight.sign() / (1 + weight.abs() / spread(threshold, weight))


def proximal_log_sum(weight: Weights, step: PerReplica, threshold: PerReplica) -> Weights:
    """The proximal step of the log-sum penalty, argmin_u ½(u − w)² + t θ log(1 + |u|/θ).

    The better of 0 and the greater root ½(|w| − θ + √((|w| + θ)² − 4tθ)) of the derivative.
    """
    size, t, theta = weight.abs(), spread(step, weight), spread(threshold, weight)
    square = ((size + theta).square() - 4 * t * theta).clamp(min=0)
    root = (0.5 * (size - theta + square.sqrt())).clamp(min=0)
    return weight.sign() * _best(size, t, [root], lambda u: _log_sum(u, theta))


def _mcp(size: Tensor, theta: Tensor) -> Tensor:
    within = torch.minimum(size, theta)
    return within - within.square() / (2 * theta)


def _scad(size: Tensor, theta: Tensor, shape: float) -> Tensor:
    beyond = (torch.minimum(size, shape * theta) - theta).clamp(min=0)
    return torch.minimum(size, theta) + beyond - beyond.square() / (2 * (shape - 1) * theta)


def _log_sum(size: Tensor, theta: Tensor) -> Tensor:
    return theta * (size / theta).log1p()


def _best(size: Tensor, step: Tensor, candidates: list[Tensor], penalty) -> Tensor:
    """The candidate, or 0, with the smallest ½(u − |w|)² + t·penalty(u), element by element."""
    best, least = torch.zeros_like(size), 0.5 * size.square()
    for candidate in candidates:
        candidate = candidate.expand_as(size)
        cost = 0.5 * (candidate - size).square() + step * penalty(candidate)
        best = torch.where(cost < least, candidate, best)
        least = torch.minimum(cost, least)
    return best


def _summed(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1)
