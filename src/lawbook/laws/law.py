"""A law: non-negative linear coefficients times a nonlinear basis of positive terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Counts: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Law:
    """The law y = Σ_j c_j φ_j(x; θ) with c_j ≥ 0 and φ_j > 0, the latter given by their logarithms.

    `log_basis(x, theta)` maps x (n, d) and θ (B, k) to log φ (B, n, m); `log_basis_jacobian` gives its
    derivative in θ, (B, n, m, k). `box(x)` bounds θ, (k, 2), from the design alone, so that it follows the
    units of x. `log_spaced` marks the θ whose starts are spread by their logarithm. `exponent` names the
    parameter that the law is known for; `floor` the linear coefficient that is the limit of y, if any.
    """

    name: str
    formula: str
    source: str
    linear: tuple[str, ...]
    nonlinear: tuple[str, ...]
    exponent: str
    log_basis: Callable[[Array, Array], Array]
    log_basis_jacobian: Callable[[Array, Array], Array]
    box: Callable[[Array], Array]
    log_spaced: tuple[bool, ...]
    inputs: tuple[str, ...] = ("x",)
    floor: str | None = None
    positive_x: bool = True

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of all parameters: the linear ones, then the nonlinear ones."""
        return self.linear + self.nonlinear

    def log_predict(self, x: Array, parameters: Array) -> Array:
        """Return log y(x), by log-sum-exp over the terms.

        x: (n, d); parameters: (..., p) in the order of `parameters`; returns (..., n).
        """
        lead = parameters.shape[:-1]
        flat = parameters.reshape(-1, len(self.parameters))
        m = len(self.linear)
        with np.errstate(divide="ignore"):
            log_c = np.log(flat[:, :m])
        log_terms = log_c[:, None, :] + self.log_basis(x, flat[:, m:])
        log_y: Array = np.logaddexp.reduce(log_terms, axis=-1)
        return log_y.reshape(*lead, x.shape[0])
