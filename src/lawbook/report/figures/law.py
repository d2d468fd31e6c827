"""`law`: the points of a law with its fits, their residuals, and the local slopes beside them.

A law of several inputs has no one curve: its points are drawn against their fitted values, and their residuals
against each input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lawbook.fitting.exact import exact_points
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._law_answers import law_answers, surface_answers
from lawbook.report.figures._law_series import EXACT_DASHES, Series, rows_of, series_of
from lawbook.report.figures._series import Line, as_data, draw_points
from lawbook.report.interactive import Interactive
from lawbook.report.style import (
    BLACK,
    DOUBLE,
    DRAWN,
    GREY,
    MARKERS,
    PALETTE,
    RED,
    evenly,
    log_axis,
    new_figure,
)
from lawbook.results.reader import Results
from lawbook.results.selection import INPUTS
from lawbook.results.words import count, enumerate_words, label, number, plain
from lawbook.studies.columns_block import bounded
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.law_block import LawBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw every form of a law with one group, or the headline form of each group."""
    name = block.of or next(iter(content.laws))
    law = content.laws[name]
    fits = results.fits[results.fits["law"] == name]
    series = series_of(law, fits)
    if len(law.inputs) > 1:
        drawn, data, answers = _draw_surface(name, law, series, results, content)
        return Drawn(drawn, data, f"The law {plain(name)}", _caption(fits, series, law, content), answers)

    figure = new_figure(DOUBLE, 3.4)
    grid = figure.subplot_mosaic([["main", "residual"], ["main", "slope"]], width_ratios=[1.55, 1])
    main, residual, slope = grid["main"], grid["residual"], grid["slope"]
    parts = []
    seen: list[pd.DataFrame] = []
    grouped = len({s.group for s in series}) > 1
    for s in series:
        points, curve = rows_of(results.points, s, name), rows_of(results.predictions, s, name)
        shown = evenly(points)
        line = Line("", (), points, s.colour if grouped else BLACK, s.marker)
        if s.headline and len(points):
            draw_points(main, shown, line, joined=False)
            seen.append(shown)
        if not s.flaw and len(curve):
            x = curve["x"].to_numpy(dtype=float)
            main.plot(x, curve["estimate"], color=s.colour, ls=s.dash, zorder=3)
            band = curve[["low", "high"]].to_numpy(dtype=float)
            if s.headline and np.isfinite(band).all():
                main.fill_between(x, band[:, 0], band[:, 1], color=s.colour, alpha=0.18, lw=0)
            _draw_local_slope(slope, curve, s)
            _draw_residuals(residual, shown, s)
        parts += [({"part": "points", "form": s.form, "group": s.group}, _bare(points))]
        parts += [({"part": "fit", "form": s.form, "group": s.group}, _bare(curve))]
        if s.headline:
            steps = results.slopes[(results.slopes["law"] == name) & (results.slopes["group"] == s.group)]
            _draw_slopes(slope, evenly(steps), line)
            parts.append(({"part": "slopes", "group": s.group}, _bare(steps)))
            for known, dash in zip(law.exact, EXACT_DASHES, strict=False):
                exact = exact_points(law, results.points_of(law), s.group, known)
                main.plot(exact["x"], exact["y"], color=line.colour, ls=dash, lw=1.6, zorder=4)
                parts.append(({"part": "exact", "curve": known, "group": s.group}, exact))
    _finish(main, residual, slope, law, content, pd.concat(seen) if seen else None)
    answers = law_answers(name, law, series, results, content, grid)
    if all(s.flaw for s in series):
        residual.text(0.5, 0.5, "no fit", transform=residual.transAxes, ha="center", va="center", color=GREY)
        residual.set_yticks([])
    _state_refusals(main, series)
    handles = [Line2D([], [], color=s.colour, ls="none" if s.flaw else s.dash) for s in series]
    texts = [s.text for s in series]
    for known, dash in zip(law.exact, EXACT_DASHES, strict=False):
        handles.append(Line2D([], [], color=BLACK, ls=dash, lw=1.6))
        texts.append(f"exact curve ({plain(known)})")
    _add_legend(figure, handles, texts, series)
    caption = _caption(fits, series, law, content)
    return Drawn(figure, _data(law, parts), f"The law {plain(name)}", caption, answers)


