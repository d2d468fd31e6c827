"""The fit of a law with an index: one line, or one colour, for each of its values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawbook.laws import Fit
from lawbook.laws.law import Array
from lawbook.report.style import BLACK, DOUBLE, GREY, MARKERS, PALETTE, evenly, log_axis, new_figure
from lawbook.results.words import plain
from lawbook.storage.status import FitStatus

_MANY = 40
"""From more points of one value than this on they are small and faint."""


def indexed(fitted: Fit, curves: pd.DataFrame) -> Figure:
    """Draw a fit by value of its index: of one input the curves, of several measured against fitted; the residuals.

    curves: the columns input, index, estimate, low and high of the law that is shown, in ascending x.
    """
    assert fitted.law.index is not None
    column, values = fitted.law.index.column, fitted.law.index.values
    inputs = [fitted.inputs[j] for j in fitted.law.measured][:3]
    names = [f"by {name}" for name in inputs]
    figure = new_figure(DOUBLE, 3.5)
    grid = figure.subplot_mosaic([["main", name] for name in names], width_ratios=[1.55, 1])
    main, logged = grid["main"], not fitted.law.shift
    points = evenly(fitted.points)
    seen: list[float] = []
    for i, value in enumerate(values):
        own = points[points[column] == value]
        look: dict[str, Any] = {
            "color": PALETTE[i % len(PALETTE)],
            "marker": MARKERS[i % len(MARKERS)],
            "ls": "none",
        }
        look |= {"ms": 4} if len(own) <= _MANY else {"ms": 2.5, "alpha": 0.6, "mew": 0}
        y, rest = own["y"].to_numpy(dtype=float), own["residual"].to_numpy(dtype=float)
        at, label = own[inputs[0]].to_numpy(dtype=float), str(value)
        if len(inputs) > 1:
            at = y * np.exp(-rest) if logged else y - rest
            seen += [*at, *y]
        elif fitted.status != FitStatus.REFUSED:
            _curve(main, inputs[0], curves[curves[column] == value], look["color"])
        main.plot(at, y, label=label, **look)
        for panel, name in zip(names, inputs, strict=True):
            grid[panel].plot(own[name].to_numpy(dtype=float), rest, **look | {"ms": 3})
    if len(inputs) > 1:
        ends = [np.nanmin(seen), np.nanmax(seen)] if np.isfinite(seen).any() else [1.0, 1.0]
        main.plot(ends, ends, color=GREY, lw=0.8, zorder=1)
        log_axis(main, "x", ends)
        main.set(xlabel=f"{plain(fitted.y)}, fitted", ylabel=f"{plain(fitted.y)}, measured")
    else:
        log_axis(main, "x", [*points[inputs[0]], *curves[inputs[0]]])
        main.axvline(points[inputs[0]].max(), color=GREY, lw=0.8, ls=":")  # beyond, the law is a prediction
        main.set(xlabel=plain(inputs[0]), ylabel=plain(fitted.y))
    log_axis(main, "y", points["y"])
    for panel, name in zip(names, inputs, strict=True):
        log_axis(grid[panel], "x", points[name])
        grid[panel].axhline(0, color=BLACK, lw=0.6)
        grid[panel].set_xlabel(plain(name))
    grid[names[0]].set_title(f"{'log residual' if logged else 'residual'} (measured − fitted)")
    figure.legend(loc="outside lower left", ncols=min(len(values), 6), title=plain(column), handlelength=1.2)
    return figure


def _curve(axes: Axes, name: str, curve: pd.DataFrame, colour: str) -> None:
    """Draw the law of one value with its band."""
    x: Array = curve[name].to_numpy(dtype=float)
    axes.plot(x, curve["estimate"], color=colour, zorder=3)
    if np.isfinite(curve[["low", "high"]].to_numpy(dtype=float)).all():
        axes.fill_between(x, curve["low"], curve["high"], color=colour, alpha=0.2, lw=0)
