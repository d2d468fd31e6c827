"""The best denoiser of a cloud of points, leaving each point out for its own noise."""

from __future__ import annotations

import torch
from torch import Tensor

from lawbook.seeds import generator

_HALVINGS = 20
_SMALLEST, _LARGEST = -12.0, 3.0
"""Logarithms, to the base 2, between which the noise is sought."""


def let_through(points: Tensor, noise: float) -> Tensor:
    """Return the mean over y of Σ_j w_j ‖x_j - P(y)‖² / (L² (1 - Σ w²)), w the posterior over points (n, units).

    y = x_i + L ξ_i with the noise L, of which the posterior leaves out x_i. The divisor takes out the bias of a
    variance about the mean of a few points.
    """
    w = _posterior(points, noise)
    mean = w @ points
    spread = w @ points.square().sum(1) - mean.square().sum(1)
    return (spread / (1 - w.square().sum(1)).clamp(min=1e-9)).mean() / noise**2


def noise_of(points: Tensor, neighbours: float) -> float:
    """Return the noise L at which the mean of 1/Σ w², the points that share a posterior, is `neighbours`."""
    low, high = _SMALLEST, _LARGEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        sharing = float((1 / _posterior(points, 2.0**middle).square().sum(1)).mean())
        low, high = (middle, high) if sharing < neighbours else (low, middle)
    return float(2.0 ** ((low + high) / 2))


def _posterior(points: Tensor, noise: float) -> Tensor:
    """Return the posterior of each y over the points, (n, n), 0 for the point that y comes from."""
    drawn = generator(0, "noise of a denoiser").standard_normal(points.shape)
    y = points + noise * torch.from_numpy(drawn).to(points)
    distances = torch.cdist(y, points, compute_mode="donot_use_mm_for_euclid_dist").square()
    return (distances / (-2 * noise**2)).fill_diagonal_(-torch.inf).softmax(1)
