"""`exact`: trained points on an exact curve, and their ratio with three standard errors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_runs
from lawbook.laws.repeats import independent
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import Line, as_data, draw_points, means
from lawbook.report.style import BLACK, DOUBLE, MARKERS, colours, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import count, label, number, plain
from lawbook.storage.status import RunStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_LEAST = 1e-3
"""How far from 1 the ratios are shown to, at least: of what is rounded alone nothing is to be seen."""

_ROUNDING = 1e-6
"""Relative differences that no standard error is asked of: inputs in float32 make as much."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw measured means on the exact curve, and below them measured / exact, mean ± 3 SE over seeds."""
    name = block.of or next(iter(content.laws))
    law = content.laws[name]
    if not law.exact:
        raise LawbookError(
            f"figure {block.kind}: the law {name!r} names no exact curve; give it the key 'exact'"
        )
    if len(law.inputs) > 1:
        raise LawbookError(f"figure {block.kind}: the law {name!r} has several inputs; write {{law: {name}}}")
    x = law.inputs[0]
    fits = results.fits[results.fits["law"] == name]
    groups = list(dict.fromkeys(fits["group"]))

    figure = new_figure(DOUBLE * 0.75, 4.2)
    main, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.6, 1])
    parts, ratios = [], []
    for i, (group, hue) in enumerate(zip(groups, colours(_values(groups)), strict=True)):
        runs = exact_runs(law, results.points_of(law), group, law.exact[0])
        line = Line(
            plain(group).replace("=", " ").replace(",", ", ") or "trained",
            (),
            runs,
            hue,
            MARKERS[i % len(MARKERS)],
        )
        points = means(runs, law.y, x)
        draw_points(main, points, line, joined=False)
        ratio = _ratios(runs, x, law.y)
        main.plot(
            ratio["x"], ratio["exact"], color=BLACK, lw=1.0, label="exact" if i == 0 else None, zorder=1
        )
        aside = ratio["x"] * 1.02 ** (i - (len(groups) - 1) / 2)  # side by side
        below.errorbar(aside, ratio["ratio"], yerr=np.nan_to_num(3 * ratio["se"]), color=hue,
                       marker=line.marker, ls="none", capsize=1.5, elinewidth=0.8)  # fmt: skip
        ratios.append(ratio)
        named = {"group": group, "y_is": law.y, "x_is": x}
        parts += [({"part": "points", **named}, points), ({"part": "ratio", **named}, ratio)]
    below.axhline(1, color=BLACK, lw=0.8)
    every = (
        pd.concat(ratios, ignore_index=True)
        if ratios
        else pd.DataFrame(columns=["x", "ratio", "se", "exact", "n"])
    )
    log_axis(main, "x", every["x"])
    log_axis(main, "y", every["exact"])
    main.set_ylabel(label(law.y, content, law.sweep))
    below.set(xlabel=label(x, content), ylabel="measured / exact")
    low, high = below.get_ylim()
    below.set_ylim(min(low, 1 - _LEAST), max(high, 1 + _LEAST))
    below.ticklabel_format(axis="y", useOffset=False)
    main.legend()
    out = int((np.abs(every["ratio"] - 1) > np.maximum(3 * every["se"], _ROUNDING)).sum())
    seeds = int(every["n"].max()) if len(every) else 0
    caption = (
        f"Means of {plain(law.y)} beside the exact values ({plain(law.exact[0])}), joined by lines,"
        f" {count(seeds, 'seed')} at most;"
        " below, their ratio with three standard errors over seeds."
        f" {number(out)} of {len(every)} points lie further off."
    )
    return Drawn(figure, as_data(parts), f"Measured and exact: {plain(name)}", caption)


def _values(groups: list[str]) -> list[float] | list[str]:
    """Return the numbers of groups that one axis tells apart, so that their colours are in order; else the groups.

    >>> _values(["keep_fraction=0.2", "keep_fraction=1"]), _values(["metric=el2n,width=8"])
    ([0.2, 1.0], ['metric=el2n,width=8'])
    """
    try:
        return [float(group.partition("=")[2]) for group in groups]
    except ValueError:
        return groups


def _ratios(runs: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    """Return per x the mean of y / exact over seeds, its standard error, n, and the exact curve."""
    known = runs[(runs["status"] != RunStatus.DIVERGED) & runs["exact"].notna() & runs[y].notna()]
    keys = [x, *(independent(known) or ["run_id"])]
    each = (known[y] / known["exact"]).groupby([known[key] for key in keys], dropna=False).mean()
    per_x = each.groupby(level=0)
    table = pd.DataFrame(
        {"ratio": per_x.mean(), "se": per_x.std(ddof=1) / np.sqrt(per_x.size()), "n": per_x.size()}
    )
    table["exact"] = known.groupby(x)["exact"].mean()
    return table.rename_axis("x").reset_index()


figure = Kind(draw, "law", {})
