"""`axis`: loss and error against the axis that a sweep varies, on logarithmic axes."""

from __future__ import annotations

from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import (
    WHERE,
    as_data,
    chosen_runs,
    draw_points,
    draw_seeds,
    make_lines,
    means,
    repeats_text,
    swept_axis,
    traces_of,
)
from lawbook.report.interactive import Interactive, Panel, panel_of
from lawbook.report.style import DOUBLE, SINGLE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import label, number, plain, text_of
from lawbook.storage.columns import metric_column
from lawbook.storage.status import RunStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw each run as a faint dot, and per line the mean over seeds with its 95 % interval."""
    runs, sweep = chosen_runs(block, results, content)
    x, others = swept_axis(block, runs, content, sweep)
    split = block.options.get("split", "test")
    loss, error = metric_column(split, "loss"), metric_column(split, "error")
    panels = [y for y in (loss, error) if y in runs and runs[y].notna().any()]
    lines, held = make_lines(runs, others)

    names = None
    if not runs[x].map(lambda v: isinstance(v, int | float)).all():
        names = sorted(runs[x].map(text_of).unique())
    figure = new_figure(DOUBLE if len(panels) > 1 else SINGLE + 0.5, 3.0)
    parts = []
    asked: list[Panel] = []
    for axes, y in zip(figure.subplots(1, max(len(panels), 1), squeeze=False)[0], panels, strict=False):
        traces = []
        for line in lines:
            shown = line.runs
            if names:
                shown = shown.assign(**{x: [float(names.index(text_of(v))) for v in shown[x]]})
            points = means(shown, y, x)
            if names:
                points["name"] = [names[int(at)] for at in points["x"]]
            draw_seeds(axes, shown, y, x, line)
            draw_points(axes, points, line, joined=names is None)
            traces += traces_of(points, shown, y, x, line, joined=names is None)
            parts.append(({"y_is": y, "line": line.label, "x_is": x}, points))
        if names:
            axes.set_xticks(range(len(names)), names)
        else:
            log_axis(axes, "x", runs[x])
        values = runs.loc[runs["status"] != RunStatus.DIVERGED, y]
        log_axis(axes, "y", values[values > 0])
        axes.set_xlabel(label(x, content))
        axes.set_ylabel(label(y, content, sweep))
        asked.append(panel_of(axes, traces, names=names or ()))
    if any(line.label for line in lines) and panels:
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper")

    about = [f"Dots: single runs; points: means over seeds with 95 % intervals ({repeats_text(runs)})"]
    if error in panels and (zeros := int((runs[error] == 0).sum())):
        about.append(
            f"{number(zeros)} runs without a wrong answer are drawn at 1/n as triangles: an upper limit"
        )
    if held:
        about.append(f"Held fixed: {held}")
    title = f"{plain(split).capitalize()} loss and error against {plain(x)}"
    return Drawn(figure, as_data(parts), title, ". ".join(about) + ".", Interactive(tuple(asked)))


figure = Kind(
    draw,
    "sweep",
    {
        "x": "Column along x instead of the sweep's first numeric axis, such as n_params.",
        "split": "train, validation or test.",
        **WHERE,
    },
)
