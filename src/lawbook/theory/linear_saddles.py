r"""Critical points of a linear network of two layers on white inputs, with weight decay: their losses and indices.

The network W_2 W_1 with h hidden units learns M = diag(s_1, …, s_K), distinct and positive, by the loss

    L = ½ ‖W_2 W_1 - M‖² + ½ λ (‖W_1‖² + ‖W_2‖²).

At a critical point a set S of at most h modes with s_k > λ is learned, each by a direction of the hidden layer, with
the strength s_k - λ; the others are 0. So

    L = Σ_{k∈S} (½ λ² + λ (s_k - λ)) + Σ_{k∉S} ½ s_k²,

and the Hessian has the negative eigenvalues λ - s_k, h - |S| of them for each k ∉ S with s_k > λ, and s_i - s_k for
each i ∈ S and k ∉ S with s_k > s_i.

Source: Baldi & Hornik 1989, "Neural networks and principal component analysis", Neural Networks 2:53, facts 2 to 4 (no
decay); with decay it follows in the same way, and the tests hold it against Hessians.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray


def critical_points(
    strengths: Sequence[float], hidden: int, decay: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Compute loss and number of negative eigenvalues of the Hessian at each kind of critical point, (m,) each.

    The last is the global minimum. Raises ValueError for strengths that are not distinct and positive.

    >>> losses, negative = critical_points([2.0, 1.0], 2, 0.0)
    >>> losses.tolist(), negative.tolist()
    ([2.5, 0.5, 2.0, 0.0], [4, 1, 2, 0])
    """
    s = np.asarray(strengths, dtype=np.float64)
    if len(set(s.tolist())) < len(s) or (s <= 0).any():
        raise ValueError(f"needs distinct positive strengths; got {list(strengths)}")
    learnable = [k for k, value in enumerate(s) if value > decay]
    losses, negative = [], []
    for size in range(min(hidden, len(learnable)) + 1):
        for learned in combinations(learnable, size):
            rest = [k for k in range(len(s)) if k not in learned]
            kept = s[list(learned)]
            losses.append(float((decay**2 / 2 + decay * (kept - decay)).sum() + (s[rest] ** 2 / 2).sum()))
            free = (hidden - size) * sum(k in learnable for k in rest)
            negative.append(free + sum(s[k] > s[i] for i in learned for k in rest))
    return np.array(losses), np.array(negative, dtype=np.int64)
