"""The neural tangent parametrization: as wide networks learn, their features stay as they are."""

from __future__ import annotations

from math import sqrt

from lawbook.training.parametrizations import Parametrization, Tensor


class NeuralTangent(Parametrization):
    """Weights ω / √n with a rate for ω, n the fan-in: the rate of the weights is divided by n, by √n if adaptive.

    Initial values stay, since their deviation falls as 1/√n already; vectors have n = 1. The base width has no part
    in it. Source: Jacot, Gabriel & Hongler 2018, "Neural tangent kernel", arXiv:1806.07572, section 3.
    """

    def rate(self, tensor: Tensor, adaptive: bool) -> float:
        """Return 1/n, or 1/√n under an adaptive optimizer."""
        return 1.0 / (sqrt(tensor.fan_in) if adaptive else tensor.fan_in)


parametrization = NeuralTangent()
