r"""The learning curve of kernel ridge regression, from the kernel's matrix and the targets of one sample.

Of P examples the matrix K has the eigenvalues P λ̂_i, and the targets the squares v̂_i² of their coefficients in its
eigenvectors. In the equations of `kernel_ridge` these are no substitute for λ and v²: a sample has P modes, and its
targets are fitted as far as P examples can tell. How they differ is known, for the same s modes' worth of learning:

    Σ λ̂_i/(λ̂_i + κ̂) = s = Σ λ_i/(λ_i + κ)  at  κ = κ̂ / (1 - s/P),
    1/(s - q) = 1/(s - q̂) - 1/(P - s),  q = Σ 𝓛_i², and
    Σ (1 - 𝓛̂_i)² v̂_i² = (1 - s/P)² / (1 - q/P) · (Σ (1 - 𝓛_i)² v_i² + σ²),

the first by the equation of κ for P examples and a ridge P κ̂, the second its derivative, the third the ratio of
training to test error. n examples with a ridge δ learn s = n - δ/κ, and their error follows.

Sources: Simon et al. 2023, arXiv:2110.03922, for κ and the ratio of errors; Wei, Hu & Steinhardt 2022,
arXiv:2203.06176, for what a sample's spectrum tells of the whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from lawbook.theory.kernel_ridge import constant

Floats = NDArray[np.float64]

_LEAST = 1e-13
"""Eigenvalues below this share of the largest are rounding."""


def sample_spectrum(matrix: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Compute λ̂ (P,), descending, and v̂² (P,), summed over outputs, of a kernel matrix (P, P) and targets (P, k)."""
    values, vectors = np.linalg.eigh(matrix)
    power = np.square(vectors.T @ targets).sum(axis=1)
    values = np.maximum(values, _LEAST * values[-1])
    return values[::-1] / len(matrix), power[::-1] / len(matrix)


def predicted_error(values: Floats, power: Floats, samples: float, ridge: float = 0.0) -> float:
    """Compute the mean squared error of n examples on new ones, with their noise, foretold by a sample of P > n.

    values, power: those of `sample_spectrum`; samples: n; ridge: δ. Raises ValueError for n of P or more.
    """
    size = len(values)
    if not samples < size:
        raise ValueError(f"a sample of {size} tells nothing of {samples} examples; take a larger one")
    learned = samples if ridge == 0.0 else _learned(values, samples, ridge)
    own = constant(values, learned)
    share = values / (values + own)
    squares = float(np.square(share).sum())
    left = 1.0 / (1.0 / (learned - squares) - 1.0 / (size - learned))
    unlearned = float((np.square(1.0 - share) * power).sum())
    unlearned *= (1.0 - (learned - left) / size) / (1.0 - learned / size) ** 2
    return float(samples / (samples - learned + left) * unlearned)


def _learned(values: Floats, samples: float, ridge: float) -> float:
    """Return s, the root of s + δ (1 - s/P) / κ̂(s) = n."""

    def surplus(log_own: float) -> float:
        own = np.exp(log_own)
        learned = float((values / (values + own)).sum())
        return float(learned + ridge * (1.0 - learned / len(values)) / own - samples)

    low = np.log(constant(values, samples))
    high = np.log((values.sum() + ridge) / samples)
    own = float(np.exp(brentq(surplus, low, high, xtol=1e-13)))
    return float((values / (values + own)).sum())
