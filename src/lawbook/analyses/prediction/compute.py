"""Choose between the candidate laws of a study's runs, and predict y at its targets."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from lawbook.analyses import Inputs
from lawbook.analyses.prediction.block import LEVEL, TABLES, PredictionBlock
from lawbook.errors import LawbookError
from lawbook.fitting.groups import check_block, groups_of, rows_of
from lawbook.laws import fit
from lawbook.laws.automatic import Automatic, automatic
from lawbook.laws.fitted import Fit
from lawbook.laws.note import Note, notes_to_json
from lawbook.storage.status import UNDECIDED, FitStatus
from lawbook.storage.tables import conform

_DRAWS = 1000


def compute(block: PredictionBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables of one prediction."""
    return prediction_tables(block, inputs.results.runs)


def prediction_tables(
    block: PredictionBlock, runs: pd.DataFrame, draws: int = _DRAWS
) -> dict[str, pd.DataFrame]:
    """Return the tables of a prediction from a table of runs.

    Runs that no candidate can be fitted to give predictions of status refused, with the reason. Raises LawbookError for
    columns that the runs lack, and for a selection without runs.
    """
    asked = asked_of(block, runs)
    y, x, cluster = block.y, block.x, asked.cluster
    try:
        found = automatic(asked.rows, y=y, x=x, target=block.targets, cluster=cluster, level=LEVEL)
        best = found.used[0]
        law = replace(best.law, name=best.candidate.name, source=best.candidate.source)
        fitted = fit(asked.rows, law, y=y, x=x, cluster=cluster, draws=draws, level=LEVEL)
    except LawbookError as error:
        return _refused(block, len(asked.rows), str(error))
    return {
        "predictions": _predictions(block, found, fitted.n_runs),
        "members": _members(found),
        "candidates": found.table,
        "rules": pd.DataFrame(
            [
                {"rule": rule, "error": error, "used": rule == found.rule}
                for rule, error in found.rules.items()
            ]
        ),
        "parameters": _parameters(fitted, best.candidate.formula, asked.notes),
    }


@dataclass(frozen=True)
class Asked:
    """The runs that a prediction is made of, the columns of their independent repeats, and notes on both."""

    rows: pd.DataFrame
    cluster: list[str] | None
    notes: tuple[Note, ...]


def asked_of(block: PredictionBlock, runs: pd.DataFrame) -> Asked:
    """Return the runs that a block means, unconverged ones left out. Raises LawbookError if there are none."""
    points = block.points
    check_block("points", points, runs)
    group = next(groups_of("points", points, runs))
    rows, cluster = rows_of(points, group, block.y)
    return Asked(rows, cluster or None, group.notes)


def _predictions(block: PredictionBlock, found: Automatic, n_runs: int) -> pd.DataFrame:
    reason = "" if found.decided else "the best laws disagree by more than the interval of each"
    table = found.predictions
    return table[["estimate", "low", "high", "least", "most"]].assign(
        target=np.arange(1, len(table) + 1), place=[json.dumps(place) for place in _inputs(block, table)],
        level=LEVEL, n_runs=n_runs, status=FitStatus.OK if found.decided else UNDECIDED, reason=reason,
    )  # fmt: skip


def _inputs(block: PredictionBlock, table: pd.DataFrame) -> list[dict[str, float]]:
    return [dict(zip(block.x, map(float, row), strict=True)) for row in table[block.x].to_numpy()]


def _members(found: Automatic) -> pd.DataFrame:
    """Return what each of the laws that predict together says, which the mixture is made of."""
    parts = []
    for entry in found.used:
        width = ndtri((1 + LEVEL) / 2) * np.sqrt(entry.spread**2 + entry.errors[-1] ** 2)
        ends = np.exp(entry.log_target + width * np.array([[0], [-1], [1]])) - entry.law.shift
        parts.append(
            pd.DataFrame(ends.T, columns=["estimate", "low", "high"]).assign(
                target=np.arange(1, len(width) + 1), law=entry.candidate.name, loss=entry.loss
            )
        )
    return pd.concat(parts, ignore_index=True)


def _parameters(fitted: Fit, formula: str, notes: tuple[Note, ...]) -> pd.DataFrame:
    rows = [
        {"parameter": name, "estimate": e.value, "low": e.low, "high": e.high, "method": e.method}
        for name, e in (fitted.estimates | fitted.derived).items()
    ]
    return pd.DataFrame(rows).assign(
        law=fitted.law.name,
        formula=formula,
        status=fitted.status,
        notes=notes_to_json((*notes, *fitted.notes)),
    )


def _refused(block: PredictionBlock, n_runs: int, reason: str) -> dict[str, pd.DataFrame]:
    places = [json.dumps({name: place[name] for name in block.x}) for place in block.target]
    told = {"level": LEVEL, "n_runs": n_runs, "status": FitStatus.REFUSED, "reason": reason}
    rows = [{"target": i, "place": place, **told} for i, place in enumerate(places or [None], 1)]
    none = {name: conform(pd.DataFrame(), columns) for name, columns in TABLES.items()}
    return {**none, "predictions": pd.DataFrame(rows)}
