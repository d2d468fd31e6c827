"""`quanta_agreement`: clusters against known tasks over k, by affinity, and the sizes of both over their rank."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.analyses.known_quanta.section import BEST
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.style import BLACK, DOUBLE, GREY, MARKERS, PALETTE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, number
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the adjusted Rand index over k for each affinity, and sizes over rank, each network a line."""
    asked, tables = analysis_shown(block, "known_quanta", results, content)
    scores, examples = tables.table("scores"), tables.table("examples")
    found = scores[(scores["what"] == "ari") & scores["part"].str.endswith(BEST)]
    agreement = found.assign(affinity=found["part"].str.split(", ").str[0], multiple=found["k"] / found["n"])
    shown = asked.affinity

    figure = new_figure(DOUBLE, 2.9)
    left, right = figure.subplots(1, 2)
    for place, (affinity, mine) in enumerate(agreement.groupby("affinity", sort=False)):
        for place_of_network, (_, network) in enumerate(mine.groupby("seed")):
            left.plot(
                network["multiple"], network["estimate"], color=PALETTE[place], lw=1.4 if affinity == shown else 0.8,
                marker=MARKERS[place], ms=2, label=str(affinity) if place_of_network == 0 else None,
            )  # fmt: skip
    left.axvline(1.0, color=GREY, lw=0.8, ls="--")
    left.set(xlabel="clusters k over tasks in the sample", ylabel="adjusted Rand index", ylim=(-0.1, 1.05))
    left.legend(loc="lower right", ncols=3)

    sizes = pd.concat([_sizes(examples, column) for column in ("task", "cluster")], ignore_index=True)
    for (kind, _), mine in sizes.groupby(["of", "seed"], sort=False):
        true = kind == "task"
        right.plot(
            mine["rank"], mine["size"], color=BLACK if true else PALETTE[0], lw=0.9, ls="-" if true else ":",
            marker="o" if true else None, ms=2,
        )  # fmt: skip
    right.plot([], [], color=BLACK, marker="o", ms=2, lw=0.9, label="tasks, true counts")
    right.plot([], [], color=PALETTE[0], ls=":", lw=0.9, label="clusters at the true k")
    log_axis(right, "x", sizes["rank"])
    log_axis(right, "y", sizes["size"])
    right.set(xlabel="rank", ylabel="size (samples)")
    right.legend()
    seeds = np.unique(examples["seed"]).tolist()
    return Drawn(
        figure,
        pd.concat(
            [
                agreement[["seed", "affinity", "k", "multiple", "estimate"]].assign(of="agreement"),
                sizes,
            ],
            ignore_index=True,
        ),
        "Clusters of gradients against the known tasks",
        f"A line a network, of the seeds {enumerate_words([number(seed) for seed in seeds])}; {BEST}. Left: agreement "
        "over k, the true one dashed. Right: sizes over rank of tasks, and of clusters by "
        f"{shown} at the true k. The report's table gives slopes with intervals.",
    )


def _sizes(examples: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the sizes of the tasks, or clusters, of each network from the largest."""
    counted = examples.groupby(["seed", column]).size().rename("size").reset_index()
    ordered = counted.sort_values(["seed", "size"], ascending=[True, False], kind="stable")
    rank = ordered.groupby("seed").cumcount() + 1
    return ordered.assign(rank=rank, of=column)[["of", "seed", "rank", "size"]]


figure = Kind(draw, "known_quanta", {})
