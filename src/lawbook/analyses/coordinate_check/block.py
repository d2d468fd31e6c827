"""The block of a coordinate check: which runs, which vector measurement over the layers, along which size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lawbook.errors import suggest
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.measure_block import measured_columns
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study

RATE = "learning_rate"


class CoordinateCheckBlock(AnalysisBlock):
    """The exponent s of what each layer moves, ~ size^s, at one learning rate and one early step."""

    sweep: str = Field(description="The sweep over sizes and seeds.")
    y: Name = Field(
        "activation_change", description="A vector measurement over the hidden layers and the outputs."
    )
    size: str = Field(
        "width", description="Column of the size along which the layers are compared: width, depth."
    )
    step: int | None = Field(
        None, ge=1, description="The measured step; by default the last that all runs have."
    )
    by: list[str] = Field([], description="Axes whose every combination of values is a check of its own.")
    where: dict[str, Any] = Field(
        {},
        description="Keep only the runs with these values (one, or a list); one learning_rate, if it varies.",
    )

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, column, selection or measurement that is not there, and for several rates."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.by", self.by)
        columns.check_fittable(study, f"{field}.size", [self.size])
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        vectors = [column.name for column in measured_columns(study.content.measure) if column.vector]
        if self.y not in vectors:
            fix = suggest(self.y, vectors) if vectors else "add measure: [activation_scale]"
            raise study.error(f"{field}.y", self.y, "the study measures no such vector", fix)
        rates = sorted({run.config[RATE] for run in members})
        if len(rates) > 1 and RATE not in (*self.by, *self.where):
            problem = f"the sweep has {len(rates)} learning rates, and layers are compared at one"
            raise study.error(f"{field}.where", self.where, problem, f"write where: {{{RATE}: {rates[0]}}}")


TABLES = {
    # Of each layer of each case the exponent of y in the size, with its bootstrap interval over seeds. `layer` is
    # "hidden i" or "outputs"; where the sizes have different numbers of layers, "first hidden", "last hidden" and
    # "outputs". `notes` is a JSON list, with any refusal.
    "slopes": {
        "case": TEXT, "layer": TEXT, "place": WHOLE, "slope": REAL, "low": REAL, "high": REAL, "level": REAL,
        "step": WHOLE, "size_low": REAL, "size_high": REAL, "n_sizes": WHOLE, "n_seeds": WHOLE, "n_runs": WHOLE,
        "status": TEXT, "notes": TEXT,
    },
    # The mean over seeds of y at each size, with its bootstrap interval.
    "changes": {
        "case": TEXT, "layer": TEXT, "place": WHOLE, "size": REAL, "value": REAL, "low": REAL, "high": REAL,
    },
}  # fmt: skip

analysis = Analysis(
    CoordinateCheckBlock, TABLES, needs=frozenset({"curves"}), downloads=("slopes", "changes")
)
