"""Why a power law breaks: the cause, as far as curves of test and training loss show it.

A sweep over one size has, at each size and seed, the test loss at the end of training, and where they are known the
training loss and the test loss before the end. Read off are, in logarithms and with standard errors over seeds:

- the bend, the slope over the larger half of the sizes less that over the smaller (a middle one is in both);
- the misfits of a power law and of one with a floor, as p against the seeds' noise and departures of 2 %;
- the rise, the most that the test loss rises from one size to a larger one;
- the gain, by how much the lowest test loss along the training lies below that at its end;
- the fall, -d log L / d log steps at the end of training, over its last halving;
- the share, training loss over test loss.

| cause | what is seen |
|---|---|
| none | one power law fits, and the bend is small with its error |
| overfitting | test loss rises along the sizes, or along the training, and training loss lies below it |
| undertraining | the law bends up, and the larger runs still fall at their last step |
| truncation | the law bends down: the task has an end |
| label noise | the law bends up to a floor, training has converged, and training loss has the size of test loss |
| topology | the law bends up, training has converged, and training loss is far below: a second law |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaincc

from lawbook.laws.fit import optimum
from lawbook.laws.forms import laws
from lawbook.laws.law import Array, Flags
from lawbook.laws.loss import Loss
from lawbook.laws.points import gather
from lawbook.storage.status import UNDECIDED

NONE, OVERFITTING, LABEL_NOISE, UNDERTRAINING, TRUNCATION, TOPOLOGY = CAUSES = (
    "none", "overfitting", "label_noise", "undertraining", "truncation", "topology",
)  # fmt: skip

FEWEST_SIZES, FEWEST_SEEDS = 6, 2
"""Fewer tell no bend with its error."""

DEPARTURE = 0.02
"""Departures from a law, in log loss, that are none: no law of finite sizes is exact."""


@dataclass(frozen=True)
class Curves:
    """Logarithms over a sweep, (seeds, sizes) each, NaN for a run that is not there, of n increasing sizes.

    test, train: losses at the end of training; train is None where it is not known. fall: -d log test / d log steps at
    the end; gain: log(test at the end / lowest test along the training); both None without losses before the end.
    """

    sizes: Array
    test: Array
    train: Array | None = None
    fall: Array | None = None
    gain: Array | None = None


@dataclass(frozen=True)
class Measured:
    """A number with its standard error."""

    value: float = np.nan
    error: float = np.nan

    def above(self, bound: float, reach: float) -> bool:
        """Tell whether the number lies above a bound by more than so many standard errors."""
        return bool(self.value - reach * self.error > bound)

    def below(self, bound: float, reach: float) -> bool:
        """Tell whether the number lies below a bound by more than so many standard errors."""
        return bool(self.value + reach * self.error < bound)


@dataclass(frozen=True)
class Signals:
    """What a diagnosis rests on; see the table above.

    early, late: slopes over the smaller and the larger half of the sizes; bend: late less early; misfit, of_floor: p of
    one power law, and where it bends up, of one with a floor; rise: the most that log test rises; gain, fall: the
    largest over the larger half; share: log(train / test) at the two largest sizes.
    """

    early: Measured
    late: Measured
    bend: Measured
    misfit: float
    of_floor: float
    rise: Measured
    gain: Measured
    fall: Measured
    share: Measured


@dataclass(frozen=True)
class Diagnosis:
    """A cause, or `undecided`, with a sentence on why, and what it was read from."""

    cause: str
    reason: str
    signals: Signals | None = None


@dataclass(frozen=True)
class Thresholds:
    """Where a signal counts, in logarithms or as a slope.

    reach: standard errors by which a signal lies beyond its threshold. bent: least bend, as a share of the early slope;
    straight: the bend of a law that holds is smaller, with its error. chance: least p of one power law. rise, gain:
    of overfitting; fall: of a training that was too short, and settled: of one that has converged. floor: least share
    of training loss that has a floor; interpolated: the largest of one that has none.
    """

    reach: float = 3.0
    bent: float = 0.1
    straight: float = 0.2
    chance: float = 0.01
    rise: float = 0.1
    gain: float = 0.05
    fall: float = 0.1
    settled: float = 0.05
    floor: float = 0.2
    interpolated: float = 0.05


def means(values: Array) -> tuple[Array, Array]:
    """Return the mean over seeds at each size, and its standard error, (n,) each.

    The variance at a size is the mean of its own and of the median of all sizes: few seeds tell little of it.
    """
    count = np.isfinite(values).sum(axis=0)
    mean = np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)
    own = np.nansum((values - mean) ** 2, axis=0) / np.maximum(count - 1, 1)
    known = count > 1
    usual = float(np.median(own[known])) if known.any() else np.nan
    variance = np.where(known, (own + usual) / 2, usual)
    return mean, np.sqrt(variance / np.where(count > 0, count, np.nan))


def signals_of(curves: Curves) -> Signals:
    """Return what is read off curves of `FEWEST_SIZES` sizes or more, each with `FEWEST_SEEDS` seeds or more."""
    x = np.log(curves.sizes)
    y, error = means(curves.test)
    n = len(x)
    half = n // 2
    early, late = _slope(x, np.arange(n) < n - half), _slope(x, np.arange(n) >= half)

    def of(weights: Array) -> Measured:
        return Measured(float(weights @ y), float(np.sqrt(weights**2 @ error**2)))

    up = y[None, :] - y[:, None]
    i, j = np.unravel_index(int(np.argmax(np.triu(up))), up.shape)
    share = Measured()
    if curves.train is not None:
        apart, apart_error = means(curves.train - curves.test)
        share = Measured(float(apart[-2:].mean()), float(np.sqrt((apart_error[-2:] ** 2).sum()) / 2))
    bend = of(late - early)
    return Signals(
        early=of(early), late=of(late), bend=bend, misfit=_misfit("power", curves, y, error),
        of_floor=_misfit("power_floor", curves, y, error) if bend.value > 0 else np.nan,
        rise=Measured(float(up[i, j]), float(np.hypot(error[i], error[j]))),
        gain=_largest(curves.gain, half), fall=_largest(curves.fall, half), share=share,
    )  # fmt: skip


def _slope(x: Array, chosen: Flags) -> Array:
    """Return the weights (n,) by which y gives its regression slope over the chosen x."""
    off = np.where(chosen, x - x[chosen].mean(), 0.0)
    return np.asarray(off / (off @ off))


def _misfit(law: str, curves: Curves, y: Array, error: Array) -> float:
    """Return p of Σ r²/(error² + DEPARTURE²) about the fit of a law, against χ² with n - p degrees of freedom."""
    seeds = np.repeat(np.arange(len(curves.test)), len(curves.sizes))
    runs = pd.DataFrame(
        {"x": np.tile(curves.sizes, len(curves.test)), "y": np.exp(curves.test).ravel(), "seed": seeds}
    )
    points = gather(runs.dropna(), y="y", x="x", cluster="seed")
    form = laws[law]
    _, solution = optimum(points, form, Loss())
    rest = y - form.log_predict(points.x, solution.parameters[0])
    rest = rest - np.average(rest, weights=1 / (error**2 + DEPARTURE**2))  # a mean of logarithms lies lower
    freedom = len(y) - len(form.parameters)
    return float(gammaincc(freedom / 2, float(np.sum(rest**2 / (error**2 + DEPARTURE**2))) / 2))


def _largest(values: Array | None, half: int) -> Measured:
    """Return the largest mean over the larger half of the sizes, with its error; NaN where none is known."""
    if values is None:
        return Measured()
    mean, error = means(values)
    if not np.isfinite(mean[half:]).any():
        return Measured()
    at = half + int(np.nanargmax(mean[half:]))
    return Measured(float(mean[at]), float(error[at]))


def diagnose(curves: Curves, at: Thresholds | None = None) -> Diagnosis:
    """Return the cause for which a power law in the size breaks, `none`, or `undecided` with what is missing."""
    at = at or Thresholds()
    n_sizes = len(curves.sizes)
    seeds = int(np.isfinite(curves.test).sum(axis=0).min()) if n_sizes else 0
    if n_sizes < FEWEST_SIZES or seeds < FEWEST_SEEDS:
        needs = f"{FEWEST_SIZES} sizes with {FEWEST_SEEDS} seeds each"
        return Diagnosis(UNDECIDED, f"there are {n_sizes} sizes with {seeds} seeds, and a bend needs {needs}")
    seen = signals_of(curves)
    cause, reason = _cause(seen, at)
    return Diagnosis(cause, reason, seen)


def _cause(seen: Signals, at: Thresholds) -> tuple[str, str]:
    known = np.isfinite(seen.share.value)
    apart = seen.share.below(0, at.reach)
    rises, gains = seen.rise.above(at.rise, at.reach), seen.gain.above(at.gain, at.reach)
    if rises or gains:
        if not known:
            return (
                UNDECIDED,
                "the test loss rises; without the training loss it is not known whether that falls",
            )
        if apart:
            along = "with size" if rises else "along the training"
            return OVERFITTING, f"the test loss rises {along}, and the training loss lies below it"
        return UNDECIDED, "the test loss rises, and the training loss with it"
    scale = max(abs(seen.early.value), 1e-3)
    bend = Measured(seen.bend.value / scale, seen.bend.error / scale)
    if bend.above(-at.straight, 1.0) and bend.below(at.straight, 1.0) and seen.misfit > at.chance:
        return NONE, "one power law fits"
    if bend.below(-at.bent, at.reach):
        return TRUNCATION, "the loss falls faster than any one power law: the task comes to its end"
    if not bend.above(at.bent, at.reach):
        return UNDECIDED, "the bend is not told from none with this noise"
    if not np.isfinite(seen.fall.value):
        return (
            UNDECIDED,
            "the law bends up; without losses before the end training may have been too short",
        )
    if seen.fall.above(at.fall, at.reach):
        return UNDERTRAINING, "the law bends up where the loss still falls at the end of training"
    if not seen.fall.below(at.settled, 1.0):
        return UNDECIDED, "the law bends up, and the loss still falls a little at the end of training"
    if not known:
        return (
            UNDECIDED,
            "the law bends up; without the training loss a floor is not told from a second law",
        )
    if seen.share.above(np.log(at.floor), 1.0):
        if seen.of_floor > at.chance:
            return (
                LABEL_NOISE,
                "the law bends up to a floor after training has converged, and so does the training loss",
            )
        return UNDECIDED, "the law bends up after training has converged, and a floor alone does not fit it"
    if seen.share.below(np.log(at.interpolated), 1.0):
        return (
            TOPOLOGY,
            "the law bends up after training has converged, and the training loss is far below: a second law",
        )
    return UNDECIDED, "the law bends up, and the training loss is neither like the test loss nor far below it"
