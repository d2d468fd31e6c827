"""`seed_distribution`: one metric of every seed along x, with its mean and median, and where seeds are two groups."""

from __future__ import annotations

import numpy as np

from lawbook.analyses.downstream_metrics.words import metric_name
from lawbook.errors import LawbookError, suggest
from lawbook.laws.law import Array
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, PALETTE, SINGLE, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import count, enumerate_words, label, name_of, number
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

OPTIONS = {
    "metric": "The metric that is shown; by default the analysis' first column.",
    "length": "Tokens of an answer, of a metric that has several lengths; by default the longest.",
}
_WIDTH = 0.36


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the seeds at each x side by side where they are alike, so that groups are seen, and their mean and median.

    Raises LawbookError for a metric that is not followed.
    """
    asked, found = analysis_shown(block, "downstream_metrics", results, content)
    metrics, values = found.table("metrics"), found.table("values")
    metric = str(block.options.get("metric", asked.columns[0]))
    if metric not in set(metrics["metric"]):
        raise LawbookError(
            f"figure {block.kind}: no metric {metric!r}; {suggest(metric, [*metrics['metric'].unique()])}"
        )
    rows, dots = metrics[metrics["metric"] == metric], values[values["metric"] == metric]
    if rows["length"].notna().any():
        length = int(block.options.get("length", rows["length"].max()))
        rows, dots = rows[rows["length"] == length], dots[dots["length"] == length]
    rows = rows.sort_values("x").reset_index(drop=True)
    if rows.empty:
        raise LawbookError(f"figure {block.kind}: no {metric} of that length; leave length out")
    figure = new_figure(1.35 * SINGLE, 3.0)
    axes = figure.subplots()
    top = float(dots["value"].max() - dots["value"].min()) or 1.0
    for at, row in enumerate(rows.to_dict("records")):
        seeds = np.sort(dots.loc[dots["x"] == row["x"], "value"].dropna().to_numpy(dtype=float))
        hue = PALETTE[1] if row["bimodal"] == 1 else PALETTE[0]
        axes.plot(at + _side_by_side(seeds, top / 40), seeds, "o", color=hue, alpha=0.55, ms=3, mew=0)
        names = ("mean", "median") if at == 0 else (None, None)
        axes.plot([at], [row["mean"]], "D", color=BLACK, mfc="white", ms=4.5, zorder=3, label=names[0])
        axes.plot([at], [row["median"]], "_", color=BLACK, ms=12, mew=1.6, zorder=3, label=names[1])
        if row["bimodal"] == 1:
            place = axes.get_xaxis_transform()
            axes.text(at, 1.01, "two groups", ha="center", fontsize=6.5, color=PALETTE[1], transform=place)
    axes.set_xticks(range(len(rows)), [number(x) for x in rows["x"]])
    length = rows["length"].iloc[0]
    known = metric_name(metric, length)
    axes.set(
        xlabel=label(asked.x),
        ylabel=label(metric, content, asked.sweep) if known == metric.replace("_", " ") else known,
    )
    axes.legend()
    parted = rows[rows["bimodal"] == 1]
    places = enumerate_words(number(x) for x in parted["x"]) if len(parted) else ""
    groups = "; ".join(
        f"at {number(row['x'])} {count(int(row['n_seeds'] - row['n_upper']), 'seed')} at {number(row['lower_group'])} "
        f"and {int(row['n_upper'])} at {number(row['upper_group'])}"
        for row in parted.to_dict("records")
    )
    caption = (
        f"The {known} of each of {int(rows['n_seeds'].max())} seeds over {name_of(asked.x)}, equal ones side by side. "
        + (
            f"The seeds are two groups at {places}, {groups}."
            if places
            else "Nowhere are the seeds two groups."
        )
    )
    return Drawn(
        figure, as_data([({"part": "seed"}, dots), ({"part": "mean"}, rows)]), f"Seeds: {known}", caption
    )


def _side_by_side(values: Array, near: float) -> Array:
    """Return places about 0 of sorted values: those closer than `near` to the first of a row beside each other."""
    places = np.zeros(len(values))
    start = 0
    while start < len(values):
        stop = int(np.searchsorted(values, values[start] + near, side="right"))
        reach = min(_WIDTH, 0.03 * (stop - start - 1))
        places[start:stop] = np.linspace(-reach, reach, stop - start)
        start = stop
    return places


figure = Kind(draw, "downstream_metrics", OPTIONS)
