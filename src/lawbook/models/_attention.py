"""Causal attention over a batch of short texts, and its gradient."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from lawbook.models._products import products

SHORT = 64
"""Longest context whose scores are held whole: there this takes less time than PyTorch's kernel, by a fifth."""


def attention(mixed: Tensor, heads: int, scale: float) -> Tensor:
    """Return the mean of values that each token sees, softmax(scale · q kᵀ) v, looking back only.

    mixed: queries, keys and values side by side, (n, T, 3 d); returned are (n, T, d). Runs and batch are one axis
    here: attention holds no weights.
    """
    of_heads = (*mixed.shape[:2], heads, -1)
    # In chunks, so that autograd puts the three gradients side by side in one copy.
    query, key, value = (part.view(of_heads).transpose(1, 2) for part in mixed.chunk(3, dim=2))
    seen = scaled_dot_product_attention(query, key, value, is_causal=True, scale=scale)
    return seen.transpose(1, 2).flatten(2)


def attention_and_backward(
    mixed: Tensor, heads: int, scale: float, short: int = SHORT
) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Return the same without a graph, and the function from its gradient (n, T, d) to that of `mixed`."""
    if mixed.shape[1] > short:
        return _by_autograd(mixed, heads, scale)
    n, length, width = mixed.shape
    parts = mixed.view(n, length, 3, heads, -1).permute(2, 0, 3, 1, 4).flatten(1, 2).contiguous()
    query, key, value = scale * parts[0], parts[1], parts[2]  # (n · heads, T, d / heads)
    later = mixed.new_full((1, length, length), -math.inf).triu_(1)
    shares = torch.softmax(products(later, query, key.mT), 2)
    seen = products(None, shares, value)

    def backward(gradient: Tensor) -> Tensor:
        of_seen = gradient.view(n, length, heads, -1).transpose(1, 2).contiguous().view(seen.shape)
        of_shares = products(None, of_seen, value.mT)
        of_scores = torch.ops.aten._softmax_backward_data(of_shares, shares, 2, shares.dtype)
        found = torch.stack(
            [
                products(None, of_scores, key),
                products(None, of_scores.mT, query),
                products(None, shares.mT, of_seen),
            ]
        )
        found[0].mul_(scale)
        return found.view(3, n, heads, length, -1).permute(1, 3, 0, 2, 4).contiguous().view(n, length, width)

    return seen.view(n, heads, length, -1).transpose(1, 2).contiguous().view(n, length, -1), backward


def _by_autograd(mixed: Tensor, heads: int, scale: float) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    leaf = mixed.detach().requires_grad_()
    with torch.enable_grad():
        seen = attention(leaf, heads, scale)
    return seen.detach(), lambda gradient: torch.autograd.grad(seen, leaf, gradient)[0]
