"""`prediction`: how every candidate did at the held-out points, and what the best of them say at the targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.prediction.block import PredictionBlock
from lawbook.analyses.prediction.words import place_text
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, GREY, PALETTE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, label, measured, name_of, number, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_LAWS = 16
"""Candidates that are drawn, the best first."""
_WHOLE = 3
"""Up to so many targets are drawn with what each law says; of more the prediction alone."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the held-out score of each candidate's best fit; beside it the predictions with their intervals."""
    asked, found = analysis_shown(block, "prediction", results, content)
    predictions, members = found.table("predictions"), found.table("members")
    title = f"Prediction: {plain(block.of or next(iter(content.analyses.of('prediction'))))}"
    if members.empty:
        return _nothing(predictions, title)
    candidates = found.table("candidates").drop_duplicates("formula")
    shown = candidates.head(_LAWS)
    drawn = [_with_members(row, members) for row in predictions.to_dict("records")]
    rows = pd.concat(drawn if len(drawn) <= _WHOLE else [part.tail(1) for part in drawn], ignore_index=True)
    figure = new_figure(DOUBLE, 0.9 + 0.16 * max(len(shown), len(rows) + 1, 8))
    scores, places = figure.subplots(1, 2, width_ratios=[1, 1.15])
    _draw_scores(scores, shown)
    figure.legend(*scores.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    _draw_predictions(places, rows, label(asked.y, content, asked.sweep))
    data = as_data([({"part": "candidate"}, candidates), ({"part": "prediction"}, rows)])
    return Drawn(figure, data, title, _caption(asked, predictions, candidates, len(shown)))


def _nothing(predictions: pd.DataFrame, title: str) -> Drawn:
    """Return a figure that says why nothing is predicted."""
    figure, reason = new_figure(DOUBLE, 1.0), f"Nothing is predicted: {predictions['reason'].iloc[0]}."
    figure.text(0.5, 0.5, reason, ha="center", va="center", wrap=True)
    return Drawn(figure, predictions, title, reason)


def _with_members(row: Mapping[Any, Any], members: pd.DataFrame) -> pd.DataFrame:
    """Return what each law says at a target, and below what they say together."""
    columns = ["target", "law", "estimate", "low", "high"]
    together = pd.DataFrame([{**row, "law": "together"}])
    own = members[members["target"] == row["target"]]
    both: pd.DataFrame = pd.concat([own[columns], together[columns]])
    return both.assign(place=place_text(row["place"]))


def _draw_scores(axes: Axes, shown: pd.DataFrame) -> None:
    """Draw a row for each law, the best on top, those that predict filled."""
    at = -np.arange(len(shown))
    used = shown["used"].to_numpy(dtype=bool)
    score = shown["score"].to_numpy(dtype=float)
    axes.hlines(at, score.min() / 1.1, score, color="#DDDDDD", lw=0.8)
    axes.plot(score[used], at[used], "o", color=PALETTE[0], ms=4, label="these predict together")
    axes.plot(score[~used], at[~used], "o", mfc="white", mec=GREY, ms=4, label="other candidates")
    axes.set_yticks(at, [plain(name) for name in shown["law"]])
    axes.set_xlim(score.min() / 1.1, score.max() * 1.15)
    log_axis(axes, "x", score)
    axes.set(xlabel="RMS log error at held-out points", title="Candidate laws")
    axes.grid(visible=False, axis="y")


def _draw_predictions(axes: Axes, rows: pd.DataFrame, of: str) -> None:
    """Draw what each law says and, below, what they say together, whose interval goes through all rows of a target."""
    at = -np.arange(len(rows))
    together = (rows["law"] == "together").to_numpy()
    value, low, high = rows[["estimate", "low", "high"]].to_numpy(dtype=float).T
    for target in rows["target"].unique():
        own = (rows["target"] == target).to_numpy()
        ends = rows[own & together].iloc[0]
        axes.fill_betweenx(
            [at[own].min() - 0.4, at[own].max() + 0.4],
            ends["low"],
            ends["high"],
            color=PALETTE[0],
            alpha=0.15,
            lw=0,
        )
    for chosen, colour, size in ((~together, GREY, 3.5), (together, BLACK, 5)):
        spread = np.abs(np.stack([low, high]) - value)[:, chosen]
        axes.errorbar(
            value[chosen], at[chosen], xerr=spread, fmt="o", color=colour, ms=size, elinewidth=1, capsize=2
        )
    places = rows["place"].unique()
    axes.set_yticks(at, [_row_name(row, len(places) == 1) for row in rows.to_dict("records")])
    if (low > 0).all() and high.max() > 2 * low.min():
        log_axis(axes, "x", [low.min(), high.max()])
    axes.set(xlabel=of, title=f"At {places[0]}" if len(places) == 1 else "At the targets")
    axes.grid(visible=False, axis="y")


def _row_name(row: Mapping[Any, Any], alone: bool) -> str:
    """Return what a row is called: a law by its name, all of them by their place where there are several."""
    return str(row["law"] if alone or row["law"] != "together" else row["place"]).replace("_", " ")


def _caption(
    asked: PredictionBlock, predictions: pd.DataFrame, candidates: pd.DataFrame, n_shown: int
) -> str:
    told = [
        f"{place_text(row['place'])}: {measured(row['estimate'], row['low'], row['high'])}"
        + ("" if row["status"] == FitStatus.OK else f" ({row['status']}: {row['reason']})")
        for row in predictions.to_dict("records")
    ]
    shown = "the" if n_shown == len(candidates) else f"the best {number(n_shown)} of the"
    return (
        f"{plain(asked.y)} by {enumerate_words(map(name_of, asked.x))}: held-out errors of {shown} "
        f"{number(len(candidates))} candidates, each by its best loss, and what the filled ones say by themselves and "
        f"together, with 95 % intervals. {'; '.join(told)}."
    )


figure = Kind(draw, "prediction", {})
