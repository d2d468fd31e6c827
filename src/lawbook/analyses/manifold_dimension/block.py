"""The block of a dimension told by an exponent: which runs, which of them count as converged, which estimates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lawbook.studies.analysis import FLAG, REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study


class ManifoldDimensionBlock(AnalysisBlock):
    """The exponent α of a loss in a size, over the sizes that have converged, and 4/α beside the data's dimension."""

    sweep: str = Field(description="The sweep over sizes, each trained for some steps and for half as many.")
    y: str = Field("test_loss", description="A column of runs.parquet.")
    x: str = Field("n_params", description="The size: a column of runs.parquet.")
    by: list[str] = Field([], description="Axes whose every combination of values is a case of its own.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    converged_within: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Largest relative change of y when the steps double at which a size counts as converged.",
    )
    numerator: float = Field(
        4.0,
        gt=0,
        description="d = numerator/α: 4 for the squared error of what is piecewise linear, 2 of what is constant.",
    )
    known: str | None = Field(
        None,
        description="Column with the dimension that the exponent should tell, the same in all runs of a case.",
    )
    estimates: list[str] = Field(
        [],
        description="Columns that estimate the dimension, such as input_dimension_mle, taken at the largest size.",
    )
    trusted: float = Field(
        6.0,
        gt=0,
        description="Estimates above it are marked: there they are biased, up or down with the data.",
    )

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study lacks, or without doubled steps."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.by", self.by)
        columns.check_fittable(study, f"{field}.y", [self.y])
        columns.check_fittable(study, f"{field}.x", [self.x])
        columns.check_fittable(study, f"{field}.known", [self.known] if self.known else [])
        columns.check_fittable(study, f"{field}.estimates", self.estimates)
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        steps = {run.config["steps"] for run in members}
        if not any(2 * one in steps for one in steps):
            problem = "no run has twice the steps of another, and none can be told to have converged"
            raise study.error(f"{field}.sweep", self.sweep, problem, "sweep steps: [1000, 2000]")


TABLES = {
    # Each size of each case. y is the mean after the most steps, with its interval over repeats, `half` that after half
    # as many; `change` = 1 - y/half, by the geometric mean over repeats of both, and `converged` whether its size is
    # within the tolerance: null where no run has half the steps.
    "cells": {
        "case": TEXT, "x": REAL, "steps": WHOLE, "n_runs": WHOLE, "y": REAL, "low": REAL, "high": REAL, "half": REAL,
        "change": REAL, "change_low": REAL, "change_high": REAL, "converged": FLAG,
    },
    # Each case. `alpha` over the converged sizes from x_low to x_high, null for fewer than four or where the law is
    # refused, `dimension` = numerator/alpha, `ratio` = alpha · known/numerator, which is 1 where the exponent tells the
    # known dimension; `alpha_all` is the exponent over all sizes, converged or not.
    "exponents": {
        "case": TEXT, "known": REAL, "sizes": WHOLE, "converged": WHOLE, "n_runs": WHOLE, "x_low": REAL, "x_high": REAL,
        "alpha": REAL, "alpha_low": REAL, "alpha_high": REAL, "dimension": REAL, "dimension_low": REAL,
        "dimension_high": REAL, "ratio": REAL, "ratio_low": REAL, "ratio_high": REAL, "alpha_all": REAL,
        "alpha_all_low": REAL, "alpha_all_high": REAL, "reason": TEXT,
    },
    # Each estimate of the dimension in each case, at the largest size; `biased` where it is above `trusted`.
    "estimates": {
        "case": TEXT, "column": TEXT, "known": REAL, "estimate": REAL, "low": REAL, "high": REAL, "n_runs": WHOLE,
        "biased": FLAG,
    },
}  # fmt: skip

analysis = Analysis(ManifoldDimensionBlock, TABLES, downloads=("cells", "exponents", "estimates"))
