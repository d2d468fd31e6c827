"""Estimators of the intrinsic dimension of a cloud of points, from the distances between them.

Each reads `sorted_distances`, (n, n - 1), leaves out distances of 0, and returns not a number where too few are left.
"""

from __future__ import annotations

import torch
from torch import Tensor

CLOSE = 0.02
"""Share of the pairs, the closest, that the correlation dimension is read from."""


def sorted_distances(points: Tensor) -> Tensor:
    """Return the distances of each point (n, d) from the others, (n, n - 1), in ascending order."""
    distances = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    return distances.fill_diagonal_(torch.inf).sort(dim=1).values[:, :-1]


def two_nn(distances: Tensor) -> Tensor:
    """Return d = (m - 1) / Σ log(r₂ / r₁) over m points, r₁ and r₂ the distances of the two nearest neighbours.

    The ratio has the density d μ^-(d+1), of which this is the unbiased estimate (Facco et al. 2017, "Estimating the
    intrinsic dimension of datasets by a minimal neighborhood information").
    """
    first, second = distances[:, 0], distances[:, 1]
    logs = (second / first).log()[first > 0]
    return (len(logs) - 1) / logs.sum() if len(logs) > 1 else logs.new_tensor(torch.nan)


def maximum_likelihood(distances: Tensor, neighbours: int) -> Tensor:
    """Return the dimension by which the distances T_j of the k nearest neighbours are the likeliest.

    1/d is the mean over points of Σ_{j<k} log(T_k / T_j) / (k - 1): Levina and Bickel 2004, "Maximum likelihood
    estimation of intrinsic dimension", with the inverses averaged as MacKay and Ghahramani 2005 propose.
    """
    near = distances[:, :neighbours]
    near = near[near[:, 0] > 0]
    if not len(near) or neighbours < 2:
        return distances.new_tensor(torch.nan)
    logs = (near[:, -1:] / near[:, :-1]).log().sum(1) / (neighbours - 1)
    return 1 / logs.mean()


def correlation(distances: Tensor) -> Tensor:
    """Return d of C(r) ~ r^d, the share of pairs that are closer than r, over the closest pairs.

    d = (m - 1) / Σ log(r₀ / r) over the m pairs with r < r₀: Takens 1985, "On the numerical determination of the
    dimension of an attractor", for the correlation dimension of Grassberger and Procaccia 1983. r₀ leaves the share
    `CLOSE` below.
    """
    apart = distances[distances > 0].sort().values
    m = int(CLOSE * len(apart))
    if m < 2:
        return distances.new_tensor(torch.nan)
    # Each pair is counted from both its ends, which the estimate does not notice.
    return (m - 1) / (apart[m] / apart[:m]).log().sum()
