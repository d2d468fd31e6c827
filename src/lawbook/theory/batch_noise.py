r"""The temperature of SGD on least squares: the excess loss that batches leave at a constant rate, exactly.

Residuals ξ are independent of the inputs, of variance σ². The error δ of the weights obeys δ ← (I - ηH_S) δ + ηg_S,
with H_S and g_S the means of x xᵀ and ξ x over the batch S. Where all examples are fresh, x ~ N(0, diag λ), and the
excess e = Σ_k λ_k E δ_k² moves by a closed recursion of the d second moments (Isserlis' theorem),

    m_k ← ((1 - ηλ_k)² + η²λ_k²/B) m_k + (η²λ_k/B) (e + σ²).

Its fixed point is e = σ² φ/(1 - φ) with φ = Σ_k (ηλ_k/B) / (2 - ηλ_k (B+1)/B), and the mean diverges at φ = 1; for d
equal λ = 1 that is η_c = 2B/(B+1+d). At small rates e = ησ² Tr H/2B, the temperature of the Langevin equation
(Ornstein–Uhlenbeck), in which η and B appear as η/B alone; in φ they do not.

Of n given examples, from which each batch is drawn anew, all of M = E δδᵀ moves, linearly:

    M ← (I - ηH) M (I - ηH) + (η²κ/B) [mean(q_i x_i x_iᵀ) - H M H + mean(r_i² x_i x_iᵀ)],    q_i = x_iᵀ M x_i,

with r_i the residuals at the least loss and κ = 1 for draws with replacement, κ = (n - B)/(n - 1) without: the
variance of a mean of B numbers out of n (Cochran 1977, Sampling Techniques, theorem 2.2). The excess is Tr H M.

Sources: Bordelon & Pehlevan 2022, arXiv:2106.02713 for the recursion; Mandt, Hoffman & Blei 2017, arXiv:1704.04289 for
the Ornstein–Uhlenbeck limit. The other formulas follow from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from lawbook.seeds import generator

Floats = NDArray[np.float64]

STATIONARY = "excess"
"""The column that a study derives as the mean of the test loss over the late steps: of it the fixed point is told."""


def variances(dimension: int, exponent: float) -> Floats:
    """Compute λ_k = k^-a for k = 1…d, (d,).

    >>> variances(3, 1.0).round(3).tolist()
    [1.0, 0.5, 0.333]
    """
    return np.arange(1, dimension + 1, dtype=np.float64) ** -exponent


def noise_share(learning_rate: float, batch_size: int, lambdas: ArrayLike) -> float:
    """Compute φ = Σ_k (ηλ_k/B) / (2 - ηλ_k (B+1)/B), for λ (d,); infinite where a mode diverges by itself.

    >>> round(noise_share(0.05, 4, np.ones(16)), 6)
    0.103226
    """
    pull = learning_rate * np.asarray(lambdas, dtype=np.float64)
    left = 2 - pull * (batch_size + 1) / batch_size
    return float(np.sum(pull / batch_size / left)) if (left > 0).all() else np.inf


def stationary_excess(
    learning_rate: float, batch_size: int, lambdas: ArrayLike, noise_variance: float = 1.0
) -> float:
    """Compute e = σ² φ/(1 - φ); infinite from φ = 1 on.

    >>> round(stationary_excess(0.05, 4, np.ones(16), 0.5), 4)
    0.0576
    """
    share = noise_share(learning_rate, batch_size, lambdas)
    return noise_variance * share / (1 - share) if share < 1 else np.inf


def langevin_excess(
    learning_rate: float, batch_size: int, lambdas: ArrayLike, noise_variance: float = 1.0
) -> float:
    """Compute ησ² Tr H/2B, the excess in the limit of small rates.

    >>> langevin_excess(0.05, 4, np.ones(16), 0.5)
    0.05
    """
    return learning_rate * noise_variance * float(np.sum(lambdas)) / (2 * batch_size)


def divergence_edge(batch_size: int, lambdas: ArrayLike) -> float:
    """Compute the rate η_c at which φ = 1, beyond which the mean loss diverges.

    >>> bool(np.isclose(divergence_edge(4, np.ones(16)), 2 * 4 / (4 + 1 + 16), rtol=1e-12))
    True
    """
    given = np.asarray(lambdas, dtype=np.float64)
    pole = 2 * batch_size / ((batch_size + 1) * given.max())
    # At this rate the largest mode alone has φ = 1; for d = 1 it is the edge itself.
    upper = 2 * batch_size / ((batch_size + 2) * given.max())
    upper = min(upper * (1 + 1e-12), pole * (1 - 1e-12))
    return float(
        brentq(lambda rate: noise_share(rate, batch_size, given) - 1, 0.0, upper, xtol=1e-16, rtol=1e-14)
    )


def excess_along(
    learning_rate: float,
    batch_size: int,
    lambdas: ArrayLike,
    noise_variance: float,
    start_distance: float,
    steps: ArrayLike,
) -> Floats:
    """Compute the mean excess after `steps` (S,) on fresh examples, from weights δ_k = r/√d off the best, (S,)."""
    given, wanted = np.asarray(lambdas, dtype=np.float64), np.asarray(steps, dtype=np.int64)
    pull = learning_rate * given
    moments = np.full(len(given), start_distance**2 / len(given))
    found = np.empty(int(wanted.max(initial=0)) + 1)
    for step in range(len(found)):
        found[step] = given @ moments
        moments = ((1 - pull) ** 2 + pull**2 / batch_size) * moments
        moments += learning_rate * pull / batch_size * (found[step] + noise_variance)
    return found[wanted]


def data_set(
    dimension: int, samples: int, exponent: float, noise_variance: float, seed: int
) -> tuple[Floats, Floats]:
    """Return the n examples of a seed: inputs (n, d), and residuals (n,) without the part that weights can fit.

    So the weights of least loss are the teacher's own. Raises ValueError for n ≤ d, which leaves no residual.
    """
    if samples <= dimension:
        raise ValueError(f"needs more examples than inputs; got {samples} and {dimension}")
    inputs = generator(seed, "examples").standard_normal((samples, dimension))
    inputs *= np.sqrt(variances(dimension, exponent))
    drawn = np.sqrt(noise_variance) * generator(seed, "noise").standard_normal(samples)
    return inputs, drawn - inputs @ np.linalg.lstsq(inputs, drawn)[0]


def excess_of_set(
    learning_rate: float, batch_size: int, inputs: ArrayLike, residuals: ArrayLike, replacement: bool = False
) -> float:
    """Compute the stationary excess loss on a set of n examples, Tr H M at the fixed point of the recursion.

    inputs: x (n, d); residuals: r (n,), those at the least loss; replacement: whether a batch may hold an example
    twice. Infinite where the recursion has no stable fixed point.

    >>> x = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    >>> round(excess_of_set(0.1, 2, x, [1.0, 1.0, -1.0, -1.0]), 6)  # η κ/B / (2 - η) for H = 1, κ = 2/3
    0.017544
    """
    x, r = np.asarray(inputs, dtype=np.float64), np.asarray(residuals, dtype=np.float64)
    n, d = x.shape
    share = (1.0 if replacement else (n - batch_size) / (n - 1)) / batch_size
    hessian = x.T @ x / n
    kept = np.eye(d) - learning_rate * hessian
    outer = (x[:, :, None] * x[:, None, :]).reshape(n, d * d)
    spread = outer.T @ outer / n - np.kron(hessian, hessian)
    step = np.kron(kept, kept) + learning_rate**2 * share * spread
    if np.abs(np.linalg.eigvals(step)).max() >= 1:
        return np.inf
    driven = learning_rate**2 * share * (np.square(r) @ outer) / n
    return float(hessian.ravel() @ np.linalg.solve(np.eye(d * d) - step, driven))


_PROBLEM = ("dimension", "input_exponent", "noise_variance", "start_distance", "batch_size", "learning_rate")


class _Exact:
    """The exact mean excess of plain SGD on the task `batch_noise` (`lawbook.fitting.exact`)."""

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series:
        """Compute y of each row: the `test_loss` after its `step`, else after the last; or the stationary `excess`.

        Whatever x is. Null for another y, for runs of another task or under another optimizer or schedule, and for
        the test loss of runs on a set of examples, of which only the stationary excess is told.
        """
        exact = pd.Series(np.nan, index=runs.index, dtype=float)
        if y not in ("test_loss", STATIONARY):
            return exact
        for at, row in zip(runs.index, runs.to_dict("records"), strict=True):
            run = {str(axis): value for axis, value in row.items()}
            if not _covers(run):
                continue
            if y == "test_loss":
                step = int(run["step"] if "step" in run else run["steps"])
                exact[at] = self.along_steps(run, np.array([step]), y)[0]
            else:
                found = _stationary(run)
                exact[at] = found if np.isfinite(found) else np.nan
        return exact

    def along_steps(self, config: Mapping[str, Any], steps: NDArray[np.int64], y: str) -> Floats:
        """Compute the test loss after each of `steps` (S,) of one run; NaN as above."""
        if y != "test_loss" or not _covers(config) or _samples(config) is not None:
            return np.full(len(steps), np.nan)
        d, a, noise, start, batch_size, rate = (config[axis] for axis in _PROBLEM)
        return excess_along(rate, int(batch_size), variances(int(d), a), noise, start, steps)


exact_curve = _Exact()


def _stationary(run: Mapping[str, Any]) -> float:
    d, a, noise, _, batch_size, rate = (run[axis] for axis in _PROBLEM)
    samples = _samples(run)
    if samples is None:
        return stationary_excess(rate, int(batch_size), variances(int(d), a), noise)
    inputs, residuals = data_set(int(d), samples, a, noise, int(run["seed"]))
    return excess_of_set(rate, int(batch_size), inputs, residuals, run["replacement"] == "with")


def _samples(run: Mapping[str, Any]) -> int | None:
    """Return the number of examples of a run's set; None, null or NaN in tables, for fresh ones."""
    samples = run["samples"]
    return None if samples is None or samples != samples else int(samples)


def _covers(run: Mapping[str, Any]) -> bool:
    clip = run["gradient_clip"]
    plain = run["optimizer"] == "sgd" and run["schedule"] == "constant" and (clip is None or clip != clip)
    plain &= run["weight_decay"] == 0 and run["momentum"] == 0 and not run["warmup"]
    return bool(plain and run["task"] == "batch_noise")
