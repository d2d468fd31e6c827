"""Write breakdown.csv.gz: learning curves whose power law breaks for a planted cause, or does not break.

    python config/studies/breakdown.py

Each set is a sweep over one size, N features or D examples, with SEEDS seeds and the losses at STAGES of the training.
It has one cause: `none`; `overfitting`, of too few examples for the features, or of noise that is interpolated;
`label_noise`, at a converged fit with the best ridge; `undertraining`, of too few steps; `truncation`, where the task
has a last feature or frequency; `topology`, where the data lie on a curve and, apart from it, on a patch of more
dimensions, or on a curve that has a thickness.

All are solved in closed form, by gradient flow on drawn inputs: linear regression on features of power-law variances,
and kernel regression, whose loss is the mean over the functions of a Gaussian process. A set draws its exponents,
geometry, place of the break, unit, and noise of measurements from its cause, its number and SEED. The sets of
TUNING_SEED are those that the thresholds of the analysis may be chosen on; none of them is in the table.
It takes two minutes of one core.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lawbook.seeds import generator

Array = np.ndarray
Rng = np.random.Generator

CAUSES = ("none", "overfitting", "label_noise", "undertraining", "truncation", "topology")
SEED, TUNING_SEED, SETS, SEEDS, SIZES = 2, 1, 40, 4, 8
"""The seed of the table and that of the sets for tuning, sets of each cause, seeds of a set, and sizes in its sweep."""

STAGES = 1 / np.array([1, 2, 8, 64, 1024, 32768])
"""Shares of the training time at which the losses are told, the last one first."""

RATE, MANY, TESTED = 0.01, 4096, 256
"""Learning rate, by which steps are counted; examples where they shall be no limit; inputs of a test."""


@dataclass(frozen=True)
class Curve:
    """A set without noise of measurements: sizes (n,), times (t,), and losses (seeds, n, t) on test and training."""

    sizes: Array
    times: Array
    test: Array
    train: Array


def ladder(smallest: float, largest: float) -> Array:
    """Return SIZES whole numbers, evenly spaced in their logarithm."""
    return np.unique(np.geomspace(smallest, largest, SIZES).round().astype(int))


def place(rng: Rng, sizes: Array) -> float:
    """Draw where the law breaks: between a quarter and three fifths of a ladder, in the logarithm."""
    return float(sizes[0] * (sizes[-1] / sizes[0]) ** rng.uniform(0.25, 0.6))


# Linear regression: N of infinitely many features, or of K, on D examples.


def tail(n: Array | float, alpha: float, last: float = np.inf) -> Array:
    """Compute n^-α - K^-α, the variance of the target that the features beyond n hold, of K features; 0 beyond K."""
    return np.maximum(np.asarray(n, dtype=float) ** -alpha - last**-alpha, 0.0)


def flow(values: Array, times: Array) -> Array:
    """Return 1 - exp(-λ t), the learned share of each mode, (modes, times)."""
    return -np.expm1(-np.outer(values, times))


def features_curve(
    rng: Rng, spectrum: float, alpha: float, sizes: Array, examples: Array, times: Array,
    noise: float = 0.0, last: float = np.inf,
) -> Curve:  # fmt: skip
    """Solve y = Σ_k w_k x_k + ξ by gradient flow from 0, with N features on D examples, pair by pair.

    Var x_k = k^-spectrum, and w_k² Var x_k = tail(k - 1) - tail(k), all of the variance with k = 1 at a tail of 1.
    """
    most, widest = int(examples.max()), int(sizes.max())
    k = np.arange(1.0, widest + 1)
    variances = k**-spectrum
    power = -np.diff(np.concatenate([[2.0], tail(k, alpha, last)]))
    unseen = tail(widest, alpha, last) + noise
    test, train = (np.empty((SEEDS, len(sizes), len(times))) for _ in range(2))
    for s in range(SEEDS):
        true = np.sqrt(power / variances) * rng.choice([-1.0, 1.0], widest)
        x = rng.standard_normal((most, widest)) * np.sqrt(variances)
        y = x @ true + np.sqrt(unseen) * rng.standard_normal(most)
        shared = examples.min() == most
        gram, cross = (x.T @ x / most, x.T @ y / most) if shared else (None, None)
        for i, (n, d) in enumerate(zip(sizes, examples, strict=True)):
            g = gram[:n, :n] if gram is not None else x[:d, :n].T @ x[:d, :n] / d
            b = cross[:n] if cross is not None else x[:d, :n].T @ y[:d] / d
            values, vectors = np.linalg.eigh(g)
            values = np.maximum(values, 0.0)
            sound = values > 1e-12 * values[-1]
            along = np.where(sound, vectors.T @ b / np.where(sound, values, 1.0), 0.0)
            learned = flow(values, times) * along[:, None]
            weights = vectors @ learned  # (n, times)
            lost = (variances[:n, None] * (weights - true[:n, None]) ** 2).sum(0)
            test[s, i] = lost + power[n:].sum() + unseen
            explained = (values[:, None] * learned * (2 * along[:, None] - learned)).sum(0)
            train[s, i] = np.maximum(np.mean(y[:d] ** 2) - explained, 1e-12)
    return Curve(sizes, times, test, train)


def over_features(rng: Rng, cause: str) -> Curve:
    """Sweep the number of features N."""
    alpha, spectrum = rng.uniform(0.5, 1.5), rng.uniform(1.2, 2.0)
    sizes = ladder(smallest := int(rng.integers(6, 11)), 24 * smallest)
    at, largest = place(rng, sizes), float(sizes[-1])
    reach, noise, last, examples = 10 * largest, 0.0, np.inf, MANY
    if cause == "label_noise":
        noise = float(tail(at, alpha))
    elif cause == "undertraining":
        reach = at
    elif cause == "truncation":
        last = largest / rng.uniform(0.75, 0.98)
    elif cause == "overfitting":
        examples = int(largest / np.exp(rng.uniform(np.log(0.75), np.log(4.0))))
    times = reach**spectrum * STAGES
    return features_curve(rng, spectrum, alpha, sizes, np.full(len(sizes), examples), times, noise, last)


def over_examples_of_features(rng: Rng) -> Curve:
    """Sweep the number of examples D at so many features that the largest ones come near to them, or pass them."""
    alpha, spectrum = rng.uniform(0.5, 1.5), rng.uniform(1.2, 2.0)
    examples = ladder(8, 256)
    features = int(examples[-1] / np.exp(rng.uniform(np.log(0.75), np.log(2.0))))
    times = (10.0 * features) ** spectrum * STAGES
    curve = features_curve(rng, spectrum, alpha, np.full(len(examples), features), examples, times)
    return Curve(examples, times, curve.test, curve.train)


# Kernel regression on D inputs, and functions of the Gaussian process with that kernel.

Kernel = Callable[[Array, Array], Array]
Draw = Callable[[Rng, int], Array]

ROUGH, SMOOTH = 1, 3
"""Twice the order of a Matérn kernel: its loss falls as D^-(order/dimension)."""

LENGTHS = {ROUGH: 4.0, SMOOTH: 1.0}
"""Length scale by order, no shorter than the box."""


def spread_inputs(rng: Rng, n: int, dimensions: int) -> Array:
    """Draw n points of the unit cube, one in each of n slices along each axis (a Latin hypercube), (n, dimensions)."""
    return np.stack([(rng.permutation(n) + rng.random(n)) / n for _ in range(dimensions)], axis=1)


def matern(order: int, length: float) -> Kernel:
    """Return Matérn's kernel of order 1/2 (ROUGH) or 3/2 (SMOOTH)."""

    def kernel(x: Array, z: Array) -> Array:
        square = (x**2).sum(1)[:, None] + (z**2).sum(1)[None] - 2 * x @ z.T
        scaled = np.sqrt(order * np.maximum(square, 0.0)) / length
        return (1 + scaled) * np.exp(-scaled) if order == SMOOTH else np.exp(-scaled)

    return kernel


