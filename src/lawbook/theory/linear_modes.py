r"""Gradient flow of a deep linear network on whitened inputs: each mode of the target is learned by itself.

A network y = W_L ⋯ W_1 x whose weights begin aligned with the singular vectors of the target keeps them so. The
strength a of a mode, the product of its L weights, which are equal, then obeys

    da/dt = L a^{2 - 2/L} (s - a),

with s the singular value of the target and t the rate times the number of steps. For two layers

    a(t) = s / (1 + (s/a₀ - 1) e^{-2st}),    t_half = ln((s - a₀)/a₀) / (2s),

so that modes are learned one after another, the strongest first: s t_half grows with the logarithm of s/a₀ alone.

Source: Saxe, McClelland and Ganguli 2014 (arXiv:1312.6120), section 1.1 and equation 7 for two layers.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad, solve_ivp

from lawbook.axes import Config

Floats = NDArray[np.float64]


def strength(time: ArrayLike, final: ArrayLike, initial: ArrayLike) -> Floats:
    """Compute a(t) = s / (1 + (s/a₀ - 1) e^{-2st}) of a network of two layers.

    time, final (s) and initial (a₀), both positive, broadcast against each other.

    >>> strength([0.0, np.log(9) / 2, 100.0], 1.0, 0.1)
    array([0.1, 0.5, 1. ])
    """
    t, s, a0 = (np.asarray(values, dtype=np.float64) for values in (time, final, initial))
    return np.asarray(s / (1 + (s / a0 - 1) * np.exp(-2 * s * t)))


def time_to(reached: float, final: float, initial: float, n_layers: int = 2) -> float:
    """Compute the time at which a mode has the strength `reached`, ∫ da / (L a^{2 - 2/L} (s - a)) from a₀ on.

    Infinite where a mode never comes so far, 0 where it begins there. Raises ValueError unless a₀ > 0 and L ≥ 2.

    >>> time = time_to(0.5, 1.0, 0.1)
    >>> round(time, 12) == round(float(np.log(9)) / 2, 12)
    True
    """
    if not initial > 0 or n_layers < 2:
        raise ValueError(f"needs initial > 0 and n_layers ≥ 2; got {initial} and {n_layers}")
    if reached <= initial:
        return 0.0
    if reached >= final:
        return np.inf
    # Over log a the integrand is smooth, however small a₀ is.
    value, _ = quad(
        lambda u: np.exp(u * (2 / n_layers - 1)) / (n_layers * (final - np.exp(u))),
        np.log(initial), np.log(reached), epsabs=0, epsrel=1e-12, limit=200,
    )  # fmt: skip
    return float(value)


def strengths(times: Floats, final: Floats, initial: float, n_layers: int = 2) -> Floats:
    """Compute the strength of each mode (K,) at each time (S,), (S, K): in closed form for two layers."""
    if n_layers == 2:
        return strength(times[:, None], final[None, :], initial)

    def velocity(_: float, log_a: Floats) -> Floats:
        return np.asarray(n_layers * np.exp(log_a * (1 - 2 / n_layers)) * (final - np.exp(log_a)))

    start = np.full(len(final), np.log(initial))
    span = (0.0, float(times.max()))
    order = np.argsort(times)
    found = solve_ivp(velocity, span, start, t_eval=times[order], rtol=1e-10, atol=1e-12, method="LSODA")
    return np.asarray(np.exp(found.y[:, np.argsort(order)]).T)


class LinearModes:
    """What is exact of the task `linear_modes` learned by `deep_linear` from an aligned start at a small constant rate.

    Gradient descent with the rate η follows the flow up to terms of order η s. Loss is Σ_k (s_k - a_k)².
    """

    def along_steps(self, config: Config, steps: NDArray[np.int64], y: str) -> Floats:
        """Compute the loss (S,), or the singular values (S, K) in descending order, after `steps` (S,)."""
        final = _final(config)
        vector = y == "singular_values"
        if not (vector or y in ("train_loss", "test_loss")) or not _is_known(config):
            return np.full((len(steps), len(final)) if vector else len(steps), np.nan)
        layers = config["layers"]
        found = strengths(
            config["learning_rate"] * steps.astype(float), final, config["start_strength"], layers
        )
        return -np.sort(-found, axis=1) if vector else np.square(final - found).sum(axis=1)

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series:
        """Compute the final loss, or `half_time_k`: the steps after which mode k, from 0, has half its strength."""
        found = {}
        for at, row in zip(runs.index, runs.to_dict("records"), strict=True):
            config = {str(axis): value for axis, value in row.items()}
            mode = re.fullmatch(r"half_time_(\d+)", y)
            if mode is None:
                found[at] = float(self.along_steps(config, np.array([config["steps"]]), y)[0])
            elif _is_known(config) and int(mode[1]) < config["n_modes"]:
                s = float(_final(config)[int(mode[1])])
                time = time_to(s / 2, s, config["start_strength"], config["layers"])
                found[at] = time / config["learning_rate"]
        return pd.Series(found, index=runs.index, dtype=float)


def _final(config: Config) -> Floats:
    """Return the singular values of the target, s_k = s_1 k^-decay, (K,)."""
    k = np.arange(1, config["n_modes"] + 1, dtype=np.float64)
    return np.asarray(config["strength"] * k ** -config["decay"])


def _is_known(config: Config) -> bool:
    aligned = config["model"] == "deep_linear" and config["start"] == "aligned"
    return bool(aligned and config["optimizer"] == "sgd" and config["schedule"] == "constant")


exact_curve = LinearModes()
