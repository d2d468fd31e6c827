"""`staged_learning`: single tasks learned one after another, and the steps that each takes against its frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.staged_learning.compute import (
    BIT_NATS,
    lines_of_runs,
    staircase_ratios,
    steps_to_learn,
    task_losses,
)
from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import WHERE, as_data, chosen_runs, repeats_text
from lawbook.report.style import BLACK, DOUBLE, GREY, PALETTE, colours, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import count, number
from lawbook.storage.status import RunStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

THRESHOLDS = (0.1, 0.5)
TASKS_SHOWN = 12


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the losses of the most frequent tasks of one run, and of all runs the steps to learn with their line."""
    runs, _ = chosen_runs(block, results, content)
    runs = runs[runs["status"] != RunStatus.DIVERGED].sort_values("seed")
    losses = task_losses(results, runs)
    figure = new_figure(DOUBLE, 3.1)
    left, right = figure.subplots(1, 2)
    one = runs.iloc[0]
    parts = _draw_losses(left, losses[losses["run_id"] == one["run_id"]], results, one)
    sentences = []
    for bits, colour, marker in zip(THRESHOLDS, PALETTE, "os", strict=False):
        times = steps_to_learn(losses, bits)
        sentences.append(_draw_steps(right, times, bits, colour, marker))
        ratio = staircase_ratios(losses, runs, bits)
        sentences[-1] += f", and Σ p [unlearned] is {number(ratio.mean())} of the loss"
        parts.append(({"part": "steps", "bits": bits}, times))
    right.set(xlabel="frequency of the task p", ylabel="steps to learn")
    known = losses.drop_duplicates("rank")["p"]
    log_axis(right, "x", known)
    log_axis(right, "y", losses["step"])
    right.set_ylim(losses["step"].max() / 100, 1.6 * losses["step"].max())
    right.legend(loc="lower left")
    caption = (
        f"Left: losses of the {min(TASKS_SHOWN, len(known))} most frequent tasks and the mean over all (black), seed "
        f"{one['seed']}. Right: the evaluation at which a task's loss first lies below a threshold, in every run "
        f"({repeats_text(runs)}), and the line fitted with tasks that were not learned censored (open triangles). "
    )
    return Drawn(figure, as_data(parts), "Tasks are learned in stages", caption + "; ".join(sentences) + ".")


def _draw_losses(
    axes: Axes, losses: pd.DataFrame, results: Results, run: pd.Series
) -> list[tuple[dict[str, object], pd.DataFrame]]:
    shown = losses[losses["rank"] <= TASKS_SHOWN]
    for (rank, mine), colour in zip(
        shown.groupby("rank"), colours(range(1, shown["rank"].max() + 1)), strict=True
    ):
        label = f"task {mine['rank'].iloc[0]}" if rank in (1, shown["rank"].max()) else None
        axes.plot(mine["step"], mine["loss"] / BIT_NATS, color=colour, lw=1.0, label=label)
    curves = results.curves
    mean = curves[
        (curves["run_id"] == run["run_id"])
        & (curves["split"] == "test")
        & (curves["metric"] == "loss")
        & (curves["step"] > 0)
    ]
    axes.plot(mean["step"], mean["value"] / BIT_NATS, color=BLACK, lw=2.0, label="all tasks")
    for bits in THRESHOLDS:
        axes.axhline(bits, color=GREY, lw=0.6, ls=":")
    axes.set(xlabel="step", ylabel="test loss (bits)", ylim=(0, 1.15))
    log_axis(axes, "x", mean["step"])
    axes.legend(loc="lower left")
    return [
        ({"part": "task"}, shown[["step", "rank", "p", "loss"]]),
        ({"part": "mean"}, mean[["step", "value"]].rename(columns={"value": "loss"})),
    ]


def _draw_steps(axes: Axes, times: pd.DataFrame, bits: float, colour: str, marker: str) -> str:
    """Draw steps to learn and the mean line of the runs; return what came out in words."""
    seen = times[np.isfinite(times["high"])]
    lost = times[~np.isfinite(times["high"])]
    axes.plot(seen["p"], seen["high"], marker=marker, ls="none", color=colour, ms=3, alpha=0.5, mew=0)
    axes.plot(
        lost["p"], lost["low"] * 1.15, marker="^", ls="none", color=colour, mfc="none", ms=2, alpha=0.15
    )
    lines = [line for _, line in lines_of_runs(times) if line is not None]
    per_run = len(seen) / max(1, len(set(times["run_id"])))
    about = f"below {bits:g} bit {number(per_run, 2)} of {len(set(times['rank']))} tasks are learned"
    if not lines:
        axes.plot([], [], marker=marker, ls="none", color=colour, label=f"{bits:g} bit: too few learned")
        return about
    slopes = np.array([line.slope for line in lines])
    p = np.geomspace(seen["p"].min() / 3, times["p"].max(), 2)
    mean = np.exp(np.mean([line.intercept for line in lines]) + slopes.mean() * np.log(p))
    axes.plot(p, mean, color=colour, label=f"{bits:g} bit: slope {number(slopes.mean(), 2)}")
    return f"{about}, the mean slope of {count(len(lines), 'run')} being {number(slopes.mean())}"


def _check(block: FigureBlock, configs: Sequence[Config]) -> None:
    if not configs or any("n_tasks" not in c or c["task"] != "sparse_parity" for c in configs):
        raise LawbookError("figure staged_learning: it shows runs of the task sparse_parity; leave it out")
    for axis in ("alpha", "width", "samples"):
        if len({config[axis] for config in configs}) > 1:
            raise LawbookError(
                f"figure staged_learning: the runs have several values of {axis}; write one under where"
            )


figure = Kind(draw, "sweep", WHERE, _check)
