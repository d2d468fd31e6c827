"""The rows of the tables of fits: of one form in one group, or of a group that no form can be fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lawbook.fitting.groups import Group
from lawbook.laws.compare import Comparison
from lawbook.laws.fitted import Fit
from lawbook.laws.note import notes_to_json, refusal
from lawbook.results.selection import LawBlock
from lawbook.results.words import enumerate_words, span
from lawbook.storage.status import UNDECIDED, FitStatus
from lawbook.storage.tables import empty

_GRID = 100


def fit_rows(block: LawBlock, group: Group, fitted: Fit, found: Comparison) -> pd.DataFrame:
    """Return the rows of `fits` of one form: one per parameter."""
    scores = found.table.set_index("form").loc[fitted.law.name]
    common = {
        "form": fitted.law.name, "level": fitted.level, "y": block.y, "x": ", ".join(block.inputs),
        **_range_columns(fitted), "n_points": fitted.n_points,
        "n_runs": min(fitted.n_runs, len(set(group.runs["run_id"]))), "n_seeds": fitted.n_seeds,
        "n_censored": fitted.n_censored, "n_diverged": fitted.n_diverged,
        "n_unconverged": group.n_unconverged,
        "loss": fitted.loss.name, "delta": fitted.loss.delta, "objective": fitted.objective,
        "gradient": fitted.gradient, "starts": fitted.starts, "starts_at_best": fitted.starts_at_best,
        "failed_draws": fitted.failed_draws, "lack_of_fit": fitted.lack_of_fit,
        "status": fitted.status, "notes": notes_to_json(fitted.notes),
        "heldout_error": scores["heldout_error"], "heldout_error_power": scores["heldout_error_power"],
        "bic": fitted.bic, "preferred": found.preferred, "preferred_reason": found.reason,
    }  # fmt: skip
    rows = [
        {"parameter": name, "estimate": e.value, "low": e.low, "high": e.high, "method": e.method, **common}
        for name, e in (fitted.estimates | fitted.derived).items()
    ]
    return pd.DataFrame(rows)


def _range_columns(fitted: Fit) -> dict[str, Any]:
    """Return the fitted range: numbers for one input; for several, which no one number describes, text."""
    if len(fitted.inputs) == 1:
        (low, high), decades = fitted.x_range[0], fitted.decades[0]
        return {"x_low": low, "x_high": high, "decades": decades}
    ranges = zip(fitted.inputs, fitted.x_range, fitted.decades, strict=True)
    index = fitted.law.index
    parts = [
        f"{name} {enumerate_words(index.values)}"
        if index is not None and name == index.column
        else f"{name} {span(low, high, decades)}"
        for name, (low, high), decades in ranges
    ]
    return {"ranges": ", ".join(parts)}


def refused_rows(block: LawBlock, group: Group, problem: str) -> pd.DataFrame:
    """Return the rows of `fits` of a group whose data cannot be fitted by any form, for a problem with them."""
    notes = notes_to_json([refusal("unusable_data", problem), *group.notes])
    rows = [
        {
            "form": form, "parameter": parameter, "method": "none", "y": block.y,
            "x": ", ".join(block.inputs),
            "n_runs": len(group.runs), "n_unconverged": group.n_unconverged, "loss": block.loss,
            "delta": block.delta, "status": FitStatus.REFUSED, "notes": notes,
            "preferred": UNDECIDED,
        }
        for form in block.compare
        for parameter in block.form(form).parameters
    ]  # fmt: skip
    return pd.DataFrame(rows)


def draw_rows(fitted: Fit) -> pd.DataFrame:
    """Return the converged draws, long."""
    kept = np.flatnonzero(np.isfinite(fitted.draws).all(axis=1))
    names = fitted.law.parameters
    return pd.DataFrame(
        {
            "form": fitted.law.name,
            "draw": np.repeat(kept, len(names)),
            "parameter": np.tile(np.array(names, dtype=object), len(kept)),
            "value": fitted.draws[kept].reshape(-1),
        }
    )


def prediction_rows(fitted: Fit) -> pd.DataFrame:
    """Return the fitted curve with its band on a grid over the fitted range; of several inputs, at the points."""
    if len(fitted.inputs) > 1:
        table = fitted.predict(fitted.places)
        return table.assign(**dict(zip(fitted.inputs, fitted.places.T, strict=True)))
    low, high = fitted.x_range[0]
    return fitted.predict(np.geomspace(low, high, _GRID) if low > 0 else np.linspace(low, high, _GRID))


def joined(kind: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Join parts, leaving out columns that a part has only as nulls, so that they do not decide types."""
    full = [part.dropna(axis=1, how="all") for part in parts if len(part)]
    return pd.concat(full, ignore_index=True) if full else empty(kind)