def _draw_surface(
    name: str, law: LawBlock, series: list[Series], results: Results, content: StudyFile
) -> tuple[Figure, pd.DataFrame, Interactive]:
    """Draw measured against fitted y, and the log residual against each input; return that, the data, and answers."""
    inputs = {column: name for column, name in zip(INPUTS, law.inputs, strict=False) if name in law.measured}
    figure = new_figure(DOUBLE, 1.4 + 1.2 * len(inputs))
    grid = figure.subplot_mosaic([["main", column] for column in inputs], width_ratios=[1.25, 1])
    main, parts = grid["main"], []
    ends: list[float] = []
    for s in series:
        points = rows_of(results.points, s, name)
        curve = rows_of(results.predictions, s, name)
        if not s.flaw and len(points):
            shown = evenly(points)
            for some in _by_value(law, s, shown):
                y = some.runs["y"].to_numpy(dtype=float)
                fitted = y * np.exp(-some.runs["residual"].to_numpy(dtype=float))
                draw_points(main, some.runs.assign(x=fitted), some, joined=False)
                ends += [*y, *fitted]
                for column in inputs:
                    at = some.runs.assign(x=some.runs[column])
                    _draw_residuals(grid[column], at, replace(s, colour=some.colour, marker=some.marker))
        parts += [({"part": "points", "form": s.form, "group": s.group}, _bare(points))]
        parts += [({"part": "fit", "form": s.form, "group": s.group}, _bare(curve))]
    if law.index and ends:
        main.legend(*(part[: len(law.index)] for part in main.get_legend_handles_labels()))
    if ends:
        main.plot([min(ends), max(ends)], [min(ends), max(ends)], color=BLACK, lw=0.8, zorder=1)
        log_axis(main, "x", ends)
        log_axis(main, "y", ends)
    for column, name_of in inputs.items():
        grid[column].axhline(0, color=BLACK, lw=0.6)
        seen = results.points.loc[results.points["law"] == name, column]
        log_axis(grid[column], "x", seen)
        grid[column].set_xlabel(label(name_of, content))
    grid["x"].set_title("log residual (measured − fitted)")
    main.set(
        xlabel=f"fitted {label(law.y, content, law.sweep)}",
        ylabel=f"measured {label(law.y, content, law.sweep)}",
    )
    answers = surface_answers(name, law, series, results, content, grid)
    _state_refusals(main, series)
    handles = [Line2D([], [], color=s.colour, marker=s.marker, ls="none") for s in series]
    _add_legend(figure, handles, [s.text for s in series], series)
    return figure, _data(law, parts), answers


def _by_value(law: LawBlock, s: Series, shown: pd.DataFrame) -> list[Line]:
    """Return the points of a series, of a law with an index those of each of its values with their name and colour."""
    column = next((c for c, name in zip(INPUTS, law.inputs, strict=False) if name not in law.measured), None)
    if column is None:
        return [Line("", (), shown, s.colour, s.marker)]
    looks = zip(law.index, PALETTE * len(law.index), MARKERS * len(law.index), strict=False)
    return [
        Line(str(value), (), shown[shown[column] == i], colour, marker)
        for i, (value, colour, marker) in enumerate(looks, start=1)
    ]


def _add_legend(figure: Figure, handles: list[Line2D], texts: list[str], series: list[Series]) -> None:
    """Add the legend below the panels, each form that is no law in red."""
    legend = figure.legend(handles, texts, loc="outside lower left", handlelength=2.2)
    for shown, s in zip(legend.get_texts(), series, strict=False):
        if s.flaw:
            shown.set_color(RED)


def _data(law: LawBlock, parts: Sequence[tuple[dict[str, Any], pd.DataFrame]]) -> pd.DataFrame:
    """Join the parts of the data, with the columns that y and the inputs are."""
    columns = {
        f"{column}_is": name for column, name in zip(("y", *INPUTS), (law.y, *law.inputs), strict=False)
    }
    return as_data([({**names, **columns}, part) for names, part in parts])


def _bare(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns=[c for c in ("law", "form", "group") if c in rows.columns])


def _draw_residuals(axes: Axes, points: pd.DataFrame, s: Series) -> None:
    """Draw log residuals, measured over fitted, with the intervals of the points."""
    seen = points[~points["censored"].astype(bool)]
    y = seen["residual"].to_numpy(dtype=float)
    ends = np.log(seen[["low", "high"]].to_numpy(dtype=float) / seen[["y"]].to_numpy(dtype=float))
    spread = np.nan_to_num(np.stack([-ends[:, 0], ends[:, 1]]))
    axes.errorbar(
        seen["x"].to_numpy(dtype=float) * s.aside, y, yerr=np.maximum(spread, 0), color=s.colour, marker=s.marker,
        ls="none", ms=3, elinewidth=0.7,
    )  # fmt: skip


def _draw_slopes(axes: Axes, steps: pd.DataFrame, line: Line) -> None:
    """Draw the slope between neighbouring points as a bar over its x, with its interval in the middle."""
    x = steps[["x_low", "x_high"]].to_numpy(dtype=float)
    slope = steps["slope"].to_numpy(dtype=float)
    ends = steps[["low", "high"]].to_numpy(dtype=float)
    axes.hlines(slope, x[:, 0], x[:, 1], color=line.colour, lw=1.2)
    axes.vlines(np.sqrt(x[:, 0] * x[:, 1]), ends[:, 0], ends[:, 1], color=line.colour, lw=0.8)


