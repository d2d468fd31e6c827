"""`gallery`: the easiest and the hardest images of each class, as each metric sees them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.pruning.pools import pool_of
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import WHERE, chosen_runs
from lawbook.report.style import DOUBLE, RED, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import conditions, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.identity import reads_scores
from lawbook.studies.probes import DISPUTED, pool_id
from lawbook.studies.schema import StudyFile
from lawbook.tasks import PoolTask, tasks

EACH = 3
"""Images of each class at each end, unless the figure says otherwise."""

MAX_CLASSES = 10
COLUMNS = 4
GAP = 1.0
"""Width between the two ends, in images."""


@dataclass(frozen=True)
class Wall:
    """The images of one pool: as trained on and in truth, in the order of the pool."""

    images: NDArray[np.float64]
    labels: NDArray[np.int64]
    truth: NDArray[np.int64]


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw per metric a row of images for each class: the easiest on the left, the hardest on the right.

    A wrong label, where noise has replaced the true one, has a red frame. The pool is the first of those with the
    most examples and the most noise, unless `where` says otherwise.
    """
    runs, sweep = chosen_runs(block, results, content)
    config = _pool_config(runs, block.kind, sweep)
    wall = _wall(config, block.kind)
    scores = results.scores[results.scores["pool_id"] == pool_id(config)]
    names = [name for name in dict.fromkeys(scores["metric"]) if name != DISPUTED]
    if not names:
        raise LawbookError(f"figure {block.kind}: no pool of the sweep {sweep!r} has scores")
    each = block.options.get("each", EACH)

    classes = np.unique(wall.labels)[:MAX_CLASSES]
    rows = -(-len(names) // COLUMNS)
    width = DOUBLE / COLUMNS
    height = width * (len(classes) / (2 * each + GAP)) + 0.25
    figure = new_figure(DOUBLE, rows * height + 0.1)
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    parts = []
    for place, name in zip(axes, names, strict=False):
        by_score = scores[scores["metric"] == name].sort_values("example")["score"].to_numpy()
        shown = _ends(by_score, wall, classes, each)
        _hang(place, shown, wall, each)
        place.set_title(plain(name))
        parts.append(shown.assign(metric=name))
    for place in axes[len(names) :]:
        place.set_axis_off()
    data = pd.concat(parts, ignore_index=True)
    noisy = (wall.labels != wall.truth).any()
    axes_of_pool = json.loads(results.scorings.set_index("pool_id")["axes"].loc[[pool_id(config)]].iloc[0])
    caption = (
        f"The {number(each)} easiest (left) and hardest (right) images of each class by each metric, in the pool with"
        f" {conditions(axes_of_pool | {'seed': config['seed']})}."
    ) + (f" Red frames: labels that noise has replaced, {_replaced(data)}." if noisy else "")
    return Drawn(figure, data, f"The easiest and the hardest images: {plain(sweep)}", caption)


def _replaced(data: pd.DataFrame) -> str:
    """Write how many of the images at each end have a replaced label."""
    wrong = (data["label"] != data["truth"]).groupby(data["end"]).agg(["sum", "size"])
    ends = [f"{number(int(k))} of {number(int(n))} among the {end}" for end, k, n in wrong[::-1].itertuples()]
    return " and ".join(ends)


def _pool_config(runs: pd.DataFrame, kind: str, sweep: str) -> dict[str, Any]:
    """Return the configuration of a run whose pool is shown."""
    scored = runs[runs["scoring_flops"].notna()]
    if scored.empty:
        raise LawbookError(
            f"figure {kind}: no run of the sweep {sweep!r} reads scores; name one that prunes by them"
        )
    noise = [axis for axis in ("samples", "label_noise") if axis in scored]
    first = scored.sort_values([*noise, "seed"], ascending=[*[False] * len(noise), True], kind="stable").iloc[
        0
    ]
    return {str(axis): v.item() if isinstance(v, np.generic) else v for axis, v in first.to_dict().items()}


def _wall(config: dict[str, Any], kind: str) -> Wall:
    task = tasks[config["task"]]
    shape = task.image_shape(config) if isinstance(task, PoolTask) else None
    if shape is None or not isinstance(task, PoolTask):
        raise LawbookError(
            f"figure {kind}: the examples of the task {config['task']} are no images; leave it out"
        )
    members, labels = pool_of(task, config)
    examples = task.examples(config)
    images = examples.inputs[members].astype(float).reshape(len(members), *shape)
    low, high = images.min(), images.max()
    return Wall((images - low) / (high - low), labels[members], examples.targets[members])


def _ends(scores: NDArray[np.float64], wall: Wall, classes: NDArray[np.int64], each: int) -> pd.DataFrame:
    """Return which examples are shown: a row per image, with its class, end, rank and labels."""
    rows = []
    for label in classes:
        members = np.flatnonzero(wall.labels == label)
        ranked = members[np.argsort(scores[members], kind="stable")]
        shown = min(each, len(members) // 2)  # of a small class no image stands at both ends
        for end, chosen in (("easiest", ranked[:shown]), ("hardest", ranked[len(ranked) - shown :])):
            for rank, example in enumerate(chosen):
                rows.append(
                    (label, end, rank, example, scores[example], wall.labels[example], wall.truth[example])
                )
    return pd.DataFrame(rows, columns=["class", "end", "rank", "example", "score", "label", "truth"])


def _hang(axes: Axes, shown: pd.DataFrame, wall: Wall, each: int) -> None:
    """Draw the images on a grid of unit squares: a row per class, the easiest, a gap, the hardest."""
    rows = {label: row for row, label in enumerate(dict.fromkeys(shown["class"]))}
    for image in shown.to_dict("records"):
        left = image["rank"] + (each + GAP if image["end"] == "hardest" else 0.0)
        top = rows[image["class"]]
        axes.imshow(
            wall.images[image["example"]], cmap="gray", vmin=0, vmax=1, interpolation="nearest",
            extent=(left + 0.04, left + 0.96, top + 0.96, top + 0.04),
        )  # fmt: skip
        if image["label"] != image["truth"]:
            frame = Rectangle((left + 0.02, top + 0.02), 0.96, 0.96, fill=False, ec=RED, lw=1.2)
            axes.add_patch(frame)
    axes.set(xlim=(0, 2 * each + GAP), ylim=(len(rows), 0), aspect="equal")
    axes.set_xticks([each / 2, each + GAP + each / 2], ["easiest", "hardest"])
    axes.set_yticks(np.arange(len(rows)) + 0.5, [str(label) for label in rows])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _check(block: FigureBlock, configs: Sequence[Config]) -> None:
    """Raise LawbookError for a number of images that is none, a task without images, or runs that read no scores."""
    each = block.options.get("each", EACH)
    if not isinstance(each, int) or isinstance(each, bool) or each < 1:
        raise LawbookError(f"figure {block.kind}: each = {each!r} is no number of images; write 1 or more")
    for name in {config["task"] for config in configs}:
        task = tasks[name]
        if not isinstance(task, PoolTask) or task.drawn:
            raise LawbookError(
                f"figure {block.kind}: the examples of the task {name} are no images; leave it out"
            )
    if not any(map(reads_scores, configs)):
        raise LawbookError(f"figure {block.kind}: no run reads scores; name a sweep that prunes by them")


figure = Kind(draw, "sweep", {"each": "Images of each class at each end, 3 by default.", **WHERE}, _check)
