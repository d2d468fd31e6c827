"""Write shapes.csv: curves of planted shapes, each with noise, that a comparison of laws has to tell apart.

    python config/studies/shapes.py

A row is a point of a curve: its family, the curve (another draw of the noise), x, y, and y without the noise. Of the
family `answers` y is -log of the share of right tokens, and of answers of 5 and 20 tokens, counted among a million of
them; null where fewer than a hundred are right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.seeds import generator
from lawbook.theory.quanta import frequencies

Floats = NDArray[np.float64]

CURVES, POINTS, NOISE = 3, 40, 0.02
"""Curves of a family, points of a curve, and the standard deviation of the noise of log y."""

BREAK = {"b": 8.0, "c0": 0.15, "c1": 0.6, "d1": 1e4, "f1": 0.2}
"""The planted break, in the letters of `bnsl_1`: the slope goes from 0.15 to 0.75 at x = 10,000."""

QUANTA, ALPHA = 1 << 22, 1.0
"""Quanta and the exponent of their frequencies, p_k ∝ k^-(1+α)."""

TURN = {"b": 2.0, "c0": 0.3, "c1": -0.42, "d1": 1e4, "f1": 0.5}
"""The planted turn: y falls as x^-0.3 below x = 10,000 and rises as x^0.12 above. A curve that rises as far as it has
fallen is refused as flat."""

ANSWERS, RIGHT, LENGTHS = 1_000_000, 100, (1, 5, 20)


def broken(x: Floats, b: float, c0: float, c1: float, d1: float, f1: float) -> Floats:
    """Compute b x^-c0 (1 + (x/d1)^(1/f1))^(-c1 f1)."""
    return np.asarray(b * x**-c0 * (1 + (x / d1) ** (1 / f1)) ** (-c1 * f1))


def unknown_quanta(n: Floats) -> Floats:
    """Compute Σ_{k > n} p_k, the loss of what knows the n most frequent quanta: n^-α far below their number."""
    left = np.cumsum(frequencies(QUANTA, ALPHA)[::-1])[::-1]
    return np.asarray(left[n.astype(int)])


FAMILIES: dict[str, tuple[float, float, Callable[[Floats], Floats]]] = {
    "power": (1e2, 1e6, lambda x: 3 * x**-0.3),
    "exponential": (1e0, 1e2, lambda x: 2 * np.exp(-0.04 * x)),
    "broken": (1e2, 1e6, lambda x: broken(x, **BREAK)),
    "inverse": (1e2, 1e6, lambda x: 0.2 * x**0.1),
    "u_shaped": (1e2, 1e6, lambda x: broken(x, **TURN)),
    "quanta": (30, 3e4, unknown_quanta),
}
"""{family: (least x, largest x, y)}."""


def planted() -> pd.DataFrame:
    """Return a row per point of the families, with noise."""
    rows = []
    for family, (low, high, y) in FAMILIES.items():
        x = np.geomspace(low, high, POINTS)
        x = np.rint(x) if family == "quanta" else x
        exact = y(x)
        for curve in range(CURVES):
            noise = NOISE * generator(curve, f"noise of {family}").standard_normal(POINTS)
            parts = zip(x, exact * np.exp(noise), exact, strict=True)
            rows += [(family, curve, *(f"{part:.8g}" for part in of_point)) for of_point in parts]
    return pd.DataFrame(rows, columns=["family", "curve", "x", "y", "exact"])


def answered(curves: int = CURVES, points: int = POINTS) -> pd.DataFrame:
    """Return a row per size: -log of the shares of right answers of each length, the token's being 5 x^-0.25."""
    x, rows = np.geomspace(1e0, 1e6, points), []
    p = np.exp(-5 * x**-0.25)
    for curve in range(curves):
        rng = generator(curve, "answers")
        right = np.stack([rng.binomial(ANSWERS, p**length) for length in LENGTHS])
        known = np.where(right >= RIGHT, right, np.nan) / ANSWERS
        for at, shares in zip(x, -np.log(known.T), strict=True):
            written = ("" if np.isnan(value) else f"{value:.8g}" for value in shares)
            rows.append(("answers", curve, f"{at:.8g}", *written))
    return pd.DataFrame(rows, columns=["family", "curve", "x", *(f"minus_log_share_{k}" for k in LENGTHS)])


def table() -> pd.DataFrame:
    """Return all rows."""
    return pd.concat([planted(), answered()], ignore_index=True)


if __name__ == "__main__":
    path = Path(__file__).with_suffix(".csv")
    table().to_csv(path, index=False)
    print(hashlib.sha256(path.read_bytes()).hexdigest())
