"""Coarse digits: the images of the task `digits`, each as the brightness of its four quadrants."""

from __future__ import annotations

from functools import cache

from lawbook.axes import Config
from lawbook.tasks import Examples
from lawbook.tasks.digits import Digits
from lawbook.tasks.digits import task as digits


class CoarseDigits(Digits):
    """Classify digits by four numbers, the means over quadrants of 4 x 4 pixels, less their means, to variance 1.

    So few inputs make networks of less than a hundred weights, whose Hessian is computed exactly.
    """

    def n_inputs(self, config: Config) -> int:
        """Return 4 quadrants."""
        return 4

    def image_shape(self, config: Config) -> tuple[int, ...]:
        """Return 2 x 2 quadrants."""
        return (2, 2)

    def examples(self, config: Config) -> Examples:
        """Return all 1,797 images as (1797, 4), and their labels."""
        return _examples()


@cache
def _examples() -> Examples:
    found = digits.examples({})
    means = found.inputs.reshape(-1, 2, 4, 2, 4).mean((2, 4)).reshape(-1, 4)
    return Examples((means - means.mean(0)) / means.std(0), found.targets)


task = CoarseDigits()
