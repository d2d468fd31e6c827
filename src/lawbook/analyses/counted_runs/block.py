"""The block of an exponent by what is counted: which trained runs, at which budgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from lawbook.models import TrainedModel, models
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.identity import Run
from lawbook.studies.plan import ALONG_CURVES, Columns, check_selection, check_sweep
from lawbook.studies.study import Study
from lawbook.studies.values import Budgets


class CountedRunsBlock(AnalysisBlock):
    """The exponent of the best size in compute, sizes and compute counted by each rule, on the same trained runs."""

    sweep: str = Field(description="The sweep over sizes and seeds, at a constant learning rate.")
    y: str = Field("test_loss", description="A column of runs.parquet above 0 that falls.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    method: Literal["akima", "parabola"] = Field(
        "akima", description="How the best size at a budget is read: Akima's interpolation, or a parabola."
    )
    budgets: Budgets = Field(
        description="Budgets of the FLOPs of a run, a list or {log10: [lo, hi, n]}; other rules are asked over "
        "what the best runs at the first and the last of these cost by them, as far as larger runs reach."
    )
    first_step: int = Field(1, ge=1, description="Evaluations before this step are left out.")

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study lacks, and for solved models."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.with_measured(ALONG_CURVES).check_fittable(study, f"{field}.y", [self.y])
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        solved = {run.config["model"] for run in members} - {
            name for name in models if isinstance(models[name], TrainedModel)
        }
        if solved:
            problem = f"{min(solved)} is solved, and has no evaluations along training"
            raise study.error(f"{field}.sweep", self.sweep, problem, "name a sweep of trained models")


RULES = {"size_rule": TEXT, "compute_rule": TEXT}

TABLES = {
    # The exponent of the best size in compute, sizes counted by `size_rule` (total, non_embedding, matrices) and
    # compute by `compute_rule` (6·N·D with N counted by one of these, or `exact`, the FLOPs of a run). `rise` is that
    # exponent less the one in which sizes and compute count all parameters, with its interval over the same draws.
    # `n_edges` budgets have their best size on an edge of the trained ones, and are in no exponent.
    "exponents": {
        **RULES,
        "exponent": REAL,
        "low": REAL,
        "high": REAL,
        "level": REAL,
        "rise": REAL,
        "rise_low": REAL,
        "rise_high": REAL,
        "compute_low": REAL,
        "compute_high": REAL,
        "size_low": REAL,
        "size_high": REAL,
        "n_budgets": WHOLE,
        "n_edges": WHOLE,
        "n_sizes": WHOLE,
        "n_runs": WHOLE,
        "status": TEXT,
        "notes": TEXT,
    },
    # The best size at each budget by each pair of rules, with its interval.
    "optima": {**RULES, "compute": REAL, "size": REAL, "low": REAL, "high": REAL, "loss": REAL},
    # What each size counts by each rule, and the FLOPs per token of each rule of compute.
    "sizes": {"total": REAL, "non_embedding": REAL, "matrices": REAL, "exact": REAL},
}

analysis = Analysis(
    CountedRunsBlock, TABLES, needs=frozenset({"curves"}), downloads=("exponents", "optima", "sizes")
)