def _draw_local_slope(axes: Axes, curve: pd.DataFrame, s: Series) -> None:
    """Draw the fitted law's own local slope, d log y / d log x."""
    x, y = curve["x"].to_numpy(dtype=float), curve["estimate"].to_numpy(dtype=float)
    if (x > 0).all() and (y > 0).all():
        axes.plot(x, np.gradient(np.log(y), np.log(x)), color=s.colour, ls=s.dash, lw=1.0)


def _finish(
    main: Axes, residual: Axes, slope: Axes, law: LawBlock, content: StudyFile, seen: pd.DataFrame | None
) -> None:
    if seen is not None:
        for axes in (main, residual, slope):
            log_axis(axes, "x", seen["x"])
        log_axis(main, "y", [*seen["y"], *seen["low"].dropna()])
        for axes in (residual, slope):
            axes.set_xlim(main.get_xlim())
    residual.axhline(0, color=BLACK, lw=0.6)
    low, high = slope.get_ylim()
    if low < 0 < high:
        slope.axhline(0, color=BLACK, lw=0.6)
    residual.tick_params(labelbottom=False)
    main.set(xlabel=label(law.inputs[0], content), ylabel=label(law.y, content, law.sweep))
    residual.set_title("log residual (measured − fitted)")
    slope.set_title("local slope, d log y / d log x")
    slope.set_xlabel(label(law.inputs[0], content))


def _state_refusals(main: Axes, series: list[Series]) -> None:
    """Write on the panel itself that the headline form was refused, and why."""
    refused = [s for s in series if s.headline and s.flaw]
    if refused:
        low, high = main.get_ylim()
        room = (high / low) ** 0.45 if main.get_yscale() == "log" else 1.0
        main.set_ylim(low, high * room)
        texts = [s.lead + s.flaw for s in refused[:2]]
        if len(refused) > 2:
            texts.append(f"… and {count(len(refused) - 2, 'group')} more")
        box = {"boxstyle": "round,pad=0.4", "fc": "white", "ec": RED, "lw": 0.8, "alpha": 0.92}
        main.text(0.5, 0.97, "\n".join(texts), transform=main.transAxes, ha="center", va="top", color=RED,
                  fontsize=7, bbox=box, zorder=9)  # fmt: skip


def _caption(fits: pd.DataFrame, series: list[Series], law: LawBlock, content: StudyFile) -> str:
    """Return what is drawn, of how many runs, and which form the data prefer."""
    if fits.empty:
        return "No run of this law has been fitted."
    row = fits.iloc[0]
    n = 0 if pd.isna(row["n_seeds"]) else int(row["n_seeds"])
    seeds = f"{count(n, 'combination')} of seed and fold"
    if law.cluster:
        seeds = f"{count(n, 'combination')} of {enumerate_words(map(plain, law.cluster))}"
    elif law.sweep is None:
        seeds = count(n, "independent repeat")
    runs = number(row["n_runs"])
    first = " in the first group" if len(fits["group"].unique()) > 1 else ""
    bound = law.y in bounded(content.columns) and bool((fits["n_censored"].fillna(0) > 0).any())
    each = ", or each run where some are censored" if bound else ""
    text = _shown(
        f"Means of {plain(law.y)} with 95 % intervals{each} ({runs} runs, {seeds}{first})", series, law
    )
    if (fits["n_points"].fillna(0) > DRAWN).any():
        text += f" Of more than {DRAWN:,} points so many are drawn, evenly taken."
    if bound:
        text += " Open triangles: runs known by a bound alone, which lie beyond it, the way that the triangle points."
    elif (fits["n_censored"].fillna(0) > 0).any():
        text += " Open triangles: no wrong answer in any run, an upper limit."
    verdicts = fits["preferred_reason"].dropna()
    if len(law.compare) > 1 and len(verdicts):
        text += f" Preferred: {plain(str(row['preferred']))} ({verdicts.iloc[0]})."
    return text


def _shown(means: str, series: list[Series], law: LawBlock) -> str:
    """Return what the panels show beside the means; where no fit stands, no law is spoken of."""
    standing = [s for s in series if not s.flaw]
    none = "No fit of this law stands, so that none is drawn."
    if len(law.inputs) > 1:
        against = f"{means} against the fitted law; beside them log residuals against"
        return f"{against} {enumerate_words(map(plain, law.inputs))}." if standing else none
    if not standing:
        return f"{means}; beside them local slopes. {none}"
    several, banded = len(standing) > 1, any(s.headline for s in standing)
    band = (", with the band of the headline form" if several else ", with its band") if banded else ""
    laws = f"and the fitted {'laws' if several else 'law'} over the fitted range{band}"
    return f"{means}, {laws}; beside them log residuals, and local slopes with the laws' own."


figure = Kind(draw, "law", {})
