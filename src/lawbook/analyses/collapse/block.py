"""The block of a scaling collapse: which runs, along which time, normalised by which floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import ALONG_CURVES, Columns, check_selection, check_sweep
from lawbook.studies.study import Study

Time = Literal["step", "samples_seen", "flops"]


class CollapseBlock(AnalysisBlock):
    """Learning curves of several sizes, each normalised by the end of its own training at t* ∝ N^γ."""

    sweep: str = Field(description="The sweep over sizes and seeds, and over steps where γ is to be found.")
    y: str = Field("test_loss", description="A metric along the curves, above its floor.")
    size: str = Field("n_params", description="Column of the size N.")
    time: Time = Field("step", description="What t* counts.")
    by: list[str] = Field([], description="Axes whose every combination of values is a collapse of its own.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    at: Literal["last", "every"] = Field(
        "last",
        description="What t* may be: the end of a run alone, or every evaluation, at a constant rate.",
    )
    floor: float | Literal["exact", "fit"] = Field(
        "fit",
        description="L₀: a number; that of the theory; or that of the law E + A N^-α at t*, refitted in each draw.",
    )
    exponents: (
        Annotated[tuple[float, float], WithJsonSchema({"type": "array", "items": {"type": "number"}})] | None
    ) = Field(
        None,
        description="Least and greatest γ that are tried; by default all for which every size was trained.",
    )
    exponent: float | None = Field(
        None,
        description="γ of the ladder that is shown, and by which Δ and σ are told; by default the one found.",
    )
    share: Annotated[list[float], WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "array"}]})] = Field(
        [0.25],
        min_length=1,
        description="Shares x of training at which the sizes are compared to find γ.",
    )
    anchor: float | None = Field(
        None, gt=0, description="t* of the smallest size; by default its longest training."
    )
    exact: Name | None = Field(None, description="Registered exact curve, put through the same estimator.")

    @field_validator("share", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, int | float) else value

    @field_validator("share")
    @classmethod
    def _inside(cls, value: list[float]) -> list[float]:
        if not all(0 < share < 1 for share in value):
            raise ValueError("a share of training lies between 0 and 1; write such as 0.25")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> CollapseBlock:
        if self.exponents is not None and not self.exponents[0] < self.exponents[1]:
            raise ValueError("exponents are the least and the greatest; write the smaller one first")
        if self.floor == "exact" and self.exact is None:
            raise ValueError("an exact floor is that of a theory; add exact: NAME")
        return self

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study does not have, or for one size."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.by", self.by)
        more = columns.with_measured(ALONG_CURVES if runs else ())
        more.check_fittable(study, f"{field}.y", [self.y])
        more.check_fittable(study, f"{field}.size", [self.size])
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        decaying = [run for run in members if run.config["schedule"] != "constant"]
        if self.at == "every" and decaying and "schedule" not in self.where:
            problem = "evaluations under a decaying learning rate are not the ends of shorter trainings"
            raise study.error(
                f"{field}.at", self.at, problem, "write at: last, or where: {schedule: constant}"
            )


TABLES = {
    # Of each case (`by` with its values, as group of a law) the exponent γ of t* ∝ N^γ at which the sizes lie closest,
    # with its interval, and that of the exact curves by the same estimator; `spread` is what parts the sizes there.
    # `floor` is L₀ with its interval. `ladder` is the γ by which Δ and σ are told (null: each size's only training),
    # `supercollapse` the share of training over which Δ < σ. `notes` is a JSON list, with any refusal.
    "exponents": {
        "case": TEXT,
        "exponent": REAL,
        "low": REAL,
        "high": REAL,
        "level": REAL,
        "exact": REAL,
        "tried_low": REAL,
        "tried_high": REAL,
        "spread": REAL,
        "spread_exact": REAL,
        "floor": REAL,
        "floor_low": REAL,
        "floor_high": REAL,
        "ladder": REAL,
        "supercollapse": REAL,
        "supercollapse_low": REAL,
        "supercollapse_high": REAL,
        "size_low": REAL,
        "size_high": REAL,
        "n_sizes": WHOLE,
        "n_seeds": WHOLE,
        "n_runs": WHOLE,
        "status": TEXT,
        "notes": TEXT,
    },
    # What parts the sizes at each γ that was tried, with its interval, and the same of the exact curves.
    "spreads": {
        "case": TEXT, "exponent": REAL, "spread": REAL, "low": REAL, "high": REAL, "exact": REAL,
    },
    # Δ and σ over the share x of training, their ratio with its interval, and Δ of the exact curves.
    "deviations": {
        "case": TEXT, "share": REAL, "delta": REAL, "sigma": REAL, "ratio": REAL, "ratio_low": REAL,
        "ratio_high": REAL, "exact": REAL,
    },
    # The curves of each size on its ladder: the mean loss, the mean of ℓ over seeds and its standard deviation.
    "curves": {
        "case": TEXT, "size": REAL, "share": REAL, "time": REAL, "loss": REAL, "normalised": REAL, "seed_sd": REAL,
        "exact": REAL,
    },
}  # fmt: skip

analysis = Analysis(
    CollapseBlock, TABLES, needs=frozenset({"curves"}), downloads=("exponents", "spreads", "deviations")
)
