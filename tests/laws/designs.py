"""For each law a design that identifies it, and the parameters planted there."""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array


def _grid(*columns: Array) -> Array:
    return np.stack([column.ravel() for column in np.meshgrid(*columns, indexing="ij")], axis=1)


def _column(low: float, high: float, n: int) -> Array:
    return np.geomspace(low, high, n)[:, None]


def _schedules() -> Array:
    """Return a constant, a cosine, a step and a warmup-stable-decay schedule, with the rate at 25 steps each."""
    step = np.linspace(200, 5000, 25)
    share = step / step[-1]
    rates = (
        np.full(25, 3e-3),
        3e-4 + 2.7e-3 * 0.5 * (1 + np.cos(np.pi * share)),
        np.where(share <= 0.4, 3e-3, 6e-4),
        np.where(share <= 0.1, 1.5e-3, np.where(share <= 0.7, 3e-3, 3e-3 * 0.1 ** ((share - 0.7) / 0.3))),
    )
    return np.concatenate(
        [np.stack([np.full(25, label), step, rate], axis=1) for label, rate in enumerate(rates)]
    )


_CURVE = _column(32.0, 4096.0, 12)
_LONG = _column(1e2, 1e8, 40)
_SIZES = np.geomspace(1e7, 1e9, 6)
_TOKENS = np.geomspace(1e8, 3e10, 6)
_JOINT = _grid(_SIZES, _TOKENS)
_REPEATED = np.concatenate(
    [_JOINT[:, [0, 1, 1]]] + [_grid(_SIZES, np.array([u]))[:, [0, 1, 1]] * [1, k, 1] for u in (1e8, 1e9)
     for k in (4, 15, 60)]
)  # fmt: skip
_RATES = np.concatenate([_grid(_SIZES[::2], _TOKENS[::2], np.array([3e-4, 1e-3, 4e-3]))])

_SHARES = np.random.default_rng(0).dirichlet(np.ones(4), 40)
_FEWER = _grid(_SIZES[::2], _TOKENS[::2], np.array([1.0, 2.0, 4.0, 8.0, 16.0]))
_SHAPES = _grid(np.geomspace(512, 8192, 5), np.geomspace(8, 64, 4), _TOKENS[::2])

DESIGNS: dict[str, tuple[Array, tuple[float, ...]]] = {
    "additive_three": (_FEWER, (1.8, 480.0, 2100.0, 0.5, 0.35, 0.37, 0.4)),
    "annealing": (_schedules(), (2.5, 0.6, 0.1, 0.5, 300.0)),
    "bnsl_0": (_CURVE, (0.3, 3.0, 0.5)),
    "bnsl_1": (_column(32.0, 2e5, 16), (0.3, 3.0, 0.2, 0.6, 3e3, 0.3)),
    "bnsl_2": (_LONG, (0.02, 2.0, 0.05, 0.4, 3e3, 0.3, -0.3, 1e6, 0.5)),
    "bnsl_3": (_LONG, (0.02, 2.0, 0.05, 0.5, 1e3, 0.3, -0.4, 5e4, 0.4, 0.6, 2e6, 0.3)),
    "chinchilla": (_JOINT, (1.8, 480.0, 2100.0, 0.35, 0.37)),
    "chinchilla_gamma": (_JOINT, (1.8, 60.0, 0.5, 0.4, 0.6, 1.0)),
    "chinchilla_pnorm": (_JOINT, (1.8, 480.0, 0.35, 0.37, 3.0, 1.5)),
    "critical_batch": (_column(8.0, 1e5, 12), (3000.0, 900.0)),
    "data_constrained": (_REPEATED, (1.87, 521.0, 0.35, 0.37, 1.4, 15.0, 5.0)),
    "exponential": (_CURVE, (2.0, 1e-3)),
    "exponential_floor": (_CURVE, (0.2, 2.0, 3e-3)),
    "granular_experts": (_FEWER, (0.5, 2.1, 18.1, 30.8, 0.115, 0.58, 0.147)),
    "growth": (_CURVE, (0.05, 0.7)),
    "kaplan": (_JOINT, (6.5, 0.1, 0.13, 0.7)),
    "learning_rate_valley": (_RATES, (1.8, 480.0, 2100.0, 0.1, 0.35, 0.37, -1.0, -0.5, 0.2)),
    "log_bilinear": (_JOINT, (900.0, -0.2, -0.15, 0.004)),
    "log_quadratic": (_JOINT, (9000.0, -0.4, -0.4, 0.004, 0.006, 0.005)),
    "logarithmic": (_CURVE, (0.1, 1e5)),
    "m1": (_CURVE, (3.0, 0.4)),
    "m2": (_CURVE, (0.3, 3.0, 0.5)),
    "m3": (_CURVE, (3.0, 0.5, 1e-3)),
    "m4": (_column(32.0, 2e5, 16), (0.15, 0.95, 1e3, 0.8, 0.5)),
    "mixing_2": (_SHARES[:, :2], (1.5, 1.2, -2.0, 0.5)),
    "mixing_3": (_SHARES[:, :3], (1.5, 1.2, -2.0, 0.5, -0.7)),
    "multi_power": (_schedules(), (2.5, 0.6, 200.0, 0.5, 0.5, 0.5, 0.5)),
    "over_training": (_JOINT, (1.8, 170.0, 370.0, 0.27)),
    "power": (_CURVE, (3.0, 0.4)),
    "power_floor": (_CURVE, (0.3, 3.0, 0.5)),
    "power_product": (_JOINT, (0.5, -0.7, 0.3)),
    "power_product_floor": (_JOINT, (1.2, 900.0, 0.2, 0.15)),
    "precision": (_FEWER, (1.8, 480.0, 2100.0, 0.35, 2.7, 0.37)),
    "rosenfeld": (_JOINT, (0.9, 0.5, 0.6, 9.0, 12.5, 0.05)),
    "saturating_error": (_column(1.5, 6.0, 14), (0.86, 2.2, 0.75)),
    "stretched_exponential": (_CURVE, (2.0, 400.0, 0.5)),
    "stretched_exponential_floor": (_CURVE, (0.2, 2.0, 400.0, 0.7)),
    "threshold_divergence": (_column(0.21, 0.9, 14), (3.0, 0.17, 1.4)),
    "width_depth": (_SHAPES, (1.75, 330.0, 5.0, 500.0, 1.0, 1.2, 0.3)),
}
"""Per law the inputs (n, d) and its parameters, linear then nonlinear."""
