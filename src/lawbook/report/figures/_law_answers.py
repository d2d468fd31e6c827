"""What a figure of a law answers in the page: the runs behind its points, and its forms one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.fitting.exact import exact_points
from lawbook.laws.index import read_index
from lawbook.report.figures._law_series import EXACT_DASHES, Series, rows_of
from lawbook.report.figures._series import by_repeats
from lawbook.report.interactive import Interactive, Panel, Runs, Trace, limits_of, panel_of, runs_behind
from lawbook.report.style import BLACK, evenly
from lawbook.results.reader import Results
from lawbook.results.selection import INPUTS, parse_group, taken
from lawbook.results.words import label, plain, text_of
from lawbook.studies.columns_block import bounded, bounds_of
from lawbook.studies.law_block import LawBlock
from lawbook.studies.schema import StudyFile

_DRAWN = "drawn at"
"""A column of the rows that no study has: spaces are in no name."""


def law_answers(
    name: str,
    law: LawBlock,
    series: Sequence[Series],
    results: Results,
    content: StudyFile,
    grid: Mapping[Any, Axes],
) -> Interactive:
    """Return what the figure of a law of one input answers: its points and forms, residuals and local slopes."""
    behind = _Behind(law, results, content)
    grouped = len({s.group for s in series}) > 1
    main: list[Trace] = []
    residuals: list[Trace] = []
    slopes: list[Trace] = []
    for s in series:
        points, curve = evenly(rows_of(results.points, s, name)), rows_of(results.predictions, s, name)
        runs = behind.points(points, s.group)
        # The points of one group stay when its forms are turned off; those of several go with their form.
        own, hue = (_name(s), s.colour) if grouped else ("", BLACK)
        if s.headline and len(points):
            main.append(_measured(points, runs, own, hue, s.marker))
        if not s.flaw and len(curve):
            main.append(_curve(curve, s))
            slopes += _local_slope(curve, s)
            residuals.append(_residual(points, points["x"], runs, s))
        if s.headline:
            table = results.slopes
            slopes.append(
                _slopes(evenly(table[(table["law"] == name) & (table["group"] == s.group)]), own, hue, s)
            )
            for known, dash in zip(law.exact, EXACT_DASHES, strict=False):
                exact = exact_points(law, results.points_of(law), s.group, known)
                text = f"exact curve ({plain(known)})"
                main.append(Trace(text, exact["x"], exact["y"], colour=hue, line=dash, width=1.6))
    x = label(law.inputs[0], content)
    panels = [(grid["main"], main), (grid["residual"], residuals), (grid["slope"], slopes)]
    return _interactive([panel_of(axes, traces, x_label=x) for axes, traces in panels], series)


def surface_answers(
    name: str,
    law: LawBlock,
    series: Sequence[Series],
    results: Results,
    content: StudyFile,
    grid: Mapping[Any, Axes],
) -> Interactive:
    """Return what the figure of a law of several inputs answers: measured against fitted y, residuals by input."""
    behind = _Behind(law, results, content)
    shown = [column for column, name_of in zip(INPUTS, law.inputs, strict=False) if name_of in law.measured]
    traces: dict[str, list[Trace]] = {panel: [] for panel in ("main", *shown)}
    for s in series:
        points = evenly(rows_of(results.points, s, name))
        if s.flaw or points.empty:
            continue
        runs = behind.points(points, s.group)
        fitted = points["y"] * np.exp(-points["residual"])
        traces["main"].append(_measured(points.assign(x=fitted), runs, s.text, s.colour, s.marker))
        for column in shown:
            traces[column].append(_residual(points, points[column], runs, s))
    if ends := [float(end) for trace in traces["main"] for end in (np.min(trace.y), np.max(trace.y))]:
        both = [min(ends), max(ends)]
        traces["main"].append(Trace("", both, both, line="-", width=0.8))
    residual = "log residual (measured − fitted)"
    panels = [
        panel_of(grid[panel], drawn, y_label="" if grid[panel].get_title(loc="left") else residual)
        for panel, drawn in traces.items()
    ]
    return _interactive(panels, series)


def _interactive(panels: Sequence[Panel], series: Sequence[Series]) -> Interactive:
    return Interactive(tuple(panels), beside=True, warnings=tuple(s.text for s in series if s.flaw))


def _name(s: Series) -> str:
    """Return the entry of the legend: a form that is no law is named by its group, and said above to be none."""
    return s.lead.removesuffix(": ") if s.flaw else s.text


class _Behind:
    """The runs that gave a law its points, by group."""

    def __init__(self, law: LawBlock, results: Results, content: StudyFile) -> None:
        self._law = law
        runs = taken(law, results.points_of(law), bounded(content.columns))
        drawn = runs[law.y]
        if law.y in bounded(content.columns):  # a value that is known by a bound alone is drawn there
            low, high = (runs[bound] for bound in bounds_of(law.y))
            drawn = drawn.fillna(low.where(low > 0)).fillna(high)
        runs, _ = read_index(runs, [law.form(form) for form in law.compare])
        self._runs = by_repeats(runs.assign(**{_DRAWN: drawn}))

    def points(self, points: pd.DataFrame, group: str) -> list[Runs]:
        """Return the runs behind each point of a group."""
        runs = self._runs
        for axis, value in parse_group(group).items():
            runs = runs[[text_of(v) == value for v in runs[axis]]]
        keys = dict(zip(INPUTS, self._law.inputs, strict=False))
        return runs_behind(points, runs, keys, self._law.y, plain(self._law.y), _DRAWN)


def _measured(points: pd.DataFrame, runs: list[Runs], name: str, colour: str, marker: str) -> Trace:
    """Return measured means with their intervals and limits."""
    x, y, low, high = (points[column] for column in ("x", "y", "low", "high"))
    return Trace(
        name, x, y, low=low, high=high, limits=limits_of(points), runs=runs, colour=colour, marker=marker
    )


def _curve(curve: pd.DataFrame, s: Series) -> Trace:
    """Return a fitted curve, the headline's with its band."""
    band = curve[["low", "high"]].to_numpy(dtype=float)
    known = s.headline and bool(np.isfinite(band).all())
    low, high = (curve["low"], curve["high"]) if known else (None, None)
    return Trace(
        s.text, curve["x"], curve["estimate"], low=low, high=high, colour=s.colour, line=s.dash, band=known
    )