def box(sides: Sequence[float], order: int) -> tuple[Kernel, Draw]:
    """Return a kernel and inputs in a box with these sides."""
    return matern(order, LENGTHS[order]), lambda r, n: spread_inputs(r, n, len(sides)) * sides


def circle(alpha: float, frequencies: int) -> tuple[Kernel, Draw]:
    """Return a kernel on the circle whose frequencies beyond k hold k^-α of its variance, up to the last one."""
    cells = 2**14
    k = np.arange(1.0, min(frequencies, cells // 2 - 1) + 1)
    power = np.zeros(cells)
    power[1 : len(k) + 1] = -np.diff(np.concatenate([[2.0], k**-alpha]))
    values = np.fft.fft(power).real[: cells // 2 + 1]
    values /= values[0]

    def kernel(x: Array, z: Array) -> Array:
        apart = np.abs(x - z.T)
        cell = np.minimum(apart, 1 - apart) * cells
        left = np.minimum(cell.astype(int), cells // 2 - 1)
        return values[left] + (cell - left) * (values[left + 1] - values[left])

    return kernel, lambda r, n: spread_inputs(r, n, 1)


def components(share: float, amplitude: float, dimensions: int) -> tuple[Kernel, Draw]:
    """Return a kernel and inputs on a curve and, apart from it, on a cube, of variance `amplitude`."""
    inner = matern(SMOOTH, LENGTHS[SMOOTH])

    def kernel(x: Array, z: Array) -> Array:
        scale = [np.where(part[:, 0] > 0, np.sqrt(amplitude), 1.0) for part in (x, z)]
        return (x[:, :1] == z[:, 0]) * scale[0][:, None] * scale[1] * inner(x[:, 1:], z[:, 1:])

    def draw(rng: Rng, n: int) -> Array:
        first = max(2, round(share * n))
        line = np.zeros((first, dimensions + 1))
        line[:, 1:2] = spread_inputs(rng, first, 1)
        cube = np.concatenate([np.ones((n - first, 1)), spread_inputs(rng, n - first, dimensions)], axis=1)
        return np.concatenate([line, cube])

    return kernel, draw


def solved(
    kernel: Kernel, x: Array, tested: Array, times: Array, noise: float, ridge: float
) -> tuple[Array, Array, Array]:
    """Return mean test and training loss (times,) of gradient flow with a ridge, and the kernel's eigenvalues / D."""
    values, vectors = np.linalg.eigh(kernel(x, x))
    values = np.maximum(values, 1e-13 * values[-1])
    seen = ((vectors.T @ kernel(x, tested)) ** 2).mean(1)
    own = np.diag(kernel(tested, tested)).mean()
    share = flow((values + ridge) / len(x), times) * (values / (values + ridge))[:, None]
    v = values[:, None]
    test = (
        own
        + noise
        + ((share**2 - 2 * share) / v * seen[:, None]).sum(0)
        + noise * ((share / v) ** 2 * seen[:, None]).sum(0)
    )
    train = ((1 - share) ** 2 * (v + noise)).mean(0)
    return np.maximum(test, 1e-13), np.maximum(train, 1e-13), values[::-1] / len(x)


def over_examples(rng: Rng, cause: str) -> Curve:
    """Sweep the number of examples D of kernel regression."""
    sizes = ladder(8, 256)
    at = place(rng, sizes)
    if cause == "truncation":
        kernel, draw = circle(rng.uniform(0.6, 1.5), round(sizes[-1] / 2 / rng.uniform(0.75, 0.98)))
    elif cause == "topology":
        kernel, draw = _two_scales(rng, at)
    else:
        shapes = [([1.0], ROUGH), ([1.0] * 2, ROUGH), ([1.0] * 2, SMOOTH), ([1.0] * 3, SMOOTH)]
        which = int(rng.integers(len(shapes) + 2))
        kernel, draw = box(*shapes[which]) if which < len(shapes) else circle(rng.uniform(0.6, 1.5), 10**5)
    never = np.array([np.inf])
    loss, _, _ = solved(kernel, draw(rng, round(at)), draw(rng, TESTED), never, 0.0, 0.0)
    _, _, spectrum = solved(kernel, draw(rng, int(sizes[-1])), draw(rng, 8), never, 0.0, 0.0)
    noise = float(loss[0]) if cause in ("label_noise", "overfitting") else 0.0
    ridge = noise if cause == "label_noise" else 0.0
    slowest = spectrum[round(at)] if cause == "undertraining" else spectrum[-1] / 30
    times = STAGES / slowest
    test, train = (np.empty((SEEDS, len(sizes), len(times))) for _ in range(2))
    for s in range(SEEDS):
        for i, n in enumerate(sizes):
            each = [
                solved(kernel, draw(rng, int(n)), draw(rng, TESTED), times, noise, ridge)[:2]
                for _ in range(max(1, 64 // int(n)))
            ]
            test[s, i], train[s, i] = np.mean(each, axis=0)
    return Curve(sizes, times, test, train)


def _two_scales(rng: Rng, at: float) -> tuple[Kernel, Draw]:
    """Return inputs that look like a curve while they are few, and have more dimensions from about `at` of them on."""
    if rng.random() < 1 / 3:
        return box([1.0, 2 / at], SMOOTH)
    dimensions, share = int(rng.integers(2, 5)), rng.uniform(0.4, 0.7)
    of_curve, of_cube = (
        solved(*_of(rng, dims, round(part * at)), np.array([np.inf]), 0.0, 0.0)[0][0] * part
        for dims, part in ((1, share), (dimensions, 1 - share))
    )
    return components(share, float(of_curve / of_cube), dimensions)


def _of(rng: Rng, dimensions: int, n: int) -> tuple[Kernel, Array, Array]:
    kernel, draw = box([1.0] * dimensions, SMOOTH)
    return kernel, draw(rng, max(n, 2)), draw(rng, TESTED)


# The table.


def planted(cause: str, number: int, seed: int) -> tuple[str, Curve]:
    """Return the axis of a set, N or D, and its curves with the noise of their measurements, in its own unit."""
    rng = generator(seed, f"breakdown {cause}", number)
    if cause == "topology" or number % 2:
        interpolated = cause != "overfitting" or number % 4 == 1
        axis, curve = "D", over_examples(rng, cause) if interpolated else over_examples_of_features(rng)
    else:
        axis, curve = "N", over_features(rng, cause)
    unit, sigma = 10 ** rng.uniform(-2, 2), np.exp(rng.uniform(np.log(0.005), np.log(0.05)))

    def measured(loss: Array) -> Array:
        of_run = sigma * rng.standard_normal((*loss.shape[:2], 1))
        return unit * loss * np.exp(of_run + sigma / 5 * rng.standard_normal(loss.shape))

    return axis, Curve(curve.sizes, curve.times, measured(curve.test), measured(curve.train))


def table(seed: int = SEED, sets: int = SETS) -> pd.DataFrame:
    """Return a row per set, size, seed and stage of training; the sets of all causes in an order of their own."""
    names = [(cause, number) for cause in CAUSES for number in range(sets)]
    order = generator(seed, "breakdown order").permutation(len(names))
    parts = []
    for i, at in enumerate(order, 1):
        cause, number = names[at]
        axis, curve = planted(cause, number, seed)
        s, n, t = (part.ravel() for part in np.indices(curve.test.shape))
        losses = {
            name: [f"{value:.4g}" for value in loss.ravel()]
            for name, loss in (("test_loss", curve.test), ("train_loss", curve.train))
        }
        steps = [f"{value:.4g}" for value in np.ceil(curve.times / RATE)[t]]
        about = {"set": i, "planted": cause, "axis": axis, "size": curve.sizes[n], "seed": s, "steps": steps}
        parts.append(pd.DataFrame({**about, **losses}))
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    path = Path(__file__).with_suffix(".csv.gz")
    table().to_csv(path, index=False, compression={"method": "gzip", "mtime": 0})
    print(hashlib.sha256(path.read_bytes()).hexdigest())
