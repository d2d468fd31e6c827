"""Does a frontier beat a power law? A rule of three parts, with a control on the same window.

Any curve that steepens looks exponential over a short range, a perceptron's without pruning among them. So it is
not enough that an exponential fits better than a power law: the frontier must also be steeper than its control,
and an exponential must predict the point that it has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.laws.fit import fit
from lawbook.laws.forms import laws
from lawbook.laws.frontier.pareto import Pareto
from lawbook.laws.law import Array

DECIDES = 6.0
"""Difference of AICc that tells two forms apart (Burnham & Anderson 2002, section 2.6)."""

LEAST_POINTS = 5
"""Points of a window below which nothing is decided: a fit to four predicts the fifth."""

STEEPER_IN_A_ROW = 2

FORMS = ("exponential", "power_floor", "exponential_floor", "stretched_exponential", "bnsl_1")
"""What is held against a power law beside the rule: the exponential, both with a floor, and what bends or breaks."""


class Beyond(StrEnum):
    """Whether a frontier falls faster than a power law."""

    BEATS = "beats the power law"
    POWER = "power law"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Judged:
    """A verdict with what it rests on, over the window x_low to x_high of n_points.

    delta_aicc: AICc of the power law less that of the exponential, for frontier and control; positive is for the
    exponential. exponential_share: of the draws, in which whole pools are resampled, those that it fits better.
    steeper: the longest run of neighbouring local exponents of the frontier above the control's with an interval
    that excludes 0. heldout_error_power and _exponential: |log error| at the window's last point, of fits to the
    others. winners_curse: by which share the mere minimum lies below the estimate, at most.
    """

    verdict: Beyond
    reason: str
    x_low: float
    x_high: float
    n_points: int
    delta_aicc: float
    delta_aicc_control: float
    exponential_share: float
    steeper: int
    heldout_error_power: float
    heldout_error_exponential: float
    winners_curse: float


def judge(frontier: Pareto) -> Judged:
    """Return whether a frontier beats a power law, over its window: points up to the first at an edge of the sweep.

    It does if (a) log ε = a - c x has an AICc lower by 6 than log ε = a - b log x, (b) its local exponent exceeds
    the control's by an interval that excludes 0 between at least three neighbouring points, and (c) the
    exponential, fitted without the last point, predicts it better. It is a power law, steeper than the control's or
    not, if (a) and (c) hold the other way round. Else it is undecided. Points without an error above 0 end the
    window.

    Source: the conditions under which Sorscher et al. 2022 (arXiv:2206.14486) claim more than a power law, with
    the safeguards that short ranges, chosen minima and the edge of a sweep call for.
    """
    start = frontier.window.start
    y, control = frontier.estimate[frontier.window], frontier.control[frontier.window]
    zero = np.flatnonzero(~((y > 0) & (control > 0)))
    n = int(zero[0]) if len(zero) else len(y)
    window = slice(start, start + n)
    x, y, control = frontier.kept[window], y[:n], control[:n]
    curse = float(np.max(1 - frontier.naive[window] / y)) if n else np.nan
    if n < LEAST_POINTS:
        ends = (float(x[0]), float(x[-1])) if n else (np.nan, np.nan)
        reason = f"{n} points {_ended_by(frontier, n)}, and {LEAST_POINTS} are needed"
        return Judged(Beyond.UNDECIDED, reason, *ends, n, np.nan, np.nan, np.nan, 0, np.nan, np.nan, curse)
    delta, delta_control = float(delta_aicc(x, y)), float(delta_aicc(x, control))
    share = float(np.mean(delta_aicc(x, frontier.draws[:, window]) > 0))
    steeper = _steeper(frontier, window)
    power, exponential = heldout_errors(x, y)
    found = (float(x[0]), float(x[-1]), n, delta, delta_control, share, steeper, power, exponential, curse)
    gap = f"ΔAICc {delta:+.1f}"
    failed = [
        text
        for holds, text in (
            (delta >= DECIDES, f"an exponential fits no better by {DECIDES:g} ({gap})"),
            (
                steeper >= STEEPER_IN_A_ROW,
                "its local exponent does not exceed the control's at two neighbouring steps",
            ),
            (exponential < power, "an exponential predicts the last point no better"),
        )
        if not holds
    ]
    if not failed:
        reason = f"an exponential fits better ({gap}; control {delta_control:+.1f}), predicts the last point better"
        reason += f", and the local exponent exceeds the control's at {steeper} neighbouring steps"
        return Judged(Beyond.BEATS, reason, *found)
    if delta <= -DECIDES and power < exponential:
        reason = f"a power law fits better ({gap}; control {delta_control:+.1f}) and predicts the last point better"
        return Judged(Beyond.POWER, reason, *found)
    return Judged(Beyond.UNDECIDED, "; ".join(failed), *found)


def _ended_by(frontier: Pareto, n: int) -> str:
    """Return what ended a window after n points, as words."""
    if n < len(frontier.kept[frontier.window]):
        return "before one without an error above 0"
    return "up to the edge of the sweep" if any(frontier.censored) else "in the whole sweep"


def other_forms(frontier: Pareto, judged: Judged) -> pd.DataFrame:
    """Return AICc less that of a power law, over the window of a verdict: a row per part and form of FORMS.

    Columns part (pruned, control), form, n_parameters and delta_aicc, negative where the form is the better one;
    null where the points are too few for its parameters. No row for a window of fewer than 5 points.
    """
    inside = (frontier.kept >= judged.x_low) & (frontier.kept <= judged.x_high)
    rows = []
    for part, y in (("pruned", frontier.estimate), ("control", frontier.control)):
        if judged.n_points < LEAST_POINTS:
            break
        points = pd.DataFrame({"x": frontier.kept[inside], "y": y[inside]})
        aicc = {form: _aicc(points, form) for form in ("power", *FORMS)}
        rows += [(part, form, len(laws[form].parameters), aicc[form] - aicc["power"]) for form in FORMS]
    return pd.DataFrame(rows, columns=["part", "form", "n_parameters", "delta_aicc"])


def _aicc(points: pd.DataFrame, form: str) -> float:
    """Return AICc of a law fitted to points, NaN where they are too few for its parameters and a variance."""
    if len(points) <= len(laws[form].parameters) + 2:
        return np.nan
    return fit(points, form, y="y", x="x", cluster=None, draws=1).aicc


def delta_aicc(x: Array, y: Array) -> Array:
    """Return AICc(power) - AICc(exponential) = n log(RSS of log-log line / RSS of log-linear line).

    x: (n,); y: (..., n), gives (...). Both have two parameters and a variance, so that nothing else differs. Raises
    LawbookError for fewer than 3 points.

    >>> x = np.array([1.0, 2, 4, 8])
    >>> [bool(delta_aicc(x, y) > 10) for y in (1 / x + 1e-3, np.exp(-x) + 1e-9)]
    [False, True]
    """
    if len(x) < 3:
        raise LawbookError(f"{len(x)} points tell no two lines apart; give at least 3")
    tiny = np.finfo(float).tiny
    power, exponential = (np.square(_residuals(u, np.log(y))).sum(axis=-1) for u in (np.log(x), x))
    return np.asarray(len(x) * (np.log(power + tiny) - np.log(exponential + tiny)))


def heldout_errors(x: Array, y: Array) -> tuple[float, float]:
    """Return |log error| at the last point of a power law and of an exponential, each fitted to the others."""
    errors = []
    for u in (np.log(x), x):
        slope, start = np.polyfit(u[:-1], np.log(y[:-1]), 1)
        errors.append(float(abs(start + slope * u[-1] - np.log(y[-1]))))
    return errors[0], errors[1]


def _residuals(u: Array, v: Array) -> Array:
    """Return how v (..., n) lies off its least-squares line over u (n,)."""
    u, v = u - u.mean(), v - v.mean(axis=-1, keepdims=True)
    slope = (v @ u) / (u @ u)
    return np.asarray(v - slope[..., None] * u)


def _steeper(frontier: Pareto, window: slice) -> int:
    """Return how many neighbouring steps of a window in a row are surely steeper than the control's."""
    slopes = frontier.slopes()
    steps = slice(window.start, window.stop - 1)
    above = (slopes.loc[slopes["part"] == "difference", "low"] > 0).to_numpy()[steps]
    longest = run = 0
    for step in above:
        run = run + 1 if step else 0
        longest = max(longest, run)
    return longest
