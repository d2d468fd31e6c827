"""The block of a held-out budget: which runs, which budgets, and the law whose surface predicts the largest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, field_validator

from lawbook.errors import LawbookError, suggest
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.identity import Run
from lawbook.studies.plan import ALONG_CURVES, Columns, check_selection, check_sweep
from lawbook.studies.study import Study
from lawbook.studies.values import Spaced

SURFACE, POWER, LAST = METHODS = ("surface", "power", "last")
"""How the largest budget is predicted: by the fitted surface, by a power law of L* in C, or as the budget before it."""

LEAST_BUDGETS = 4
"""Three budgets show how far a power law of two parameters is off; the fourth is held out."""


class HeldOutBudgetBlock(AnalysisBlock):
    """The least loss at the largest budget, predicted from the smaller ones alone, beside what was measured there."""

    sweep: str = Field(description="The sweep over sizes and seeds, at a constant learning rate.")
    y: str = Field("test_loss", description="A column of runs.parquet above 0 that falls.")
    n: str = Field("n_params", description="Column of the size N.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    law: str = Field(
        "chinchilla", description="A law of N and D, whose surface is fitted to the evaluations."
    )
    budgets: Spaced = Field(
        description="Budgets in FLOPs, a list or {log10: [lo, hi, n]}, four at least; the largest is held out, and "
        "evaluations below the smallest are in no fit."
    )
    first_step: int = Field(
        1, ge=1, description="Evaluations before this step, as within warm-up, are left out."
    )

    @field_validator("budgets")
    @classmethod
    def _several(cls, value: list[float]) -> list[float]:
        if len(set(value)) < LEAST_BUDGETS or min(value) <= 0:
            raise ValueError(f"{LEAST_BUDGETS} budgets above 0 are needed, of which the largest is held out")
        return sorted(set(value))

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column, a law or a selection that the study does not have."""
        from lawbook.laws.forms import laws
        from lawbook.laws.frontier.parametric import size_and_samples

        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        more = columns.with_measured(ALONG_CURVES)
        more.check_fittable(study, f"{field}.y", [self.y])
        more.check_fittable(study, f"{field}.n", [self.n])
        if self.law not in laws:
            raise study.error(f"{field}.law", self.law, "there is no such law", suggest(self.law, laws))
        try:
            size_and_samples(laws[self.law])
        except LawbookError as error:
            raise study.error(f"{field}.law", self.law, str(error), "name one such as chinchilla") from None
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)


TABLES = {
    # The best size and the least loss L* at each budget by Akima's interpolation over sizes, the sizes between which it
    # was sought, and which edge of them it lies on, if any; such a row has no interval. `fall` is log L* less that of
    # the budget before. `bits_per_byte` is L* of a text in bits for each of its bytes.
    "budgets": {
        "compute": REAL,
        "size": REAL,
        "size_low": REAL,
        "size_high": REAL,
        "smallest": REAL,
        "largest": REAL,
        "edge": TEXT,
        "loss": REAL,
        "low": REAL,
        "high": REAL,
        "bits_per_byte": REAL,
        "fall": REAL,
        "fall_low": REAL,
        "fall_high": REAL,
        "n_runs": WHOLE,
    },
    # L* at the largest budget as each method (surface, power, last) predicts it from the smaller ones, with its
    # interval, what was measured there, and the log of the ratio of both.
    "predictions": {
        "method": TEXT,
        "compute": REAL,
        "predicted": REAL,
        "low": REAL,
        "high": REAL,
        "measured": REAL,
        "measured_low": REAL,
        "measured_high": REAL,
        "error": REAL,
        "error_low": REAL,
        "error_high": REAL,
        "level": REAL,
        "n_runs": WHOLE,
        "status": TEXT,
        "reason": TEXT,
    },
    # The law fitted to the evaluations of `part` (`all`, or those `below` the held-out budget): the mean of
    # |log y − log ŷ| with its interval over seeds, and the fit's own status.
    "surfaces": {
        "part": TEXT,
        "law": TEXT,
        "mean_error": REAL,
        "low": REAL,
        "high": REAL,
        "n_points": WHOLE,
        "n_runs": WHOLE,
        "status": TEXT,
        "notes": TEXT,
    },
}

analysis = Analysis(
    HeldOutBudgetBlock, TABLES, needs=frozenset({"curves"}), downloads=("budgets", "predictions", "surfaces")
)
