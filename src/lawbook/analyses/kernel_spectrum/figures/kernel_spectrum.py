"""`kernel_spectrum`: a kernel's eigenvalues and target, the learning curve that they foretell, and the exponents."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lawbook.analyses.kernel_spectrum.words import told
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, MARKERS, PALETTE, legend_columns, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_NAMES = ("predicted", "measured")


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw λ̂ and what of the target is left over modes, the losses foretold and measured, and their exponents."""
    asked, found = analysis_shown(block, "kernel_spectrum", results, content)
    spectrum, curve, exponents = (found.table(name) for name in ("spectrum", "curve", "exponents"))
    figure = new_figure(DOUBLE, 3.0)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 0.95))
    cases = list(exponents["case"].unique())
    handles = []
    for i, case in enumerate(cases):
        hue, marker = PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
        modes = spectrum[spectrum["case"] == case]
        left.plot(modes["mode"], modes["eigenvalue"] / modes["eigenvalue"].iloc[0], color=hue, lw=1.2)
        left.plot(
            modes["mode"], modes["unexplained"] / modes["unexplained"].iloc[0], color=hue, lw=1.0, ls=":"
        )
        _losses(middle, curve[curve["case"] == case], hue, marker)
        _exponents(right, exponents[exponents["case"] == case], i, len(cases), hue, marker)
        handles.append(Line2D([], [], color=hue, marker=marker, ms=4, label=case_name(case) or "kernel"))
    log_axis(left, "x", spectrum["mode"])
    log_axis(left, "y", [1e-6, 1.0])
    log_axis(middle, "x", curve["samples"])
    log_axis(middle, "y", [*curve["measured"], *curve["predicted"]])
    left.set(
        xlabel="mode",
        ylabel="share of the first eigenvalue (line)\nor of the target left (dots)",
        ylim=(1e-6, 1.6),
    )
    middle.set(xlabel=label("samples", content), ylabel=label("test_loss", content, asked.sweep))
    right.set(ylabel="exponent α of the loss", xlim=(-0.6, 1.6))
    right.set_xticks([0, 1], _NAMES)
    if curve["exact"].notna().any():
        handles.append(Line2D([], [], color=BLACK, lw=0.9, ls="--", label="exact"))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=legend_columns([str(one.get_label()) for one in handles]),
    )
    name = plain(block.of or next(iter(content.analyses.of("kernel_spectrum"))))
    data = as_data(
        [({"part": "spectrum"}, spectrum), ({"part": "loss"}, curve), ({"part": "exponent"}, exponents)]
    )
    return Drawn(figure, data, f"Before training: {name}", _caption(exponents))


def _losses(axes: Axes, rows: pd.DataFrame, hue: str, marker: str) -> None:
    """Draw what is foretold as a line with its band, what is measured as dots, and what is exact as a dashed line."""
    axes.fill_between(
        rows["samples"], rows["predicted_low"], rows["predicted_high"], color=hue, alpha=0.2, lw=0
    )
    axes.plot(rows["samples"], rows["predicted"], color=hue, lw=1.2)
    spread = np.maximum(
        np.nan_to_num(rows[["low", "high"]].sub(rows["measured"], axis=0).abs().to_numpy().T), 0
    )
    axes.errorbar(rows["samples"], rows["measured"], yerr=spread, color=hue, marker=marker, ms=4, ls="none",
                  elinewidth=0.8)  # fmt: skip
    axes.plot(rows["samples"], rows["exact"], color=BLACK, lw=0.9, ls="--", zorder=4)


def _exponents(axes: Axes, rows: pd.DataFrame, i: int, n: int, hue: str, marker: str) -> None:
    for at, quantity in enumerate(_NAMES):
        for row in rows[(rows["quantity"] == quantity) & rows["estimate"].notna()].to_dict("records"):
            place = at + 0.12 * (i - (n - 1) / 2)
            axes.errorbar(
                [place], [row["estimate"]], yerr=[[row["estimate"] - row["low"]], [row["high"] - row["estimate"]]],
                color=hue, marker=marker, ms=4, elinewidth=0.9, capsize=1.5,
            )  # fmt: skip
    exact = float(rows["exact"].iloc[0])
    if np.isfinite(exact):
        axes.axhline(exact, color=BLACK, lw=0.9, ls="--", zorder=1)


def _caption(exponents: pd.DataFrame) -> str:
    first = exponents.iloc[0]
    parts = []
    for case in exponents["case"].unique():
        each = told(exponents, case)
        at = f" at {case_name(case)}" if case else ""
        parts.append(
            f"{each.get('predicted', 'none')} foretold and {each.get('measured', 'none')} measured{at}"
        )
    return (
        f"Eigenvalues of the kernel matrix of {int(first['n_sample']):,} examples (lines) and how much of the target "
        "lies in the modes from each one on (dotted); the loss that they foretell (lines with 95 % bands) and the "
        f"measured one (dots); exponents of both. {'; '.join(parts)}."
    )


figure = Kind(draw, "kernel_spectrum", {})
