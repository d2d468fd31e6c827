"""The learning-rate annealing law, y = L0 + A S1^-α - C S2.

S1 is the rate summed over the steps so far. S2 is the momentum of annealing summed over them, the rate's falls
each forgotten over T steps, λ = e^(-1/T); here S2 = Σ_k fall_k T (1 - e^(-m_k/T)), m_k the steps since fall k,
which is the sum over steps times (1 - λ) T, so that the published C is C (1 - λ) T. How a table tells the
history is in `lawbook.laws.forms._history`. Ten steps at rate 1, then ten at 1/2, T = 10:

>>> import math
>>> x = np.array([[0.0, 10.0, 1.0], [0.0, 20.0, 0.5]])
>>> np.exp(law.log_predict(x, np.array([1.0, 10.0, 0.1, 0.5, 10.0]))).round(9).tolist()
[4.16227766, 3.265928618]
>>> [round(v, 9) for v in (1 + 10 / 10**0.5, 1 + 10 / 15**0.5 - 0.1 * 0.5 * 10 * (1 - 1 / math.e))]
[4.16227766, 3.265928618]
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.forms._history import histories, log_positive, log_rate_sum
from lawbook.laws.law import CONSTANT, Array, Law


def _annealed(x: Array, memory: Array) -> tuple[Array, Array]:
    """Return S2 and its derivative in T, (B, n) each, of T (B, 1), by recursion over each history."""
    total, slope = np.zeros((2, len(memory), len(x)))
    for history in histories(x):
        momentum, momentum_slope, area, area_slope = np.zeros((4, len(memory)))
        for row, length, fall in zip(history.rows, history.length, history.fall, strict=True):
            t = length / memory[:, 0]
            kept, gone = np.exp(-t), -np.expm1(-t)
            momentum = momentum + fall
            area = area + momentum * memory[:, 0] * gone
            area_slope = area_slope + momentum * (gone - t * kept) + momentum_slope * memory[:, 0] * gone
            momentum_slope = (momentum_slope + momentum * t / memory[:, 0]) * kept
            momentum = momentum * kept
            total[:, row], slope[:, row] = area, area_slope
    return total, slope


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array, Array]:
    log_annealed, _ = log_positive(*_annealed(x, theta[:, 1:]))
    return CONSTANT, -theta[:, :1] * log_rate_sum(x), log_annealed


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    _, in_memory = log_positive(*_annealed(x, theta[:, 1:]))
    return {(1, 0): -log_rate_sum(x)[None], (2, 1): in_memory}


def _box(x: Array) -> Array:
    last = x[:, 1].max()
    return np.array([[1e-2, 4.0], [1e-5 * last, 1e2 * last]])


law = Law(
    name="annealing",
    formula="y = L0 + A S1^-α - C S2",
    source="Tissue et al. 2024, arXiv:2408.11029",
    linear=("L0", "A", "C"),
    nonlinear=("alpha", "memory_steps"),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(True, True),
    inputs=("schedule", "step", "learning_rate"),
    floor="L0",
    positive_x=False,
    signs=(1, 1, -1),
    centred=False,
    coupled=True,
    scale=("step",),
    derived={
        "decay": lambda p, _: np.exp(-1 / p[..., 4]),  # λ
        "C_per_step": lambda p, _: -p[..., 2] * p[..., 4] * np.expm1(-1 / p[..., 4]),
    },
)
