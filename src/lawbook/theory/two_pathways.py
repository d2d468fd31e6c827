r"""Two deep linear pathways that share a target, one of them blocked for a time: what each of them learns.

Pathways of L layers that begin aligned with the target have strengths a and b of each mode, products of L equal
weights. While both see the input they obey

    da/dt = L a^{2 - 2/L} (s - a - b),    db/dt = L b^{2 - 2/L} (s - a - b),

with t the rate times the number of steps; while the first is blocked a stands still and db/dt = L b^{2 - 2/L} (s - b).
Once both run, a / b is conserved for L = 2, a^{2/L - 1} - b^{2/L - 1} for L > 2, and a - b for L = 1. So a deficit from
the beginning for a time t₀ leaves the first pathway, which begins with a₀, for ever with the share

    a₀ / (a₀ + b(t₀)) for L = 2, with b(t) = s / (1 + (s/a₀ - 1) e^{-2st}),    and about e^{-st₀} / 2 for L = 1:

for two layers and more the window closes when b takes off, at t = ln(s/a₀)/(2s), where 2 a₀ / s is left.

Sources: Saxe, McClelland & Ganguli 2014, arXiv:1312.6120, for one pathway; Kleinman, Achille & Soatto 2023,
arXiv:2308.12221, for the setting.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from lawbook.axes import Config

Floats = NDArray[np.float64]


def strengths(
    times: Floats,
    final: float,
    initial: float,
    n_layers: int = 2,
    deficit: tuple[float, float] = (0.0, 0.0),
) -> Floats:
    """Compute the strengths of both pathways at some times (S,), which rise, from t = 0 on, (S, 2).

    deficit: from when to when the first pathway is blocked. Raises ValueError unless a₀ > 0 and L ≥ 1.

    >>> found = strengths(np.array([0.0, 30.0]), 1.0, 0.001, deficit=(0.0, 2.0))
    >>> found[0].round(3).tolist(), round(float(found[1, 0] / found[1].sum()), 4)
    ([0.001, 0.001], 0.0189)
    """
    if not initial > 0 or n_layers < 1:
        raise ValueError(f"needs initial > 0 and n_layers ≥ 1; got {initial} and {n_layers}")
    start, stop = deficit
    end = float(times[-1])
    borders = sorted({0.0, *(min(at, end) for at in (start, stop)), end})
    state = np.full(2, np.log(initial))  # of logarithms, so that small strengths keep their digits
    found = np.tile(np.exp(state), (len(times), 1))
    for begin, finish in pairwise(borders):
        sees = np.array([0.0 if start <= begin < stop else 1.0, 1.0])

        def velocity(_: float, logs: Floats, sees: Floats = sees) -> Floats:
            now = np.exp(logs)
            return np.asarray(sees * n_layers * np.exp(logs * (1 - 2 / n_layers)) * (final - sees @ now))

        within = (times > begin) & (times <= finish)
        at = np.append(times[within], finish)
        flow = solve_ivp(
            velocity, (begin, finish), state, t_eval=np.unique(at), rtol=1e-10, atol=1e-12, method="LSODA"
        )
        found[within] = np.exp(flow.y.T)[np.searchsorted(flow.t, times[within])]
        state = flow.y[:, -1]
    return found


class TwoPathways:
    """What is exact of the task `two_pathways` learned by `pathways` from an aligned start at a small constant rate.

    Gradient descent with the rate η follows the flow up to terms of order η s. Known are test_share and test_loss.
    """

    def along_steps(self, config: Config, steps: NDArray[np.int64], y: str) -> Floats:
        """Compute the share of the first pathway, or the loss Σ_k (s - a - b)², after `steps` (S,)."""
        if y not in ("test_share", "test_loss") or not _is_known(config):
            return np.full(len(steps), np.nan)
        rate = config["learning_rate"]
        begin = config["deficit_start"]
        deficit = (rate * begin, rate * (begin + config["deficit_steps"]))
        order = np.unique(steps)
        found = strengths(
            rate * order.astype(float),
            config["strength"],
            config["start_strength"],
            config["layers"],
            deficit,
        )[np.searchsorted(order, steps)]
        total = found.sum(axis=1)
        if y == "test_share":
            return np.asarray(found[:, 0] / total)
        return np.asarray(config["n_modes"] * np.square(config["strength"] - total))

    def __call__(self, runs: pd.DataFrame, x: str, y: str) -> pd.Series:
        """Compute the share or the loss of each run after its last step."""
        found = [
            float(self.along_steps({str(k): v for k, v in row.items()}, np.array([row["steps"]]), y)[0])
            for row in runs.to_dict("records")
        ]
        return pd.Series(found, index=runs.index, dtype=float)


def _is_known(config: Config) -> bool:
    aligned = (
        config["task"] == "two_pathways" and config["model"] == "pathways" and config["start"] == "aligned"
    )
    return bool(aligned and config["optimizer"] == "sgd" and config["schedule"] == "constant")


exact_curve = TwoPathways()
