"""What the report says of a prediction: what is expected at each target, and how every candidate did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.prediction.block import PredictionBlock
from lawbook.analyses.prediction.words import LOSSES, place_text
from lawbook.laws.note import notes_from_json, reason_of
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import count, enumerate_words, measured, name_of, number, plain, symbol
from lawbook.storage.status import FitStatus

TARGETS = ("target", "predicted", "by the single laws", "status")
CANDIDATES = (
    "law", "used", *(f"score, {loss}" for loss in LOSSES.values()), "error at the outer quarter",
    "parameters", "formula", "source",
)  # fmt: skip
BEST = ("parameter", "estimate [95 %]", "interval by")
RULES = {
    "single": "the best law alone", "mean": "their mean", "median": "their median", "aicc": "weights by AICc",
}  # fmt: skip


@dataclass(frozen=True)
class Predicted:
    """One prediction: sentences, and its tables as texts."""

    name: str
    about: str
    targets: tuple[tuple[str, ...], ...]
    candidates: tuple[tuple[str, ...], ...]
    rules: str
    best: str
    parameters: tuple[tuple[str, ...], ...]


def predicted(name: str, asked: PredictionBlock, found: Results) -> Predicted:
    """Return what the report shows of one prediction."""
    candidates, parameters = found.table("candidates"), found.table("parameters")
    predictions = found.table("predictions")
    return Predicted(
        name,
        _about(asked, predictions, candidates),
        tuple(map(_target, predictions.to_dict("records"))),
        tuple(_candidate(rows) for _, rows in candidates.groupby(["law", "formula"], sort=False)),
        _rules(found.table("rules")),
        _best(parameters),
        tuple(
            (symbol(row["parameter"]), measured(row["estimate"], row["low"], row["high"]), str(row["method"]))
            for row in parameters.to_dict("records")
        ),
    )


def _about(asked: PredictionBlock, predictions: pd.DataFrame, candidates: pd.DataFrame) -> str:
    what = f"{plain(asked.y)} by {enumerate_words(map(name_of, asked.x))}"
    runs = count(int(predictions["n_runs"].iloc[0]), "run")
    if candidates.empty:
        return f"No candidate law of {what} can be judged by {runs}: {predictions['reason'].iloc[0]}."
    used, direction = candidates["used"].sum(), "towards the target" if asked.target else "out in every input"
    tried = count(len(candidates["formula"].unique()), "candidate law")
    return (
        f"{tried} of {what} were fitted to {runs} in three ways each, and judged by their RMS log error at the points "
        f"that lie furthest {direction}: the outer quarter, and with half the weight the quarter before it. The median "
        f"of the best {used} is the prediction; its 95 % interval is that of their mixture, each with its standard "
        "error and its held-out error."
    )


def _target(row: Mapping[Any, Any]) -> tuple[str, ...]:
    ends = f"{number(row['least'], 4)} to {number(row['most'], 4)}"
    status = plain(str(row["status"])) + (f": {row['reason']}" if row["reason"] else "")
    value = measured(row["estimate"], row["low"], row["high"])
    return place_text(row["place"]), value, ends if pd.notna(row["least"]) else "–", status


def _candidate(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return a candidate's row: its score by each way of fitting, the one that is used marked."""
    scores, best = rows.set_index("loss")["score"], rows.iloc[0]
    cells = [number(scores.get(loss), 3) for loss in LOSSES]
    used = "yes" if rows["used"].any() else "–"
    return (
        plain(best["law"]), used, *cells, number(best["error_outer"], 3), number(best["n_parameters"]),
        str(best["formula"]), str(best["source"]),
    )  # fmt: skip


def _rules(rules: pd.DataFrame) -> str:
    if rules.empty:
        return ""
    told = [f"{RULES[row['rule']]} {number(row['error'], 2)}" for row in rules.to_dict("records")]
    return f"RMS log error at the outer quarter, of the laws that the quarter before it chose: {', '.join(told)}."


def _best(parameters: pd.DataFrame) -> str:
    if parameters.empty:
        return ""
    row = parameters.iloc[0]
    text = f"The best candidate by itself, {plain(row['law'])}: {row['formula']}"
    if row["status"] == FitStatus.OK:
        return f"{text}. As a law of these runs its fit stands."
    why = reason_of(notes_from_json(row["notes"]))
    so = f"this one is {plain(row['status'])}, since {why}"
    return f"{text}. A law that predicts best need not be the law of the data: {so}."


def _values(blocks: Mapping[str, PredictionBlock], results: Results) -> Mapping[str, Any]:
    found = [predicted(name, block, results.analysis("prediction", name)) for name, block in blocks.items()]
    return {"predictions": found, "targets": TARGETS, "candidates": CANDIDATES, "best": BEST}


section = Section("Which law, and what it predicts", _values, first=True)
