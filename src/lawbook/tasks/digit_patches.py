"""Patches of digits to be denoised: two disjoint sets of them, drawn anew for each seed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask
from lawbook.theory.digit_patches import SIDE, mean_square, moments, normal_constant, patches

Source = Literal["images", "patches", "gaussian"]
PER_IMAGE, LARGEST_DRAW = 16, 1 << 20


class DigitPatchesAxes(Axes):
    """Axes of the digit patches."""

    samples: int = Field(
        3200, ge=4, description="Patches, of which the first and the second denoiser see a half each."
    )
    source: Source = Field(
        "images",
        description="`images`: all 16 patches of images, disjoint halves of these; `patches`: single ones of all "
        "images; `gaussian`: normal vectors with mean and covariance of all patches.",
    )
    noise_variance: float = Field(0.05, gt=0, description="Variance σ² of the noise on a pixel, from 0 to 1.")


class DigitPatches(PoolTask):
    """Estimate a patch x, 5 × 5 pixels, from y = x + σ ξ, twice: from the one and from the other half of the examples.

    The last number of an input is that of its half, 0 or 1. The test loss is the mean over halves of E‖f(y) - x‖² on
    all patches, `test_disagreement` is E‖f_A(y) - f_B(y)‖², both exact for linear estimates, and
    `test_disagreement_over_normal` is that over what normal examples give to the order 1/n, in
    `lawbook.theory.digit_patches`, where the sources are.
    """

    axes = DigitPatchesAxes
    inputs = "halves"
    targets = "real"
    loss = "squared_error"
    metrics = ("disagreement", "disagreement_over_normal")
    drawn = True

    def n_inputs(self, config: Config) -> int:
        """Return 25 pixels and the number of the half."""
        return SIDE**2 + 1

    def n_outputs(self, config: Config) -> int:
        """Return 25 pixels."""
        return SIDE**2

    def n_eval(self, config: Config) -> None:
        """Return None: the test loss is that of all patches."""

    def check(self, config: Config) -> None:
        """Raise AxisError for halves that are not equal, or more patches than there are."""
        samples, source = config["samples"], config["source"]
        unit = 2 * PER_IMAGE if source == "images" else 2
        if samples % unit:
            what = "images" if source == "images" else "patches"
            problem = f"two halves of as many {what} each hold a multiple of {unit}"
            raise AxisError("samples", samples, problem, f"write {max(unit, samples - samples % unit)}")
        largest = LARGEST_DRAW if source == "gaussian" else patches()[..., 0].size // unit * unit
        if samples > largest:
            problem = (
                f"the {source} give no more than {largest:,}"
                if source != "gaussian"
                else "these are too many"
            )
            raise AxisError("samples", samples, problem, f"choose at most {largest}")

    def examples(self, config: Config) -> Examples:
        """Return patches with the number of their half (n, 26), the first half first, and the patches (n, 25)."""
        return _examples(*(config[axis] for axis in ("source", "samples", "seed")))

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the whole pool; nothing is held out, since the loss on all patches is known."""
        none = np.arange(0)
        return {"pool": np.arange(config["samples"]), "validation": none, "test": none}

    def exact_metrics(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, float]:
        """Return the loss and the disagreement of two estimates A y + b, `slope` (2, 25, 25) and `constant` (2, 25)."""
        mean, covariance = moments()
        slope, constant, noise = weights["slope"], weights["constant"], config["noise_variance"]
        differ = mean_square(slope[0] - slope[1], constant[0] - constant[1], mean, covariance, noise)
        # f(y) - x is (A - 1) x + A σ ξ + b.
        unit = np.eye(SIDE**2)
        losses = [
            mean_square(a - unit, b, mean, covariance, 0.0) + noise * np.square(a).sum()
            for a, b in zip(slope, constant, strict=True)
        ]
        of_normal = normal_constant(covariance, noise) / (config["samples"] / 2)
        return {
            "loss": float(np.mean(losses)),
            "disagreement": differ,
            "disagreement_over_normal": differ / of_normal,
        }


@lru_cache(maxsize=2)
def _examples(source: Source, samples: int, seed: int) -> Examples:
    rng = generator(seed, "examples", samples)  # of each size another draw
    every = patches()
    if source == "images":
        drawn = every[rng.permutation(len(every))[: samples // PER_IMAGE]].reshape(samples, -1)
    elif source == "patches":
        drawn = every.reshape(-1, SIDE**2)[rng.permutation(every[..., 0].size)[:samples]]
    else:
        mean, covariance = moments()
        values, directions = np.linalg.eigh(covariance)
        root = directions * np.sqrt(np.maximum(values, 0.0))
        drawn = mean + rng.standard_normal((samples, SIDE**2)) @ root.T
    half = np.arange(samples) >= samples // 2
    return Examples(np.column_stack([drawn, half]).astype(np.float32), drawn)


task = DigitPatches()
