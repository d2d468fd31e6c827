"""Handwritten digits as a regression: the images of the task `digits`, and ten numbers that are 0.9 or -0.1."""

from __future__ import annotations

from functools import cache

import numpy as np

from lawbook.axes import AxisError, Config
from lawbook.tasks import Examples
from lawbook.tasks.digits import Digits
from lawbook.tasks.digits import task as digits


class DigitsRegression(Digits):
    """Predict 0.9 for the digit that an image shows and -0.1 for the others; pixels from -1 to 1.

    The loss is the squared error summed over the ten: 0.9 where all predictions are 0.
    """

    targets = "real"
    loss = "squared_error"

    def check(self, config: Config) -> None:
        """Raise AxisError as `digits` does, and for wrong labels, which are drawn of classes."""
        super().check(config)
        if config["label_noise"] > 0:
            problem = "the targets are real numbers, no classes to draw wrong ones from"
            raise AxisError("label_noise", config["label_noise"], problem, "leave it out, or take digits")

    def examples(self, config: Config) -> Examples:
        """Return all 1,797 images, and their targets (1797, 10)."""
        return _examples()


@cache
def _examples() -> Examples:
    found = digits.examples({})
    return Examples(found.inputs, np.eye(10)[found.targets] - 0.1)


task = DigitsRegression()
