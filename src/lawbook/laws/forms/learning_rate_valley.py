"""A valley in log learning rate over Chinchilla's law, y = E + A/N^α + B/D^β + H (log η - log η*)².

Its bottom is a power law of N and D, η* = k N^a D^b; a and b may be negative, log_k = log k. Off by a factor e:

>>> x = np.array([[100.0, 1e4, np.e * 0.02 * 100.0**-0.5 * 1e4**0.25]])
>>> parameters = np.array([1.0, 30.0, 40.0, 0.25, 0.5, 0.25, np.log(0.02), -0.5, 0.25])
>>> float(np.exp(law.log_predict(x, parameters)[0]).round(12))
8.25
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.forms._joint import recentred
from lawbook.laws.law import CONSTANT, Array, Law

_TINY = 1e-300
"""Keeps the logarithm of the valley finite at its bottom."""
_POWERS = np.array([-4.0, 4.0])


def _distance(x: Array, theta: Array) -> Array:
    """Return log η - log η*, (B, n)."""
    log_n, log_d, log_rate = np.log(x.T)
    log_k, a, b = theta.T[2:, :, None]
    return np.asarray(log_rate - log_k - a * log_n - b * log_d)


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array, Array, Array]:
    log_n, log_d, _ = np.log(x.T)
    valley = np.log(_distance(x, theta) ** 2 + _TINY)
    return CONSTANT, -theta[:, :1] * log_n, -theta[:, 1:2] * log_d, valley


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    log_n, log_d, _ = np.log(x.T)[:, None]
    z = _distance(x, theta)
    in_k = -2 * z / (z**2 + _TINY)
    return {(1, 0): -log_n, (2, 1): -log_d, (3, 2): in_k, (3, 3): in_k * log_n, (3, 4): in_k * log_d}


def _towards(x: Array, log_y: Array, theta: Array) -> Array:
    log_n, log_d, log_rate = np.log(x).mean(axis=0)
    reach = float(np.ptp(np.log(x[:, 2])))
    middle = log_rate - theta[:, 3] * log_n - theta[:, 4] * log_d
    moved = theta.copy()
    moved[:, 2] = recentred(theta[:, 2], _box(x)[2], middle, -reach, reach)
    return moved


def _box(x: Array) -> Array:
    log_n, log_d, log_rate = np.log(x)[:, :3].mean(axis=0)
    reach = np.ptp(np.log(x[:, 2]))
    middle = log_rate - np.add.outer(_POWERS * log_n, _POWERS * log_d)
    log_k = [middle.min() - reach, middle.max() + reach]
    return np.array([[1e-3, 4.0], [1e-3, 4.0], log_k, _POWERS, _POWERS])


law = Law(
    name="learning_rate_valley",
    formula="y = E + A/N^α + B/D^β + H (log η - log η*)², η* = k N^a D^b",
    source="Hoffmann et al. 2022, arXiv:2203.15556, eq. 2; η* after Li et al. 2025, arXiv:2503.04715",
    linear=("E", "A", "B", "H"),
    nonlinear=("alpha", "beta", "log_k", "a", "b"),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    towards=_towards,
    log_spaced=(True, True, False, False, False),
    inputs=("N", "D", "learning_rate"),
    scale=("N", "D"),
    floor="E",
    centred=False,
    derived={"k": lambda p, _: np.exp(p[..., 6])},
)
