"""What `lawbook fit --out` left: the law with its refits, and what it predicts elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.laws.forms import laws
from lawbook.laws.formulas import formula
from lawbook.laws.law import Array, Law
from lawbook.laws.uncertainty import quantile_levels
from lawbook.storage.status import FitStatus
from lawbook.storage.tables import read_table


@dataclass(frozen=True)
class Stored:
    """A law as it was fitted: its status and reason, parameters (p,), refits (draws, p) and how these were made."""

    law: Law
    status: str
    reason: str
    parameters: Array
    draws: Array
    method: str
    n_seeds: int
    level: float

    @property
    def is_sound(self) -> bool:
        """Say whether the law was one of the data, with its parameters fixed by them."""
        return self.status == FitStatus.OK

    def predict(self, places: pd.DataFrame) -> pd.DataFrame:
        """Return y at places, a row each with the law's inputs: these, estimate, low and high over the refits."""
        coded = places if self.law.index is None else self.law.index.coded(places)
        at = coded[list(self.law.inputs)].to_numpy(dtype=float)
        estimate = self.law.log_predict(at, self.parameters)
        ends = np.full((2, len(at)), np.nan)
        if len(self.draws):
            levels = quantile_levels(self.method, self.n_seeds, self.level)
            ends = np.quantile(self.law.log_predict(at, self.draws), levels, axis=0)
        estimate, low, high = np.exp(np.stack([estimate, *ends])) - self.law.shift
        return places[list(self.law.inputs)].assign(estimate=estimate, low=low, high=high)


def read_stored(folder: Path, name: str | None = None) -> Stored:
    """Return a law of a folder that `lawbook fit --out` wrote, by default the one that the answer shows first.

    Raises LawbookError for a folder that is none, a law that is not in it, and one without estimates.
    """
    try:
        content = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
        fits, headline = content["fits"], content["headline"]
        drawn = read_table(folder / "draws.parquet")
    except (OSError, ValueError, KeyError, TypeError) as error:
        fix = "name a folder that lawbook fit --out has written"
        raise LawbookError(f"{folder}: no answer of a fit is there ({type(error).__name__}); {fix}") from None
    chosen = name or headline
    if chosen not in fits:
        raise LawbookError(f"{folder}: law {chosen!r} was not fitted; {suggest(chosen, fits)}")
    fitted = fits[chosen]
    law = _law(fitted, folder)
    values = [fitted["estimates"][parameter]["value"] for parameter in law.parameters]
    if None in values:
        raise LawbookError(f"{folder}: {chosen} is refused and has no estimates: {fitted['reason']}")
    mine = drawn[drawn["law"] == chosen].pivot_table(index="draw", columns="parameter", values="value")
    return Stored(
        law=law, status=fitted["status"], reason=fitted["reason"], parameters=np.array(values, dtype=float),
        draws=mine[list(law.parameters)].to_numpy(dtype=float) if len(mine) else np.zeros((0, len(values))),
        method=fitted["method"], n_seeds=fitted["n_seeds"], level=fitted["level"],
    )  # fmt: skip


def _law(fitted: dict[str, Any], folder: Path) -> Law:
    """Return the law of a fit as it was written: by its name, or by its formula over the columns that were fitted."""
    about, inputs = fitted["law"], tuple(fitted["inputs"])
    if "written" not in about:
        raise LawbookError(f"{folder}: an older version wrote this answer; fit again with --out")
    if not about["written"]:
        return laws[about["name"]]
    positive = [
        name for name, (low, _) in zip(inputs, fitted["x_range"], strict=True) if low is not None and low > 0
    ]
    text = about["formula"].removeprefix("y = ")
    index = about.get("index")
    law = formula(
        text, inputs, name=about["name"], positive=positive, shift=about["shift"],
        values=None if index is None else lambda _: index["values"],
    )  # fmt: skip
    return law.reading(inputs)
