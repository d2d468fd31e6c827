"""Diagnostics of a fit: what a reader must know besides its numbers, as notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lawbook.laws.law import Array, Law
from lawbook.laws.noise import Spread
from lawbook.laws.note import Note, info, refusal, warning
from lawbook.laws.points import Points
from lawbook.laws.profile import Ends
from lawbook.laws.solver import Solution
from lawbook.laws.uncertainty import FEW_CLUSTERS, LEFT_OUT, Estimate, nested, over_index, repeated
from lawbook.laws.verdict import Trend, doubtful, systematic

_FEW_STARTS = 0.05
AGREE = 3
"""So many of the starts of a law of many parameters should come to one optimum."""
_MANY_LOST = 0.05
_SIDE = 3
"""Points on either side from which on they may show a break."""


def diagnostics(
    points: Points,
    law: Law,
    solution: Solution,
    estimates: dict[str, Estimate],
    method: str,
    fit_p: float,
    lost: float,
) -> list[Note]:
    """Return what a reader must know about a fit besides its numbers.

    `fit_p` is the p of its lack of fit, `lost` the share of the bootstrap refits that did not converge.
    """
    found = []
    if law.floor is not None:
        floor = estimates[law.floor]
        scale = float(np.exp(points.data().log_y.min()))
        if floor.value == 0 or not floor.low > 1e-6 * scale:
            reach = "0 in all draws" if np.isnan(floor.high) else f"interval [0, {floor.high:.3g}]"
            text = f"{law.floor} is not told apart from 0: {reach}"
            found.append(warning("floor_not_identified", text, parameter=law.floor, high=floor.high))
    single = int((points.clusters_per_point == 1).sum())
    if not repeated(points):
        if nested(points) and not over_index(points) and points.n_clusters < FEW_CLUSTERS:
            text = (
                f"{points.n_clusters} clusters carry all points, none repeating another's: what moves a whole"
                " cluster is not seen, and the intervals are too narrow"
            )
            found.append(warning("few_clusters", text, clusters=points.n_clusters))
        basis = "rest on the residuals" if method == "residual_t" else "come from resampled rows"
        text = f"no seeds repeat the points: intervals {basis}, lack of fit is untested"
        found.append(warning("no_repeats", text, method=method))
    elif single:
        text = f"{single} points have one run and show no spread"
        found.append(warning("single_run_points", text, points=single))
    if method == "bca" and points.n_clusters > LEFT_OUT:
        text = f"the skewness of the bca intervals comes from leaving out {LEFT_OUT} random groups of"
        text += f" {points.n_clusters} clusters in turn, not each of them"
        found.append(info("grouped_jackknife", text, groups=LEFT_OUT, clusters=points.n_clusters))
    if doubtful(fit_p):
        text = f"the law misses the points by more than seed noise (p = {fit_p:.2g})"
        found.append(warning("lack_of_fit", text, p=fit_p))
    found += systematic(law, points, solution)
    reached = int(solution.starts_at_best[0])
    # A law of many parameters is followed from twelve starts, of which one is no majority.
    least = AGREE if len(law.nonlinear) > 2 else 0
    if reached < max(_FEW_STARTS * solution.starts, min(least, solution.starts)):
        text = f"only {reached} of {solution.starts} starts reached the optimum"
        found.append(warning("few_starts_at_best", text, reached=reached, starts=solution.starts))
    if lost > _MANY_LOST:
        text = f"{lost:.0%} of the bootstrap refits did not converge and are left out"
        found.append(warning("failed_draws", text, share=lost))
    return found


def tied_inputs(law: Law, notes: Sequence[Note]) -> Note | None:
    """Return the note that a law of several inputs has no answer where these vary together, None if they do not."""
    tied = next((note for note in notes if note.code == "tied_inputs"), None)
    if tied is None or len(law.inputs) < 2:
        return None
    text = f"{tied.message}; vary one at a fixed value of another, or fit a law of one input"
    return refusal("tied_inputs", text, **tied.details)


def open_ends(law: Law, ends: dict[str, Ends]) -> list[Note]:
    """Name the parameters whose profile interval ends at a bound of the law; a floor's 0 is named elsewhere."""
    found = []
    for name, end in ends.items():
        for side, open_here in (("below", end.low_open[0]), ("above", end.high_open[0])):
            if open_here and not (name == law.floor and side == "below"):
                text = f"the data do not bound {name} from {side}"
                found.append(warning("open_interval", text, parameter=name, side=side))
    return found


def unseen_break(law: Law, x: Array, estimates: dict[str, Estimate], ends: dict[str, Ends]) -> Note | None:
    """Return the note on a break of a law that the points do not show, None if they show all.

    Its place is open on both sides, or on one with fewer than three points on one side of it.
    """
    for name in law.breaks:
        if name not in ends:
            continue
        at, end = estimates[name].value, ends[name]
        below, above = int((x[:, 0] < at).sum()), int((x[:, 0] > at).sum())
        low, high = bool(end.low_open[0]), bool(end.high_open[0])
        if (low and high) or ((low or high) and min(below, above) < _SIDE):
            text = f"the break {name} is not identified: {below} points lie below {at:.3g}, {above} above it"
            return refusal("unseen_break", text, parameter=name, below=below, above=above)
    return None


def uneven(spread: Spread, y: str) -> list[Note]:
    """Say so if the spread of the runs depends on the level of y."""
    if not spread.heteroscedastic:
        return []
    way = "rises" if spread.slope > 0 else "falls"
    text = (
        f"the spread of log {y} {way} with {y}: d log sd / d log y = {spread.slope:.2g} (p = {spread.p:.2g})"
    )
    return [warning("heteroscedastic", text, slope=spread.slope, p=spread.p)]


def rising(points: Points, slope: Trend) -> list[Note]:
    """Say so if y rises with some input and falls with none."""
    if not (slope.low > 0).any() or (slope.high < 0).any():
        return []
    text = f"{points.y} rises with {', '.join(points.inputs[j] for j in points.measured)}"
    return [warning("rising", text, slope=slope.slope.tolist())]
