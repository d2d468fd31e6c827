"""The standard parametrization: initial values as the model draws them, one rate for all."""

from __future__ import annotations

from lawbook.training.parametrizations import Parametrization, Tensor


class Standard(Parametrization):
    """Every factor is 1."""

    def rate(self, tensor: Tensor, adaptive: bool) -> float:
        """Return 1."""
        return 1.0


parametrization = Standard()
