"""`emergence`: how the losses of single tokens fall over sizes, at once or bit by bit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.analyses.text_quanta.section import IN_CONTEXT, visible
from lawbook.quanta.emergence import KINDS
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.style import DOUBLE, GREY, PALETTE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import label, number
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

SHOWN = ("monogenic", "polygenic")
EXAMPLES = 6


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the mean over tokens of each kind, named in one seed and shown in another, and examples of two kinds."""
    asked, found = analysis_shown(block, "text_quanta", results, content)
    losses = found.table("losses")
    place = ["window", "position"]
    named = losses[losses["seed"] == asked.seed].drop_duplicates(place).set_index(place)["kind"]
    other = losses[losses["seed"] == asked.held_out]
    again = other.drop_duplicates(place).set_index(place)["kind"].reindex(named.index)
    shown = other.assign(named=named.reindex(pd.MultiIndex.from_frame(other[place])).to_numpy())
    means = shown.groupby(["named", "n_params"])["loss"].mean().reset_index()
    shares = named.value_counts(normalize=True)

    figure = new_figure(DOUBLE, 2.9)
    left, *rest = figure.subplots(1, 3, sharey=True)
    for kind, colour in zip(KINDS, PALETTE, strict=False):
        mine = means[means["named"] == kind]
        left.plot(
            mine["n_params"], mine["loss"], "o-", color=colour, label=f"{kind} ({shares.get(kind, 0):.0%})"
        )
    left.set_title("mean of each kind")
    left.set_ylabel(label("loss", content, asked.sweep))
    left.legend()
    examples = []
    for axes, kind in zip(rest, SHOWN, strict=True):
        both = named[(named == kind) & (again == kind)]
        chosen = both.iloc[np.arange(min(EXAMPLES, len(both))) * max(1, len(both) // EXAMPLES)]
        for i, key in enumerate(chosen.index):
            mine = losses[(losses["window"] == key[0]) & (losses["position"] == key[1])]
            curve = mine.groupby("n_params")["loss"].mean()
            text = str(mine["before"].iloc[0])[-14:].translate(IN_CONTEXT)
            axes.plot(
                curve.index, curve, color=PALETTE[i % len(PALETTE)], lw=1,
                label=f"…{text}[{visible(mine['target'].iloc[0])}]",
            )  # fmt: skip
            examples.append(curve.rename("loss").reset_index().assign(part=kind, token=i))
        axes.set_title(f"{kind}, in both seeds")
        if len(chosen):
            axes.legend(fontsize=5.5)
        else:
            axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color=GREY)
    for axes in (left, *rest):
        log_axis(axes, "x", losses["n_params"])
        axes.set_xlim(*left.get_xlim())
        axes.set_xlabel(label("n_params"))
    same = float((named == again).mean())
    chance = float((named.value_counts(normalize=True) * again.value_counts(normalize=True)).sum())
    data = pd.concat([means.rename(columns={"named": "part"}), *examples], ignore_index=True)
    return Drawn(
        figure,
        data,
        "How the losses of single tokens fall over sizes",
        f"{number(len(named))} tokens. Monogenic: four fifths of the fall between two neighbouring sizes; polygenic: "
        "no step has more than half; neither goes up and down; unlearned: less than one nat. Kinds are named in one "
        f"seed and their means shown in another, which gives {same:.0%} of the tokens the same kind, where chance "
        f"gives {chance:.0%}. Examples are means over seeds.",
    )


figure = Kind(draw, "text_quanta", {})
