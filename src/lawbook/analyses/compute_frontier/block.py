"""The block of a compute-optimal frontier: which runs, counted how, and by which methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, field_validator

from lawbook.errors import LawbookError, suggest
from lawbook.storage.columns import Role
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import ALONG_CURVES, Columns, check_selection, check_sweep
from lawbook.studies.study import Study
from lawbook.studies.values import Budgets

OF_TABLES = ("akima", "parabola", "envelope")
"""Methods that need no law; any other is the name of a law of N and D, whose surface is minimised."""


class ComputeFrontierBlock(AnalysisBlock):
    """The best size N* and number of samples D* for each budget C, by several methods side by side."""

    sweep: str | None = Field(
        None,
        description="The sweep over sizes, and over compute or samples; left out where a table is given.",
    )
    y: str = Field("test_loss", description="A column of runs.parquet above 0 that falls.")
    n: str = Field("n_params", description="Column of the size N.")
    d: str = Field("samples_seen", description="Column of the samples D, such as n_train.")
    compute: str | None = Field("flops", description="Column of the compute C of a run; null counts 6·N·D.")
    at: Literal["last", "every"] = Field(
        "every", description="Points: every evaluation of a run, or the last alone, as isoFLOP cells need."
    )
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    cluster: Annotated[list[str], WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array"}]})] = Field(
        [],
        description="Axes whose combinations are independent repeats; by default fold where it varies, else seed.",
    )
    methods: list[str] = Field(
        [*OF_TABLES, "chinchilla"],
        min_length=1,
        description="akima and parabola (isoFLOP), envelope, and laws of N and D, whose fitted surface is minimised.",
    )
    budgets: Budgets = Field(
        [],
        description="Budgets C, a list or {log10: [lo, hi, n]}; by default those of the axis compute, else nine "
        "where three sizes have losses.",
    )
    fitted: Literal["all", "budgets"] = Field(
        "all",
        description="Points of a law: all, or those between the smallest and the largest of the budgets named.",
    )
    first_step: int = Field(
        1,
        ge=1,
        description="Evaluations before this step, as within warm-up, are left out, where at is every.",
    )
    noise: float | None = Field(
        None, gt=0, description="Standard deviation of y between seeds, where the runs have one seed."
    )
    exact: Name | None = Field(None, description="Registered exact curve, whose frontier is laid beside.")

    @field_validator("cluster", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    def columns_read(self) -> Mapping[str, Role]:
        """Return y as a metric; size, samples and compute as sizes; what selects and repeats as axes."""
        axes: dict[str, Role] = dict.fromkeys((*self.where, *self.cluster), "axis")
        return {
            **axes,
            self.y: "metric",
            **dict.fromkeys(filter(None, (self.n, self.d, self.compute)), "size"),
        }

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column, a method or a selection that the study does not have."""
        check_sweep(study, field, self.sweep)
        if self.at == "every" and not runs:
            raise study.error(f"{field}.at", self.at, "a table has no curves", "write at: last")
        if self.fitted == "budgets" and not self.budgets:
            raise study.error(
                f"{field}.fitted", self.fitted, "no budgets are named", "write budgets: {log10: …}"
            )
        for key, names in (("where", [*self.where]), ("cluster", self.cluster)):
            columns.check_axes(study, f"{field}.{key}", names)
        more = columns.with_measured(ALONG_CURVES if runs else ())
        more.check_fittable(study, f"{field}.y", [self.y])
        for key, column in (("n", self.n), ("d", self.d), ("compute", self.compute)):
            if column is not None:
                more.check_fittable(study, f"{field}.{key}", [column])
        self._check_methods(study, field)
        if runs:
            members = [run for run in runs if self.sweep in run.sweeps]
            check_selection(study, f"{field}.where", self.where, members)

    def _check_methods(self, study: Study, field: str) -> None:
        from lawbook.laws.forms import laws
        from lawbook.laws.frontier.parametric import size_and_samples

        for method in self.methods:
            if method in OF_TABLES:
                continue
            if method not in laws:
                fix = suggest(method, [*OF_TABLES, *laws])
                raise study.error(f"{field}.methods", method, "there is no such method or law", fix)
            try:
                size_and_samples(laws[method])
            except LawbookError as error:
                fix = "name one such as chinchilla"
                raise study.error(f"{field}.methods", method, str(error), fix) from None


BAND = {f"{quantity}{end}": REAL for quantity in ("size", "samples", "loss") for end in ("", "_low", "_high")}

TABLES = {
    # The best size N*, samples D* and loss L* at each budget C, by each method. `edge` says which edge of the sampled
    # sizes the optimum lies on (smallest, largest; null for none): such a row is in no exponent, and has no D*.
    # `size_exact` and `loss_exact` are those of the exact frontier at the same budget, where a theory knows it.
    "optima": {
        "method": TEXT,
        "compute": REAL,
        **BAND,
        "edge": TEXT,
        "size_exact": REAL,
        "loss_exact": REAL,
    },
    # The exponent of N* (size), D* (samples) and L* (loss) in C over the optima of a method that lie on no edge.
    # `interval` says how low and high were made; `exact` is that of the exact frontier at the same budgets by the same
    # weights; `on_exact_losses` what the method finds where each run has its exact loss, which less `exact` is its
    # bias; `factor` the geometric mean of N* (D*, L*) over the exact one; `notes` a JSON list, with any refusal.
    "exponents": {
        "method": TEXT,
        "quantity": TEXT,
        "exponent": REAL,
        "low": REAL,
        "high": REAL,
        "level": REAL,
        "interval": TEXT,
        "compute_low": REAL,
        "compute_high": REAL,
        "n_budgets": WHOLE,
        "n_edges": WHOLE,
        "n_runs": WHOLE,
        "exact": REAL,
        "on_exact_losses": REAL,
        "factor": REAL,
        "status": TEXT,
        "notes": TEXT,
    },
    # The mean loss of each size at each budget, with its interval over seeds: what the isoFLOP methods see.
    "profiles": {"compute": REAL, "size": REAL, "loss": REAL, "low": REAL, "high": REAL},
}

analysis = Analysis(
    ComputeFrontierBlock,
    TABLES,
    needs=frozenset({"curves"}),
    of_table=True,
    downloads=("optima", "exponents"),
)