def _residual(points: pd.DataFrame, x: pd.Series, runs: list[Runs], s: Series) -> Trace:
    """Return log residuals, measured over fitted, with the intervals of the points; limits have none."""
    seen = ~points["censored"].to_numpy(dtype=bool)
    shown = points[seen]
    low, high = (shown["residual"] + np.log(shown[end] / shown["y"]) for end in ("low", "high"))
    behind = [each for each, keep in zip(runs, seen, strict=True) if keep]
    return Trace(
        s.text, x[seen], shown["residual"], low=low, high=high, runs=behind, colour=s.colour, marker=s.marker,
        size=3.0,
    )  # fmt: skip


def _slopes(steps: pd.DataFrame, name: str, colour: str, s: Series) -> Trace:
    """Return the slopes between neighbouring points, each over its x."""
    return Trace(
        name, np.sqrt(steps["x_low"] * steps["x_high"]), steps["slope"], low=steps["low"], high=steps["high"],
        x_low=steps["x_low"], x_high=steps["x_high"], colour=colour, marker=s.marker, size=2.5,
    )  # fmt: skip


def _local_slope(curve: pd.DataFrame, s: Series) -> list[Trace]:
    """Return the fitted law's own local slope, d log y / d log x, where both have logarithms."""
    x, y = curve["x"].to_numpy(dtype=float), curve["estimate"].to_numpy(dtype=float)
    if not ((x > 0).all() and (y > 0).all()):
        return []
    return [Trace(s.text, x, np.gradient(np.log(y), np.log(x)), colour=s.colour, line=s.dash, width=1.0)]
