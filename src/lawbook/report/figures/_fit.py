"""One fit on its own: the points with the law and its bands, the residuals, the local slopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawbook.laws import Fit
from lawbook.laws.law import Array
from lawbook.report.figures import Drawn
from lawbook.report.figures._fit_indexed import indexed
from lawbook.report.style import BLACK, DOUBLE, DRAWN, GREY, PALETTE, RED, evenly, log_axis, new_figure
from lawbook.results.words import enumerate_words, measured, plain, symbol
from lawbook.storage.status import FitStatus

_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
_SHOWN = 4
"""Laws besides the headline that are drawn; more cannot be told apart."""
_CROWD = 60
"""From more points than this on they are small and faint."""


def draw_fit(
    fitted: Fit, fits: Mapping[str, Fit], curves: pd.DataFrame, slopes: pd.DataFrame | None
) -> Drawn:
    """Draw a fit: with one input its curve, among the other `fits`; with several, observed against predicted.

    With an index, for each of its values.

    curves: the columns law, input, estimate, low, high (band of the mean) and, if there, prediction_low and
    prediction_high, in ascending x. slopes: the local slopes of the points, as `local_slopes` gives them.
    """
    if fitted.law.index is not None:
        figure = indexed(fitted, curves[curves["law"] == fitted.law.name])
        _heading(figure.axes[0], fitted)
    elif len(fitted.inputs) == 1:
        figure = _one_input(fitted, fits, curves, slopes)
    else:
        figure = _several_inputs(fitted)
    state = "" if fitted.status == FitStatus.OK else f" ({plain(fitted.status)}: {fitted.reason})"
    title = f"{plain(fitted.y)} by {', '.join(map(plain, fitted.inputs))}: {plain(fitted.law.name)}{state}"
    return Drawn(figure, fitted.points, title, _caption(fitted))


def _one_input(
    fitted: Fit, fits: Mapping[str, Fit], curves: pd.DataFrame, slopes: pd.DataFrame | None
) -> Figure:
    figure = new_figure(DOUBLE, 3.5)
    grid = figure.subplot_mosaic([["main", "residual"], ["main", "slope"]], width_ratios=[1.55, 1])
    main, residual, slope = grid["main"], grid["residual"], grid["slope"]
    name = fitted.inputs[0]
    points = evenly(fitted.points)
    x, logged = points[name].to_numpy(dtype=float), not fitted.law.shift
    others = [
        form for form, other in fits.items() if form != fitted.law.name and other.status != FitStatus.REFUSED
    ]
    for i, form in enumerate([fitted.law.name, *others[:_SHOWN]]):
        curve = curves[curves["law"] == form]
        if curve.empty:
            continue
        sound = fits[form].status != FitStatus.REFUSED
        colour = PALETTE[i % len(PALETTE)] if sound else GREY
        look: dict[str, Any] = {"color": colour, "ls": _DASHES[i % len(_DASHES)]}
        at = curve[name].to_numpy(dtype=float)
        y = curve["estimate"].to_numpy(dtype=float)
        main.plot(at, y, label=_legend(fits[form]), zorder=3 + i / 10, **look)
        if (at > 0).all() and np.isfinite(y).all() and (y > 0).all():
            slope.plot(at, np.gradient(np.log(y), np.log(at)), lw=1.0, **look)
        if i == 0 and sound:
            _bands(main, at, curve, colour)
        _residuals(residual, x * 1.02**i, evenly(fits[form].points), colour, bars=i == 0, logged=logged)
    _points(main, x, points)
    if slopes is not None and len(slopes):
        _local_slopes(slope, evenly(slopes))
    for axes in (main, residual, slope):
        log_axis(axes, "x", [*x, *curves[name]])
    log_axis(main, "y", [*points["y"], *points["low"].dropna()])
    _frame(main, points, curves)
    if len(x):  # beyond, the law is a prediction
        main.axvline(x.max(), color=GREY, lw=0.8, ls=":")
    for axes in (residual, slope):
        axes.set_xlim(main.get_xlim())
        axes.axhline(0, color=BLACK, lw=0.6)
    residual.tick_params(labelbottom=False)
    residual.set_title(_residual_title(fitted))
    slope.set_title("local slope, d log y / d log x")
    slope.set_xlabel(plain(name))
    if not logged:
        said = f"{plain(fitted.y)} has no logarithm"
        slope.text(0.5, 0.5, said, transform=slope.transAxes, ha="center", va="center", color=GREY)
        slope.set_yticks([])
    main.set(xlabel=plain(name), ylabel=plain(fitted.y))
    _heading(main, fitted)
    if curves.empty:
        residual.text(0.5, 0.5, "no fit", transform=residual.transAxes, ha="center", va="center", color=GREY)
        residual.set_yticks([])
    else:
        figure.legend(loc="outside lower left", handlelength=2.2)
    return figure


def _several_inputs(fitted: Fit) -> Figure:
    inputs = fitted.inputs[:3]
    figure = new_figure(DOUBLE, 3.5)
    names = [f"by {name}" for name in inputs]
    grid = figure.subplot_mosaic([["main", name] for name in names], width_ratios=[1.25, 1])
    main, points = grid["main"], evenly(fitted.points)
    y, residual = points["y"].to_numpy(dtype=float), points["residual"].to_numpy(dtype=float)
    predicted = y - residual if fitted.law.shift else y * np.exp(-residual)
    if np.isfinite(predicted).any():
        ends = np.array([np.nanmin([y, predicted]), np.nanmax([y, predicted])])
        main.plot(ends, ends, color=GREY, lw=0.8, zorder=1)
        main.plot(predicted, y, "o", color=PALETTE[0], ms=3, alpha=0.6, mew=0)
        log_axis(main, "x", ends)
        log_axis(main, "y", ends)
    main.set(xlabel=f"{plain(fitted.y)}, fitted", ylabel=f"{plain(fitted.y)}, measured")
    for axes, name in zip((grid[name] for name in names), inputs, strict=True):
        at = points[name].to_numpy(dtype=float)
        _residuals(axes, at, points, PALETTE[0], bars=True, logged=not fitted.law.shift)
        log_axis(axes, "x", points[name])
        axes.axhline(0, color=BLACK, lw=0.6)
        axes.set_xlabel(plain(name))
    grid[names[0]].set_title(_residual_title(fitted))
    _heading(main, fitted)
    figure.supxlabel(_legend(fitted), fontsize=7, x=0.01, ha="left")
    return figure


def _bands(axes: Axes, x: Array, curve: pd.DataFrame, colour: str) -> None:
    """Shade the band of the mean curve, and lighter that of a new run where it is known."""
    for low, high, alpha in (("prediction_low", "prediction_high", 0.12), ("low", "high", 0.25)):
        if low in curve and np.isfinite(curve[[low, high]].to_numpy(dtype=float)).all():
            axes.fill_between(x, curve[low], curve[high], color=colour, alpha=alpha, lw=0)


def _points(axes: Axes, x: Array, points: pd.DataFrame) -> None:
    """Draw the means with their intervals; an upper limit as an open triangle that points down."""
    limit = points["censored"].to_numpy(dtype=bool)
    y = points["y"].to_numpy(dtype=float)
    spread = np.nan_to_num(np.abs(points[["low", "high"]].to_numpy(dtype=float).T - y))
    many: dict[str, Any] = {"ms": 4} if len(x) <= _CROWD else {"ms": 2.5, "alpha": 0.5}
    axes.errorbar(x[~limit], y[~limit], yerr=spread[:, ~limit], color=BLACK, marker="o", ls="none", capsize=1.5,
                  elinewidth=0.8, zorder=5, **many)  # fmt: skip
    axes.plot(x[limit], y[limit], color=BLACK, marker="v", mfc="white", ls="none", ms=5, zorder=5)


def _residual_title(fitted: Fit) -> str:
    return f"{'residual' if fitted.law.shift else 'log residual'} (measured − fitted)"


def _residuals(axes: Axes, x: Array, points: pd.DataFrame, colour: str, *, bars: bool, logged: bool) -> None:
    seen = ~points["censored"].to_numpy(dtype=bool) & np.isfinite(points["residual"].to_numpy(dtype=float))
    kept = points[seen]
    spread = None
    if bars and kept["low"].notna().any():
        ends, y = kept[["low", "high"]].to_numpy(dtype=float), kept[["y"]].to_numpy(dtype=float)
        spread = np.nan_to_num(np.abs(np.log(ends / y) if logged else ends - y).T)
    many: dict[str, Any] = {"ms": 3} if len(kept) <= _CROWD else {"ms": 2, "alpha": 0.5}
    axes.errorbar(
        x[seen], kept["residual"], yerr=spread, color=colour, marker="o", ls="none", elinewidth=0.7, **many
    )


def _local_slopes(axes: Axes, slopes: pd.DataFrame) -> None:
    """Draw the slope between neighbouring points as a bar over its x, its interval in the middle."""
    x, at = slopes[["x_low", "x_high"]].to_numpy(dtype=float), slopes["slope"].to_numpy(dtype=float)
    ends = slopes[["low", "high"]].to_numpy(dtype=float)
    axes.hlines(at, x[:, 0], x[:, 1], color=BLACK, lw=1.2)
    axes.vlines(np.sqrt(x[:, 0] * x[:, 1]), ends[:, 0], ends[:, 1], color=BLACK, lw=0.8)
    # The measured slopes set the scale: one noisy neighbour must not flatten them all.
    low, high = np.nanquantile(at, [0.05, 0.95]) if np.isfinite(at).any() else (-1.0, 1.0)
    room = 0.6 * (high - low) + 0.1
    axes.set_ylim(min(low - room, 0) if low - room < 0 else -0.05, max(high + room, 0.05))


def _frame(axes: Axes, points: pd.DataFrame, curves: pd.DataFrame) -> None:
    """Keep the points in sight where a band or a rival law runs away beyond them."""
    seen = [*points["y"], *points["low"].dropna(), *points["high"].dropna()]
    if seen and axes.get_yscale() == "log":
        reach = [v for v in curves["estimate"] if np.isfinite(v) and v > 0.3 * min(seen)]
        axes.set_ylim(min([*seen, *reach]) / 1.15, max(seen) * 1.25)


def _heading(axes: Axes, fitted: Fit) -> None:
    """Say above the main panel which law it is, in red if the data do not give it."""
    if fitted.status == FitStatus.OK:
        axes.set_title(fitted.law.formula)
    else:
        axes.set_title(f"{plain(fitted.status).upper()}: {fitted.reason}", color=RED, fontsize=7)


def _legend(fitted: Fit) -> str:
    """Return the law's exponents with their intervals: the one it is known for, or one per input."""
    names = fitted.law.nonlinear if len(fitted.inputs) > 1 else (fitted.law.exponent,)
    values = (
        (symbol(name), measured(found.value, found.low, found.high))
        for name, found in fitted.estimates.items()
        if name in names
    )
    text = f"{plain(fitted.law.name)}: " + ", ".join(f"{name} = {value}" for name, value in values)
    return text if fitted.status == FitStatus.OK else f"{text} ({plain(fitted.status)})"


def _caption(fitted: Fit) -> str:
    text = (
        f"Means of {fitted.y} by {enumerate_words(fitted.inputs)} at {fitted.n_points} points from"
        f" {fitted.n_runs} runs with {100 * fitted.level:g} % intervals,"
        f" the law {fitted.law.formula}, and {'residuals' if fitted.law.shift else 'log residuals'}."
    )
    if fitted.law.index is not None:
        text += f" One colour for each {fitted.law.index.column}."
    if len(fitted.inputs) == 1:
        text += " Dark band: the mean curve; light band, where there is one: a new run; right of the line: predicted."
    if fitted.n_points > DRAWN:
        text += f" Of the points {DRAWN:,} are drawn, evenly taken."
    if fitted.n_censored:
        text += " Open triangles: no wrong answer in any run, an upper limit."
    return text
