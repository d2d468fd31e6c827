"""Modular addition written as a line of tokens, a b =, after which the sum is to be told."""

from __future__ import annotations

from functools import cache

import numpy as np

from lawbook.axes import Config
from lawbook.tasks import Examples
from lawbook.tasks.modular_addition import ModularAddition


class ModularEquation(ModularAddition):
    """Tell (a + b) mod p after the tokens a, b and =; the class is that of the last token alone.

    Tokens 0 to p - 1 are numbers, token p is the sign =. The pairs that are given, and the test split, are those of
    `modular_addition` of the same modulus, samples and seed.

    Source: Nanda et al. 2023, arXiv:2301.05217; Power et al. 2022, arXiv:2201.02177.
    """

    inputs = "equation"
    loss = "cross_entropy"

    def n_inputs(self, config: Config) -> int:
        """Return the three tokens of an equation."""
        return 3

    def examples(self, config: Config) -> Examples:
        """Return all pairs, a · p + b in order: tokens (p², 3) and sums (p²,)."""
        return _examples(config["modulus"])


@cache
def _examples(modulus: int) -> Examples:
    first, second = np.divmod(np.arange(modulus**2), modulus)
    return Examples(np.stack([first, second, np.full_like(first, modulus)], 1), (first + second) % modulus)


task = ModularEquation()
