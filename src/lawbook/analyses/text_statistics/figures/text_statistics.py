"""`text_statistics`: the decay of a text's covariance and conditional entropy, and what it predicts of training."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.text_statistics.block import TextStatisticsBlock
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import DOUBLE, GREY, MARKERS, PALETTE, legend_columns, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import measured, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_NAMES = {"predicted": "γ/2β", "measured": "training"}


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the covariance over lags, the falls of entropy over contexts, and γ/2β beside what training came to."""
    asked, found = analysis_shown(block, "text_statistics", results, content)
    covariance, entropy, exponents = (found.table(name) for name in ("covariance", "entropy", "exponents"))
    figure = new_figure(DOUBLE, 2.9)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.1, 1.1, 0.8))
    cases = list(exponents["case"].unique())
    for i, case in enumerate(cases):
        hue, marker = PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
        name = case_name(case) or "text"
        _points(left, covariance[covariance["case"] == case], "lag", "value", hue, marker, name)
        _points(middle, entropy[entropy["case"] == case], "place", "drop", hue, marker, name)
        floor = covariance.loc[covariance["case"] == case, "floor"].iloc[0]
        left.axhline(floor, color=hue, lw=0.7, ls=":")
        _exponents(right, exponents[exponents["case"] == case], i, len(cases), hue, marker)
    for axes, rows, x, y in ((left, covariance, "lag", "value"), (middle, entropy, "place", "drop")):
        log_axis(axes, "x", rows[x])
        log_axis(axes, "y", rows.loc[rows[y] > 0, y])
    left.set(xlabel="lag n (tokens)", ylabel=f"{_norm(asked)} of the covariance")
    middle.set(xlabel="context n (tokens)", ylabel="fall of the entropy per token (nats)")
    right.set(ylabel="exponent α_D of the loss in data", xlim=(-0.5, 1.5))
    right.set_xticks([0, 1], _NAMES.values())
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))
    data = as_data(
        [
            ({"part": "covariance"}, covariance),
            ({"part": "entropy"}, entropy),
            ({"part": "exponent"}, exponents),
        ]
    )
    name = plain(block.of or next(iter(content.analyses.of("text_statistics"))))
    return Drawn(figure, data, f"Statistics before training: {name}", _caption(exponents, asked))


def _norm(asked: TextStatisticsBlock) -> str:
    return "trace" if asked.norm == "trace" else "largest singular value"


def _points(axes: Axes, rows: pd.DataFrame, x: str, y: str, hue: str, marker: str, name: str) -> None:
    """Draw a statistic with its intervals, what is not used as open marks, and the exact one as a line."""
    shown = rows[rows[y] > 0]
    for used, face in ((1, hue), (0, "white")):
        part = shown[shown["used"] == used]
        spread = np.maximum(part[["low", "high"]].sub(part[y], axis=0).abs().fillna(0.0).to_numpy().T, 0)
        spread[0] = np.minimum(spread[0], 0.999 * part[y])  # an interval down to 0 has no lower end in logs
        axes.errorbar(
            part[x], part[y], yerr=spread, color=hue, ls="none", marker=marker, ms=3, mfc=face, elinewidth=0.7,
            label=name if used else None,
        )  # fmt: skip
    known = rows[rows["exact"] > 0]
    axes.plot(known[x], known["exact"], color=hue, lw=1.0, zorder=1)


def _exponents(axes: Axes, rows: pd.DataFrame, i: int, n: int, hue: str, marker: str) -> None:
    for at, quantity in enumerate(_NAMES):
        for row in rows[(rows["quantity"] == quantity) & rows["estimate"].notna()].to_dict("records"):
            place = at + 0.12 * (i - (n - 1) / 2)
            axes.errorbar(
                [place], [row["estimate"]], yerr=[[row["estimate"] - row["low"]], [row["high"] - row["estimate"]]],
                color=hue, marker=marker, ms=4, elinewidth=0.9, capsize=1.5,
            )  # fmt: skip
    if rows.loc[rows["quantity"] == "predicted", "status"].iloc[0] == FitStatus.REFUSED:
        axes.text(0.12 * (i - (n - 1) / 2), 0.02, "refused", rotation=90, ha="center", va="bottom", color=GREY,
                  fontsize=6.5, transform=axes.get_xaxis_transform())  # fmt: skip


def _caption(exponents: pd.DataFrame, asked: TextStatisticsBlock) -> str:
    told = []
    for case in exponents["case"].unique():
        rows = exponents[exponents["case"] == case].set_index("quantity")
        at = f" at {case_name(case)}" if case else ""
        each = [
            f"{symbol} {measured(row['estimate'], row['low'], row['high'])}"
            for symbol, row in (("β", rows.loc["beta"]), ("γ", rows.loc["gamma"]))
        ]
        predicted = rows.loc["predicted"]
        sound = predicted["status"] == FitStatus.OK
        each.append(
            f"γ/2β {measured(predicted['estimate'], predicted['low'], predicted['high'])}"
            if sound
            else "no prediction"
        )
        told.append(f"{', '.join(each)}{at}")
    lines = " Lines are exact." if exponents["exact"].notna().any() else ""
    return (
        f"The {_norm(asked)} of the covariance of tokens n apart, above what tokens in random order give (dotted), and "
        "what one more token of context takes off the conditional entropy, with 95 % intervals over pieces of it; "
        f"open marks are in no fit.{lines} {'; '.join(told)}."
    )


figure = Kind(draw, "text_statistics", {})
