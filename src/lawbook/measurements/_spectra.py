"""Singular values of each run's matrix."""

from __future__ import annotations

import torch
from torch import Tensor


def singular_values(matrices: Tensor) -> Tensor:
    """Return the singular values of matrices (R, n, m), (R, min(n, m)) in float64, in descending order.

    Not a number of a matrix that is not finite, which LAPACK would refuse together with all others.
    """
    finite = matrices.isfinite().all(-1).all(-1)
    found = torch.linalg.svdvals(torch.where(finite[:, None, None], matrices, 0.0).double())
    return torch.where(finite[:, None], found, torch.nan)
