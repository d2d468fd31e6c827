"""Chinchilla's law for repeated data and excess parameters, y = E + A/N'^α + B/D'^β.

D' = U_D (1 + R*_D (1 - e^(-R_D/R*_D))) with U_D = min(U, D) unique of D tokens and R_D = D/U_D - 1 repetitions.
Likewise N' with U_N = min(N, N_opt), R_N = N/U_N - 1 and R*_N, where N_opt is compute-optimal for U_D tokens:
α A/N_opt^α = β B/U_D^β. B = A e^log_ratio; R*_D and R*_N are the parameters R_star_D and R_star_N. With U = 100
tokens seen five times, R*_D = 4 and N below N_opt:

>>> import math
>>> parameters = np.array([1.0, 10.0, 0.5, 1.0, np.log(10.0), 4.0, 4.0])
>>> float(np.exp(law.log_predict(np.array([[4.0, 500.0, 100.0]]), parameters)[0]).round(12))
6.283407973545
>>> round(1 + 10 / 4**0.5 + 100 / (100 * (1 + 4 * (1 - 1 / math.e))), 12)
6.283407973545
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.forms._joint import allocation, balanced, log_ratio_box
from lawbook.laws.law import CONSTANT, Array, Law

_EXPONENTS = np.array([1e-2, 3.0])
_MOST_LOG_REPEATS = 500.0


def _effective(log_total: Array, log_unique: Array, memory: Array) -> tuple[Array, Array, Array]:
    """Return log N' (or log D') and its derivatives in log U and in R*: R = total/unique - 1 repetitions."""
    repeats = np.expm1(np.minimum(log_total - log_unique, _MOST_LOG_REPEATS))
    kept = np.exp(-repeats / memory)
    worth = 1 - memory * np.expm1(-repeats / memory)
    in_unique = 1 - kept * (1 + repeats) / worth
    in_memory = (1 - kept - repeats / memory * kept) / worth
    return log_unique + np.log(worth), in_unique, in_memory


def _parts(x: Array, theta: Array) -> tuple[Array, ...]:
    """Return log N', its derivatives in log N_opt and R*_N, log N_opt, log D', its one in R*_D, log U_D."""
    log_n, log_d, log_u = np.log(x.T)
    alpha, beta, log_ratio, memory_d, memory_n = theta.T[:, :, None]
    unique_d = np.minimum(log_u, log_d)
    best = (np.log(alpha / beta) - log_ratio + beta * unique_d) / alpha
    effective_n, in_unique, in_memory_n = _effective(log_n, np.minimum(log_n, best), memory_n)
    effective_d, _, in_memory_d = _effective(log_d, unique_d, memory_d)
    return effective_n, in_unique * (best < log_n), in_memory_n, best, effective_d, in_memory_d, unique_d


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array]:
    effective_n, _, _, _, effective_d, _, _ = _parts(x, theta)
    alpha, beta, log_ratio = theta.T[:3, :, None]
    return CONSTANT, np.logaddexp(-alpha * effective_n, log_ratio - beta * effective_d)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    effective_n, in_best, in_memory_n, best, effective_d, in_memory_d, unique_d = _parts(x, theta)
    alpha, beta, log_ratio = theta.T[:3, :, None]
    gap = log_ratio - beta * effective_d + alpha * effective_n
    second = np.exp(-np.logaddexp(0.0, -gap))
    first = np.exp(-np.logaddexp(0.0, gap))
    through = -first * alpha * in_best  # d log φ / d log N_opt
    return {
        (1, 0): -first * effective_n + through * (1 / alpha - best) / alpha,
        (1, 1): -second * effective_d + through * (unique_d - 1 / beta) / alpha,
        (1, 2): second - through / alpha,
        (1, 3): -second * beta * in_memory_d,
        (1, 4): -first * alpha * in_memory_n,
    }


def _towards(x: Array, log_y: Array, theta: Array) -> Array:
    moved = theta.copy()
    moved[:, 2] = balanced(x, theta[:, 0], theta[:, 1], theta[:, 2], _box(x)[2])
    return moved


def _box(x: Array) -> Array:
    memory = [1e-2, 1e4]
    return np.array([_EXPONENTS, _EXPONENTS, log_ratio_box(x, _EXPONENTS, _EXPONENTS), memory, memory])


law = Law(
    name="data_constrained",
    formula="y = E + A/N'^α + B/D'^β, D' = U_D (1 + R*_D (1 - e^(-R_D/R*_D))), N' likewise",
    source="Muennighoff et al. 2023, arXiv:2305.16264, section 3",
    linear=("E", "A"),
    nonlinear=("alpha", "beta", "log_ratio", "R_star_D", "R_star_N"),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    towards=_towards,
    log_spaced=(True, True, False, True, True),
    inputs=("N", "D", "U"),
    scale=("N", "D"),
    floor="E",
    derived={
        "B": lambda p, _: p[..., 1] * np.exp(p[..., 4]),
        "a": lambda p, _: allocation(p[..., 2], p[..., 3]),
        "log_A": lambda p, _: np.log(p[..., 1]),
        "log_B": lambda p, _: np.log(p[..., 1]) + p[..., 4],
    },
)
