"""The loss of a fit: a scale on which y and ŷ are compared, and a penalty of their difference there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import ndtr

from lawbook.errors import LawbookError, suggest
from lawbook.laws.law import Array, Flags

SCALES = ("log_", "log1p_", "")
SHAPES = ("least_squares", "huber", "absolute")
LOSSES = tuple(scale + shape for scale in SCALES for shape in SHAPES)
_TAIL_CURVATURE = 0.02
"""Share of the reweighting curvature kept in the linear tails, whose exact curvature is 0."""


_NO_TAIL = 40.0
"""So many standard deviations away δ makes no difference: Huber's noise is the normal one, to all digits."""


def robust_delta(r: Array) -> float:
    """Return 1.345 standard deviations of residuals r, from their median size: δ of 95 % efficiency.

    Source: Huber & Ronchetti 2009, Robust Statistics, section 4.5.
    """
    return max(1.345 * 1.4826 * float(np.median(np.abs(r))), 1e-9)


@dataclass(frozen=True)
class Loss:
    """The penalty ρ of a residual r = g(y) − g(ŷ), with g = log, log(1 + y) or y by the name's beginning.

    ρ is ½ r² (least_squares); ½ r² within ±δ and δ (|r| − ½ δ) beyond (huber); or |r| (absolute), the limit of
    Huber's ρ/δ at δ → 0. δ is in units of r. y comes in units of exp(log_unit). Only log residuals are the
    same in all units of y. A censored y is an upper limit: a law that stays below it pays nothing.
    """

    name: str = "log_least_squares"
    delta: float | None = None
    log_unit: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in LOSSES:
            raise LawbookError(f"unknown loss {self.name!r}; {suggest(self.name, LOSSES)}")
        if self.shape == "huber" and not (self.delta is not None and 0 < self.delta < np.inf):
            raise LawbookError(f"loss {self.name!r} needs delta > 0, a residual; got {self.delta!r}")
        if self.shape != "huber" and self.delta is not None:
            raise LawbookError(f"loss {self.name!r} has no delta (got {self.delta!r}); {self.scale}huber has")

    @cached_property
    def shape(self) -> str:
        """Return the penalty's name, without the scale."""
        return self.name.removeprefix(self.scale)

    @cached_property
    def scale(self) -> str:
        """Return the beginning of the name that says on which scale residuals are taken."""
        return next(scale for scale in SCALES if self.name.startswith(scale))

    @property
    def squared(self) -> Loss:
        """Return least squares on the same scale."""
        return replace(self, name=f"{self.scale}least_squares", delta=None)

    def huber(self, delta: float) -> Loss:
        """Return Huber's loss with this δ on the same scale."""
        return replace(self, name=f"{self.scale}huber", delta=delta)

    def in_units(self, log_unit: float) -> Loss:
        """Return the same loss of a y that is given in units of exp(log_unit)."""
        delta = self.delta
        if delta is not None and self.scale == "":
            delta *= float(np.exp(-log_unit))
        return replace(self, delta=delta, log_unit=log_unit)

    @property
    def objective_unit(self) -> float:
        """Return the factor that takes ρ of a y in units of exp(log_unit) to one of y itself."""
        power = 0 if self.scale else 1 if self.shape == "absolute" else 2
        return float(np.exp(power * self.log_unit))

    def deviance(self, total: float, n: int) -> float:
        """Return −2 log likelihood of n residuals with Σ ρ = total, at its most likely scale, up to a constant.

        The noise is the one whose negative logarithm is ρ: normal, Laplace, or Huber's between the two
        (Huber & Ronchetti 2009, section 4.5), so that losses can be told apart by it as little as laws by them.
        """
        if self.shape == "least_squares":
            return n * float(np.log(max(2 * total / n, 1e-30)))
        if self.shape == "absolute":
            return 2 * n * float(np.log(max(2 * total / n, 1e-15))) + n * (1 - float(np.log(2 * np.pi)))
        delta = self.delta or 1.0
        normal = np.sqrt(2 * total / n)
        if normal * _NO_TAIL < delta:
            return n * float(np.log(max(2 * total / n, 1e-30)))
        s = delta * np.exp(np.linspace(-12.0, 12.0, 4801))
        inside = np.log(s * np.sqrt(2 * np.pi)) + np.log(np.maximum(2 * ndtr(delta / s) - 1, 1e-300))
        log_norm = np.logaddexp(inside, np.log(2 * s * s / delta) - delta**2 / (2 * s * s))
        value = np.min(2 * total / s**2 + 2 * n * log_norm)
        return float(value) - n * (1 + float(np.log(2 * np.pi)))

    def residuals(self, log_y: Array, log_fit: Array) -> tuple[Array, Array | None]:
        """Return r = g(y) − g(ŷ) and dg(ŷ) / d log ŷ, None where that is 1."""
        if self.scale == "log_":
            return log_y - log_fit, None
        with np.errstate(over="ignore", invalid="ignore"):
            if self.scale == "":
                fit = np.exp(log_fit)
                return np.exp(log_y) - fit, fit
            fit = np.exp(log_fit + self.log_unit)
            return np.log1p(np.exp(log_y + self.log_unit)) - np.log1p(fit), fit / (1.0 + fit)

    def value(self, r: Array, censored: Flags) -> Array:
        """Return ρ(r)."""
        size = np.abs(r)
        if self.shape == "absolute":
            rho = size
        elif self.delta is None:
            rho = 0.5 * r * r
        else:
            inside = np.minimum(size, self.delta)
            rho = inside * (size - 0.5 * inside)
        return np.where(censored & (r >= 0), 0.0, rho) if censored.any() else rho

    def derivatives(self, r: Array, censored: Flags) -> tuple[Array, Array]:
        """Return ψ = ρ' and a positive curvature for the Gauss–Newton model; not defined for |r|."""
        if self.delta is None:
            psi, curvature = r, np.ones_like(r)
        else:
            psi = np.maximum(np.minimum(r, self.delta), -self.delta)
            with np.errstate(divide="ignore"):
                tail = _TAIL_CURVATURE * self.delta / np.abs(r)
            curvature = np.where(psi == r, 1.0, tail)
        if censored.any():
            free = censored & (r >= 0)
            psi, curvature = np.where(free, 0.0, psi), np.where(free, 0.0, curvature)
        return psi, curvature
