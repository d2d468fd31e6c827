"""The noise of log y as residuals show it: of each point, and what the points of one run have in common."""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array, Law
from lawbook.laws.model_comparison import linearised
from lawbook.laws.points import Points
from lawbook.laws.uncertainty import ResidualNoise, over_index


def residual_noise_of(points: Points, law: Law, parameters: Array) -> ResidualNoise:
    """Return the noise at a point of weight 1 with its degrees n − p, of runs over an index with their common part.

    The losses of one run on several domains share its noise: r = e + Z u with a u for each run. With M the projection
    off the law's tangent, rᵀ r and rᵀ Z Zᵀ r have the means σ² tr M + τ² |M Z|² and σ² |M Z|² + τ² |Zᵀ M Z|² (Henderson
    1953, Biometrics 9:226, method III in the form of Rao's MINQUE(0)), two equations in σ² and τ², which is 0 where it
    would be negative. Where it is not, the degrees are those of the runs: their number less that of the parameters
    which the mean over the index has. parameters: (p,).
    """
    data = points.data()
    n, p = len(points.x), len(law.parameters)
    df = max(n - p, 0)
    r = data.log_y[0] - law.log_predict(points.x, parameters)
    r = np.where(data.censored[0], np.minimum(r, 0.0), r)
    variance = float(np.sum(data.weights[0] * r**2)) / max(df, 1)
    C = points.n_clusters
    if not over_index(points) or df < 2 or C < 3:
        return ResidualNoise(variance, df)
    linear = linearised(law, points, parameters)
    root = np.zeros((n, C))
    scale = float(data.weights[0].sum()) / n
    root[points.cells.point, points.cells.cluster] = np.sqrt(data.weights[0][points.cells.point] / scale)
    off = root - linear.tangent @ (linear.tangent.T @ root)
    across = off.T @ off
    shared = float(np.sum(off**2))
    means = np.array([[linear.freedom, shared], [shared, float(np.sum(across**2))]])
    seen = np.array([linear.misfit, float(np.sum((root.T @ linear.residuals) ** 2))])
    own, run = np.linalg.solve(means, seen) if np.linalg.cond(means) < 1e12 else (0.0, 0.0)
    if not run > 0:
        return ResidualNoise(variance, df)
    others = 0 if law.index is None else len(law.index.values) - 1
    of_mean = p - law.own_parameters * others
    return ResidualNoise(max(float(own), 0.0) * scale, min(df, max(C - of_mean, 1)), float(run))
