"""Write joint_laws.csv: losses on three planted surfaces of size and data, with noise that differs from run to run.

    python config/studies/joint_laws.py

`additive` is L = E + A/N^α + B/D^β; `levelling` the form of Rosenfeld et al., u/√(1 + (u/ε₀)²) with
u = a D^-α + b N^-β + c, which levels off at ε₀ where there is little to learn from; `learning_curve` a broken power law
of D alone, level at first, then a power law, at last a floor. No run was trained. Rows of the part `fitted` are those
that the study's laws may be fitted to; those of `beyond` have two and four times the largest size and data.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.seeds import generator
from lawbook.theory.counting_rules import Surface

Floats = NDArray[np.float64]

ADDITIVE = Surface(E=1.7, A=400.0, B=1500.0, alpha=0.34, beta=0.36)
"""Near the published fits of Chinchilla's runs, arXiv:2203.15556 and arXiv:2404.10102."""

LEVELLING = {"eps_0": 0.9, "a": 20.0, "alpha": 0.5, "b": 16.0, "beta": 0.4, "c": 0.03}
CURVE = {"floor": 0.05, "level": 0.9, "at": 3000.0, "alpha": 0.45, "width": 0.25}

SIZES = {"additive": np.geomspace(1e6, 1e9, 7), "levelling": np.geomspace(1e3, 1e6, 7)}
DATA = {"additive": np.geomspace(2e7, 2e10, 7), "levelling": np.geomspace(1e2, 1e5, 7)}
LENGTHS = np.geomspace(30, 3e7, 25)
BEYOND = (2.0, 4.0)
SEEDS = range(8)
NOISE = {"additive": 0.005, "levelling": 0.01, "learning_curve": 0.01}
"""Standard deviation of log L between runs."""


def levelling(size: Floats, data: Floats) -> Floats:
    """Compute u/√(1 + (u/ε₀)²), u = a D^-α + b N^-β + c."""
    p = LEVELLING
    u = p["a"] * data ** -p["alpha"] + p["b"] * size ** -p["beta"] + p["c"]
    return np.asarray(u / np.sqrt(1 + (u / p["eps_0"]) ** 2))


def learning_curve(data: Floats) -> Floats:
    """Compute floor + (level - floor) (1 + (D/D₁)^(1/f))^(-α f), a broken power law with one break."""
    p = CURVE
    soft = np.logaddexp(0.0, np.log(data / p["at"]) / p["width"])
    return np.asarray(p["floor"] + (p["level"] - p["floor"]) * np.exp(-p["alpha"] * p["width"] * soft))


def places() -> pd.DataFrame:
    """Return a row per place of each surface, with the loss there before noise."""
    rows = []
    for surface, compute in (("additive", ADDITIVE.loss), ("levelling", levelling)):
        of_size, of_data = SIZES[surface], DATA[surface]
        for part, sizes, data in (
            ("fitted", of_size, of_data),
            ("beyond", of_size[-1] * np.array(BEYOND), of_data[-1] * np.array(BEYOND)),
        ):
            grid = [(float(f"{n:.4g}"), float(f"{d:.4g}")) for n in sizes for d in data]
            rows += [(surface, part, n, d, float(compute(np.array(n), np.array(d)))) for n, d in grid]
    lengths = [float(f"{d:.4g}") for d in LENGTHS]
    rows += [("learning_curve", "fitted", None, d, float(learning_curve(np.array(d)))) for d in lengths]
    return pd.DataFrame(rows, columns=["surface", "part", "N", "D", "loss"])


def table() -> pd.DataFrame:
    """Return a row per place and seed."""
    known, parts = places(), []
    for seed in SEEDS:
        noise = generator(seed, "noise").standard_normal(len(known)) * known["surface"].map(NOISE)
        losses = [f"{loss:.5g}" for loss in known["loss"] * np.exp(noise)]
        parts.append(known.assign(seed=seed, loss=losses))
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(N=rows["N"].map("{:.4g}".format, na_action="ignore"), D=rows["D"].map("{:.4g}".format))


if __name__ == "__main__":
    path = Path(__file__).with_suffix(".csv")
    table().to_csv(path, index=False)
    print(hashlib.sha256(path.read_bytes()).hexdigest())
