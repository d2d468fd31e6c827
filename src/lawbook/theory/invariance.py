"""Exact error of kernel regression whose kernel is averaged over a group that leaves the target as it is.

On the torus [0, 1)² and the sphere, kernel and target have powers of the level of their harmonics: eigenvalues
λ = (1 + level²)^(-a/2), and coefficients of variance ∝ (1 + level²)^(-b/2) on the harmonics that the target's symmetry
allows. The average of the kernel over a group, (1/|G|) Σ_g k(x, g y), has the same eigenvalues on the harmonics that
the group leaves as they are, and none on others. `kernel_ridge.mean_error` says what error each of the two leaves.

A group of |G| elements leaves one harmonic in |G|, so that n examples do for the averaged kernel what |G| n do without;
for all turns about an axis the dimension is one less. With s = (b - 1)/2 derivatives and the best ridge the error falls
as n^(-s/(s + d/2)). Source: Tahmasebi & Jegelka 2023, arXiv:2303.14269, theorem 4.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lawbook.theory._harmonics import Floats, invariant, levels
from lawbook.theory.kernel_ridge import mean_error


def eigenvalues(manifold: str, cutoff: int, exponent: float) -> Floats:
    """Compute λ = (1 + level²)^(-a/2) of each harmonic, (K,)."""
    return np.asarray((1.0 + levels(manifold, cutoff) ** 2) ** (-exponent / 2))


def target_powers(manifold: str, cutoff: int, exponent: float, symmetry: int) -> Floats:
    """Compute the squared coefficients of a target of variance 1, (K,), 0 on what its symmetry forbids.

    >>> round(float(target_powers("sphere", 3, 4.0, 2).sum()), 12)
    1.0
    """
    raw = eigenvalues(manifold, cutoff, exponent) * invariant(manifold, cutoff, symmetry)
    return np.asarray(raw / raw.sum())


def averaged_error(
    manifold: str, cutoff: int, kernel_exponent: float, powers: Floats, elements: int, samples: int, ridge: float,
    noise: float,
) -> float:  # fmt: skip
    """Compute the mean squared error of n examples with the kernel averaged over a cyclic group.

    powers: the target's squared coefficients (K,); elements: 1 for the plain kernel, 0 for all turns; ridge: λ for each
    example, nλ on the diagonal of the kernel matrix; noise: its standard deviation. What the kernel cannot learn counts
    as an error.
    """
    kept = invariant(manifold, cutoff, elements)
    kernel = eigenvalues(manifold, cutoff, kernel_exponent)[kept]
    lost = float(powers[~kept].sum())
    return lost + mean_error(kernel, powers[kept], samples, samples * ridge, noise**2 + lost)


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute the exact test loss of each run of a table, null for another y and for runs of another task or model."""
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    covered = (runs["task"] == "invariance") & (runs["model"] == "invariant_kernel")
    if y != "test_loss" or not covered.any():
        return exact
    names = [
        "manifold", "cutoff", "kernel_exponent", "target_exponent", "symmetry", "group_elements", "samples", "ridge",
        "ridge_exponent", "noise",
    ]  # fmt: skip
    for _, rows in runs[covered].groupby(names):
        one: Any = rows.iloc[0]
        manifold, cutoff, samples = str(one["manifold"]), int(one["cutoff"]), int(one["samples"])
        powers = target_powers(manifold, cutoff, float(one["target_exponent"]), int(one["symmetry"]))
        ridge = float(one["ridge"]) * samples ** -float(one["ridge_exponent"])
        exact[rows.index] = averaged_error(
            manifold, cutoff, float(one["kernel_exponent"]), powers, int(one["group_elements"]), samples, ridge,
            float(one["noise"]),
        )  # fmt: skip
    return exact
