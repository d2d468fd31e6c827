"""Learning-rate schedules: the factor on the peak rate at each step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lawbook.errors import suggest

Floats = NDArray[np.float64]

SCHEDULES: Mapping[str, Callable[[Floats], Floats]] = {
    "constant": np.ones_like,
    "cosine": lambda t: np.asarray(0.5 * (1.0 + np.cos(np.pi * t))),
    "linear": lambda t: 1.0 - t,
    "wsd": lambda t: np.minimum(1.0, (1.0 - t) / 0.2),
    "step": lambda t: np.where(t < 0.8, 1.0, np.where(t < 0.9, 0.1**0.5, 0.1)),
}
"""The factors by name, of t in [0, 1], the share of the steps after the warm-up.

wsd: constant, then linear to 0 over the last fifth. step: 1, then √0.1 from 0.8 on and 0.1 from 0.9 on (DeepSeek-AI
2024, arXiv:2401.02954).
"""
TABLE = re.compile(r"\s*[0-9.eE+-]+\s*:\s*[0-9.eE+-]+\s*(,\s*[0-9.eE+-]+\s*:\s*[0-9.eE+-]+\s*)+")
"""How a schedule is written that has no name: points `t:factor`, with straight lines between them."""


def check_schedule(schedule: str) -> str:
    """Return a schedule. Raises ValueError for what is neither the name of one nor a table of factors.

    >>> check_schedule("0:1, 0.5:1, 0.5:0.1, 1:0")
    '0:1, 0.5:1, 0.5:0.1, 1:0'
    """
    if schedule not in SCHEDULES:
        _points(schedule)
    return schedule


def rate_factors(schedule: str, warmup: float, steps: int, warmup_steps: int = 0) -> Floats:
    """Return the factor on the learning rate at steps 0…steps-1, in [0, 1].

    It is that of `SCHEDULES`, or of a table `t:factor, t:factor, …`, at t = step / steps after the warm-up; where two
    points of a table have the same t, the second holds from there on. During the warm-up, a share of the steps or so
    many of them, the factor rises linearly, and is never 0.

    >>> rate_factors("linear", 0.0, 4).tolist()
    [1.0, 0.75, 0.5, 0.25]
    >>> rate_factors("constant", 0.5, 4).tolist()
    [0.5, 1.0, 1.0, 1.0]
    >>> rate_factors("constant", 0.0, 4, warmup_steps=2).tolist()
    [0.5, 1.0, 1.0, 1.0]
    >>> rate_factors("0:1, 0.5:1, 0.5:0.2, 1:0", 0.0, 4).tolist()
    [1.0, 1.0, 0.2, 0.1]
    """
    n_warm = warmup_steps or round(warmup * steps)
    t = np.clip((np.arange(steps) - n_warm) / max(1, steps - n_warm), 0.0, 1.0)
    shape = SCHEDULES[schedule](t) if schedule in SCHEDULES else _between(*_points(schedule), t)
    rise = np.minimum(1.0, (np.arange(steps) + 1.0) / max(1, n_warm))
    return np.asarray(shape * rise, dtype=np.float64)


@cache
def _points(table: str) -> tuple[Floats, Floats]:
    """Return places t and factors of a table (n,) each. Raises ValueError for what is none."""
    if not TABLE.fullmatch(table):
        raise ValueError(f"there is no such schedule; {suggest(table, SCHEDULES)}, or write 0:1, 0.8:1, 1:0")
    pairs = [point.split(":") for point in table.split(",")]
    try:
        places, factors = (np.array([float(pair[i]) for pair in pairs]) for i in (0, 1))
    except ValueError:
        raise ValueError("a point is no pair of numbers; write 0:1, 0.8:1, 1:0") from None
    if places[0] != 0 or places[-1] != 1 or (np.diff(places) < 0).any():
        raise ValueError("the places of its points do not rise from 0 to 1; write 0:1, 0.8:1, 1:0")
    if factors.min() < 0 or factors.max() > 1:
        raise ValueError("its factors do not lie between 0 and 1; the peak is the learning rate")
    return places, factors


def _between(places: Floats, factors: Floats, t: Floats) -> Floats:
    left = np.minimum(np.searchsorted(places, t, side="right") - 1, len(places) - 2)
    width = places[left + 1] - places[left]
    share = np.where(width > 0, (t - places[left]) / np.where(width > 0, width, 1.0), 1.0)
    return np.asarray(factors[left] + share * (factors[left + 1] - factors[left]))
