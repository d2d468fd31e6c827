"""Handwritten digits: scikit-learn's 1,797 images of 8 x 8 pixels in ten classes, in five to ten test folds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask

N_EXAMPLES, N_VALIDATION, N_POOL = 1797, 140, 1297


class DigitsAxes(Axes):
    """Axes of the digits task."""

    samples: int = Field(N_POOL, ge=1, description="Pool size D: examples before pruning, at most 1,297.")
    folds: Annotated[int, Neutral(5)] = Field(
        5, ge=5, le=10, description="Equal parts of the images, one of which is the test split."
    )
    fold: Annotated[int, Neutral(0)] = Field(
        0,
        ge=0,
        description="Which part of the images is the test split, from 0. Sweep it: one test fold is one draw.",
    )
    label_noise: Annotated[float, Neutral(0.0)] = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of the pool's labels replaced by a class drawn uniformly; 1 is the null study.",
    )


class Digits(PoolTask):
    """Classify 8 x 8 images; pixels scaled from 0…16 to -1…1.

    Source: scikit-learn's `load_digits` (the test part of the UCI optical recognition data set).
    """

    axes = DigitsAxes
    inputs = "image"
    loss = "cross_entropy"

    def n_inputs(self, config: Config) -> int:
        """Return 64 pixels."""
        return 64

    def n_outputs(self, config: Config) -> int:
        """Return 10 classes."""
        return 10

    def n_eval(self, config: Config) -> int:
        """Return the number of test images of the fold."""
        return len(_parts(config["folds"])[config["fold"]])

    def image_shape(self, config: Config) -> tuple[int, ...]:
        """Return 8 x 8 pixels."""
        return (8, 8)

    def n_pool(self, config: Config) -> int:
        """Return 1,297, the same for every fold."""
        return N_POOL

    def check(self, config: Config) -> None:
        """Raise AxisError if more samples are asked for than the pool has, or a fold that is not there."""
        super().check(config)
        if config["fold"] >= config["folds"]:
            problem, fix = f"there are {config['folds']} folds, from 0", "choose a smaller one, or more folds"
            raise AxisError("fold", config["fold"], problem, fix)

    def examples(self, config: Config) -> Examples:
        """Return all 1,797 images and labels."""
        return _examples()

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the fold's test images, 140 images for validation, and 1,297 for the pool."""
        test = _parts(config["folds"])[config["fold"]]
        rest = np.setdiff1d(_shuffled(), test, assume_unique=True)
        rest = generator(config["fold"], "digits validation").permutation(rest)
        return {
            "test": test,
            "validation": np.sort(rest[:N_VALIDATION]),
            "pool": np.sort(rest[N_VALIDATION : N_VALIDATION + N_POOL]),
        }


@cache
def _examples() -> Examples:
    from sklearn.datasets import load_digits

    inputs, targets = load_digits(return_X_y=True)
    return Examples((inputs / 8.0 - 1.0).astype(np.float32), targets.astype(np.int64))


@cache
def _shuffled() -> NDArray[np.int64]:
    return generator(0, "digits folds").permutation(N_EXAMPLES)


@cache
def _parts(folds: int) -> tuple[NDArray[np.int64], ...]:
    return tuple(np.sort(part) for part in np.array_split(_shuffled(), folds))


task = Digits()
