"""Associative memory: one square matrix between inputs and classes that are directions in the same dimension."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import Axes, Config
from lawbook.models import Role, Shapes, TrainedModel, Trial

if TYPE_CHECKING:
    from torch import Tensor


class AssociativeMemoryAxes(Axes):
    """The associative memory has no axes of its own."""


class AssociativeMemory(TrainedModel):
    """f(x)_c = x W u_c / |u_c|, from W = 0. The classes u_c ~ N(0, I/d) of the seed have no gradient and stay.

    Decay shortens them and turns none, so that it has no part in the outputs but through W. With as many inputs d as
    classes or more a linear model could answer; W has d² weights for K classes, and d may be much below K.
    Source: Wang et al. 2025, "Muon outperforms Adam in tail-end associative memory learning", arXiv:2509.26030.

    >>> AssociativeMemory().n_params({}, 64, 192)
    4096
    """

    axes = AssociativeMemoryAxes
    reads = frozenset({"vector"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return W (d, d), and the classes one after another, (K d,)."""
        return {"weight": (n_inputs, n_inputs), "classes": (n_outputs * n_inputs,)}

    def n_params(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return d², without the classes, which are not trained."""
        return n_inputs**2

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return that W writes outputs; the classes are directions, which no parametrization may scale to 0."""
        return {"weight": "output", "classes": "vector"}

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return the number of inputs of W, and 1 of the classes."""
        return {"weight": n_inputs, "classes": 1}

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 d (d + K)."""
        return 2 * n_inputs * (n_inputs + n_outputs)

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 8 bytes for each input, and 12 for each output."""
        return 8 * n_inputs + 12 * n_outputs

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Return W = 0, and draw the classes."""
        classes = rng.normal(0.0, 1 / np.sqrt(n_inputs), n_outputs * n_inputs)
        return {"weight": np.zeros((n_inputs, n_inputs)), "classes": classes}

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, K) of inputs (R, B, d)."""
        from torch.nn.functional import normalize

        from lawbook.models._products import products

        classes = normalize(weights["classes"].detach().unflatten(-1, (-1, inputs.shape[-1])), dim=-1)
        recalled = products(None, weights["weight"].mT, inputs.flatten(2).mT)  # (R, d, B)
        return products(None, classes, recalled).mT

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return nothing: the outputs are all that there is."""
        return {}

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield few and many classes in low and high dimension."""
        for dimension, classes in ((3, 5), (17, 8), (64, 192)):
            inputs = rng.normal(size=(3, 8, dimension)).astype(np.float32)
            yield Trial({}, classes, inputs, rng.integers(classes, size=(3, 8)))


model = AssociativeMemory()
