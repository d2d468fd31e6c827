"""Autoencoders of one cloud of points, one for each width of their bottleneck, trained side by side."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from lawbook.seeds import generator

RATE, BETA_1, BETA_2, EPSILON = 1e-2, 0.9, 0.99, 1e-8
"""The rate of Adam's first step, which falls to 0 along a quarter of a cosine, and Adam's constants."""


def unexplained(points: Tensor, most: int, hidden: int, steps: int) -> Tensor:
    """Return the share of the variance that a bottleneck of 1 … `most` units leaves of held-out points, (most,).

    points: (n, units), of mean 0 and mean squared norm 1; every other one is learned from, and the others are held
    out. Encoder and decoder have a layer of `hidden` tanh units each beside a linear map; whole batches, Adam.
    """
    learned, held_out = points[::2], points[1::2]
    weights = _initial(points.shape[1], most, hidden, points)
    first, second = [torch.zeros_like(w) for w in weights], [torch.zeros_like(w) for w in weights]
    # Bottleneck k of a stack of `most` has its first k units.
    mask = torch.tril(torch.ones(most, most)).to(points)[:, None, :]
    for step in range(1, steps + 1):
        rate = RATE * math.cos(math.pi / 2 * (step - 1) / steps)
        for w, gradient, m, v in zip(weights, _gradients(weights, learned, mask), first, second, strict=True):
            m.mul_(BETA_1).add_(gradient, alpha=1 - BETA_1)
            v.mul_(BETA_2).addcmul_(gradient, gradient, value=1 - BETA_2)
            size = (v / (1 - BETA_2**step)).sqrt_().add_(EPSILON)
            w.addcdiv_(m, size, value=-rate / (1 - BETA_1**step))
    decoded = _decoded(weights, held_out, mask)[-1]
    return (decoded - held_out).square().sum(2).mean(1) / held_out.square().sum(1).mean()


def _initial(n_in: int, most: int, hidden: int, like: Tensor) -> list[Tensor]:
    """Return the matrices (most, n, m) and biases (most, 1, m), the same for all bottlenecks.

    In the order of `_decoded`: encoder, code, decoder, output, the two linear maps beside them, and the four biases.
    """
    rng = generator(0, "autoencoder")
    scale = math.sqrt(n_in)  # points have the mean squared norm 1, and each number then about 1
    shapes = [(n_in, hidden), (hidden, most), (most, hidden), (hidden, n_in), (n_in, most), (most, n_in)]
    gains = [scale, 0.3, 1.0, 0.3, scale, 1.0]
    matrices = [
        rng.normal(0, gain / np.sqrt(shape[0]), shape) for shape, gain in zip(shapes, gains, strict=True)
    ]
    biases = [
        rng.normal(0, 0.5, (1, hidden)),
        np.zeros((1, most)),
        rng.normal(0, 0.5, (1, hidden)),
        np.zeros((1, n_in)),
    ]
    drawn = [torch.from_numpy(part).to(like) for part in (*matrices, *biases)]
    return [part.expand(most, -1, -1).clone() for part in drawn]


def _decoded(weights: list[Tensor], x: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
    """Return the hidden layer of the encoder, the code, the hidden layer of the decoder, and what is decoded."""
    w_1, w_2, w_3, w_4, straight_in, straight_out, b_1, b_2, b_3, b_4 = weights
    h = torch.tanh(x @ w_1 + b_1)
    code = (h @ w_2 + x @ straight_in + b_2) * mask
    g = torch.tanh(code @ w_3 + b_3)
    return h, code, g, g @ w_4 + code @ straight_out + b_4


def _gradients(weights: list[Tensor], x: Tensor, mask: Tensor) -> list[Tensor]:
    """Return the gradient of half the mean squared distance of x (n, units) from what is decoded, by each weight."""
    _, w_2, w_3, w_4, _, straight_out, *_ = weights
    h, code, g, decoded = _decoded(weights, x, mask)
    out = (decoded - x) / len(x)
    at_g = (out @ w_4.mT) * (1 - g.square())
    at_code = (at_g @ w_3.mT + out @ straight_out.mT) * mask
    at_h = (at_code @ w_2.mT) * (1 - h.square())
    matrices = [x.mT @ at_h, h.mT @ at_code, code.mT @ at_g, g.mT @ out, x.mT @ at_code, code.mT @ out]
    return [*matrices, *(at.sum(1, keepdim=True) for at in (at_h, at_code, at_g, out))]
