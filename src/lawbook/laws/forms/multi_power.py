"""The multi-power law, y = L0 + A S1^-α - B Σ_k fall_k G(η_k^-γ S_k), G(z) = 1 - (1 + C z)^-β.

S1 is the rate summed over all steps so far, warm-up included (the paper's S1 + S_W), S_k the same from the fall
of the rate to η_k on. How a table tells the history is in `lawbook.laws.forms._history`. Ten steps at rate 1,
then ten at 1/4, C = 1, β = 1 and γ = 1/2, so that z = 5:

>>> x = np.array([[0.0, 10.0, 1.0], [0.0, 20.0, 0.25]])
>>> np.exp(law.log_predict(x, np.array([1.0, 10.0, 2.0, 0.5, 1.0, 1.0, 0.5]))).round(9).tolist()
[4.16227766, 2.578427125]
>>> [round(v, 9) for v in (1 + 10 / 10**0.5, 1 + 10 / 12.5**0.5 - 2 * 0.75 * 5 / 6)]
[4.16227766, 2.578427125]
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.forms._history import histories, log_positive, log_rate_sum
from lawbook.laws.law import CONSTANT, Array, Law


def _reduction(x: Array, theta: Array) -> tuple[Array, Array, Array, Array]:
    """Return Σ_k fall_k G and its derivatives in C, β and γ, (B, n) each."""
    scale, beta, gamma = theta.T[1:, :, None]
    found = np.zeros((4, len(theta), len(x)))
    for history in histories(x):
        spent = np.cumsum(history.rate * history.length)
        for k in np.flatnonzero(history.fall):
            rows = history.rows[k:]
            since = spent[k:] - (spent[k - 1] if k else 0.0)  # S_k
            if history.rate[k] == 0:
                # z is 0 until the rate rises again and has no limit from then on.
                found[0, :, rows] += history.fall[k] * (since > 0)[:, None]
                continue
            log_rate = np.log(history.rate[k])
            soft = np.logaddexp(0.0, np.log(scale) + np.log(since) - gamma * log_rate)  # log(1 + C z)
            rest = np.exp(-beta * soft)
            in_log_z = -beta * rest * np.expm1(-soft)
            parts = (-np.expm1(-beta * soft), in_log_z / scale, rest * soft, -in_log_z * log_rate)
            found[:, :, rows] += history.fall[k] * np.stack(parts)
    return found[0], found[1], found[2], found[3]


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array, Array]:
    total, slope, _, _ = _reduction(x, theta)
    return CONSTANT, -theta[:, :1] * log_rate_sum(x), log_positive(total, slope)[0]


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    total, *slopes = _reduction(x, theta)
    inner = {(2, 1 + k): log_positive(total, slope)[1] for k, slope in enumerate(slopes)}
    return {(1, 0): -log_rate_sum(x)[None], **inner}


def _box(x: Array) -> Array:
    # C z lies within e^±7 where the rate and its sum have their middle values, γ anywhere in its bounds.
    rate = np.median(x[x[:, 2] > 0, 2])
    middle = np.median(log_rate_sum(x))
    gamma = np.array([0.0, 1.5])
    balanced = gamma * np.log(rate) - middle
    scale = np.exp([balanced.min() - 7.0, balanced.max() + 7.0])
    return np.array([[1e-2, 4.0], scale, [1e-2, 4.0], gamma])


law = Law(
    name="multi_power",
    formula="y = L0 + A S1^-α - B Σ_k fall_k (1 - (1 + C η_k^-γ S_k)^-β)",
    source="Luo et al. 2025, arXiv:2503.12811",
    linear=("L0", "A", "B"),
    nonlinear=("alpha", "C", "beta", "gamma"),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(True, True, True, False),
    inputs=("schedule", "step", "learning_rate"),
    floor="L0",
    positive_x=False,
    signs=(1, 1, -1),
    centred=False,
    coupled=True,
    scale=("step",),
)
