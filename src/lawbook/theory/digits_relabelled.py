r"""Test error of ridge regression on random Fourier features of images, from the spectrum of the Gaussian kernel.

The kernel exp(-‖x - x'‖²/2ℓ²) on all P = 1,797 images has eigenvalues λ_i (of its matrix over P) and eigenvectors φ_i,
on which the right targets have the coefficients v_i. With n examples, N features and a ridge, and the constant γ and
the sum z = Σ λ_i/(λ_i + γ) of `random_features`, the error is the one given there, as if φ_i(x) and the features were
independent normal numbers; of images this is no theorem. Of the P images n are learned and others are asked about, so
that the part of the target that is not learned counts P/(P - z) times. Where a share p of the labels is replaced by
classes drawn uniformly, (1 - p) y is learned and the rest is noise, of variance (1 - (1 - p)²) Σ v². On right labels

    error = P/(P - z) [(1 - p)² MSE(y) + 2 p (1 - p) Σ γ/(λ_i + γ) v_i²] + p² Σ v_i² + MSE(noise).

Source: Simon, Karkada, Ghosh & Belkin 2023, arXiv:2311.14646, section 3, which holds it against images; P/(P - z) is
exact for least squares on N < n features of P fixed points, and for the kernel, in the limit of many.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from lawbook.theory.random_features import constants, mean_error_of_features

Floats = NDArray[np.float64]

AXES = ("length", "samples", "features", "ridge", "replaced")


def mean_error_of_relabelled(
    eigenvalues: Floats,
    power: Floats,
    samples: float,
    features: float,
    ridge: float = 0.0,
    replaced: float = 0.0,
) -> float:
    """Compute the mean squared error on other points than the n learned of P = K, given right labels to tell.

    eigenvalues: λ (K,), positive; power: v² (K,), summed over outputs; replaced: p. Infinite at n = N without a ridge.

    >>> round(mean_error_of_relabelled(np.ones(8), np.ones(8), 2.0, 4.0), 12)
    16.0
    """
    sizes, right, total = (samples, features, ridge), 1.0 - replaced, float(power.sum())
    gamma = constants(eigenvalues, *sizes).gamma
    share = eigenvalues / (eigenvalues + gamma)
    unlearned = right**2 * mean_error_of_features(eigenvalues, power, *sizes)
    unlearned += 2.0 * replaced * right * float(((1.0 - share) * power).sum())
    noise = (1.0 - right**2) * total
    variance = mean_error_of_features(eigenvalues, 0.0 * power, *sizes, noise=noise) if noise else 0.0
    return unlearned * len(share) / (len(share) - float(share.sum())) + replaced**2 * total + variance


@cache
def spectrum(length: float) -> tuple[Floats, Floats]:
    """Return λ (P,) and v² (P,) of the Gaussian kernel on scikit-learn's images of digits; v² sums to 0.9.

    Pixels are from -1 to 1 and targets 0.9 or -0.1, as in the task `digits_relabelled`. Eigenvalues below rounding
    count as the smallest one that is not.
    """
    from sklearn.datasets import load_digits

    inputs, classes = load_digits(return_X_y=True)
    inputs = inputs / 8.0 - 1.0
    matrix = np.exp(-cdist(inputs, inputs, "sqeuclidean") / (2.0 * length**2)) / len(inputs)
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values, np.finfo(float).eps * values[-1])
    targets = np.eye(10)[classes] - 0.1
    return values, np.square(vectors.T @ targets).sum(axis=1) / len(inputs)


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute the mean of y of each run of a table: its test loss, whatever x is.

    Returns a float column aligned with `runs`, null for another y, for runs of another task or model, and where the
    mean is infinite.
    """
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    covered = (runs["task"] == "digits_relabelled") & (runs["model"] == "cosine_features")
    if y != "test_loss" or not covered.any():
        return exact
    for _, rows in runs[covered].groupby(list(AXES)):
        length, *axes = rows[list(AXES)].iloc[0].to_numpy(dtype=float).tolist()
        value = mean_error_of_relabelled(*spectrum(length), *axes)
        exact[rows.index] = value if np.isfinite(value) else np.nan
    return exact
