"""Handwritten digits as a regression on labels some of which are wrong: what a fit through all of them costs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Config
from lawbook.seeds import generator
from lawbook.tasks import Examples
from lawbook.tasks.digits import N_EXAMPLES, DigitsAxes
from lawbook.tasks.digits import task as digits
from lawbook.tasks.digits_regression import DigitsRegression


class DigitsRelabelledAxes(DigitsAxes):
    """Axes of the digits with wrong labels."""

    replaced: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of the training labels replaced by a class drawn uniformly, once for each image.",
    )


class DigitsRelabelled(DigitsRegression):
    """Predict 0.9 for the digit that an image shows and -0.1 for the others; some training labels are replaced.

    The loss is the squared error summed over the ten: 0.9 where all predictions are 0. Labels of the validation and
    the test split are right.
    """

    axes = DigitsRelabelledAxes

    def examples(self, config: Config) -> Examples:
        """Return all 1,797 images with their labels, and once more with labels that are drawn uniformly."""
        return _examples()

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the splits of `digits`, in whose pool an image stands with its own label or with a drawn one."""
        splits = super().splits(config)
        pool = splits["pool"]
        replaced = generator(0, "replaced labels").random(N_EXAMPLES)[pool] < config["replaced"]
        return {**splits, "pool": np.where(replaced, pool + N_EXAMPLES, pool)}


@cache
def _examples() -> Examples:
    found = digits.examples({})
    drawn = generator(0, "drawn labels").integers(10, size=N_EXAMPLES)
    targets = np.eye(10)[np.concatenate([found.targets, drawn])] - 0.1
    return Examples(np.concatenate([found.inputs, found.inputs]), targets)


task = DigitsRelabelled()
