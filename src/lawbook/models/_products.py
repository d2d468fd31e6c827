"""Products of each run's own matrices, by the same kernel whether a run is alone or in a stack."""

from __future__ import annotations

import torch
from torch import Tensor


def products(bias: Tensor | None, left: Tensor, right: Tensor) -> Tensor:
    """Return left · right for each run, (R, n, m), plus a bias that broadcasts to it: left (R, n, k), right (R, k, m).

    Of a single product in which one side is 1, libraries take a kernel for vectors, and for several such products
    that for matrices, which differ in the last bits. So a single one is computed as the first of two.
    """
    if left.shape[0] == 1 and 1 in (*left.shape[1:], right.shape[2]):
        twice = None if bias is None else bias.expand(2, -1, -1)
        return products(twice, left.expand(2, -1, -1), right.expand(2, -1, -1))[:1]
    return torch.bmm(left, right) if bias is None else torch.baddbmm(bias, left, right)
