"""Learning-rate schedules: the factor on the peak rate at each step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rate_factors(schedule: str, warmup: float, steps: int, warmup_steps: int = 0) -> NDArray[np.float64]:
    """Return the factor on the learning rate at steps 0…steps-1, in [0, 1].

    With t = step / steps after the warm-up: constant 1; cosine (1 + cos πt)/2; linear 1 - t; wsd 1, then linear
    to 0 over the last fifth. During the warm-up, a share of the steps or so many of them, the factor rises linearly,
    and is never 0.

    >>> rate_factors("linear", 0.0, 4).tolist()
    [1.0, 0.75, 0.5, 0.25]
    >>> rate_factors("constant", 0.5, 4).tolist()
    [0.5, 1.0, 1.0, 1.0]
    >>> rate_factors("constant", 0.0, 4, warmup_steps=2).tolist()
    [0.5, 1.0, 1.0, 1.0]
    """
    n_warm = warmup_steps or round(warmup * steps)
    t = np.clip((np.arange(steps) - n_warm) / max(1, steps - n_warm), 0.0, 1.0)
    shape = {
        "constant": np.ones(steps),
        "cosine": 0.5 * (1.0 + np.cos(np.pi * t)),
        "linear": 1.0 - t,
        "wsd": np.minimum(1.0, (1.0 - t) / 0.2),
    }[schedule]
    rise = np.minimum(1.0, (np.arange(steps) + 1.0) / max(1, n_warm))
    return np.asarray(shape * rise, dtype=np.float64)
