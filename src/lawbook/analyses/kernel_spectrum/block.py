"""The block of a kernel's spectrum: which runs solve it, how many examples it is taken of, and beside which law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lawbook.errors import suggest
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study

MODEL = "kernel_ridge"


class KernelSpectrumBlock(AnalysisBlock):
    """The learning curve of kernel regression and its exponent, foretold by the kernel matrix of one sample."""

    sweep: str = Field(
        description="The sweep of kernel_ridge over samples; of each case its first run's task is read."
    )
    by: list[str] = Field([], description="Axes whose every combination of values is a kernel of its own.")
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    law: Name = Field(
        description="A law of the test loss in samples, whose exponent is laid beside; its `by` is this one's."
    )
    sample: int = Field(
        768,
        ge=32,
        le=1 << 13,
        description="Examples P whose kernel matrix is decomposed, more than any run has: at most the task's pool.",
    )
    parts: int = Field(
        8, ge=2, le=64, description="Parts of the sample, over which the interval is a jackknife."
    )
    exact: Name | None = Field(None, description="Registered exact curve, fitted at the same samples.")

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for what the study lacks, for another model, and for runs as large as the sample."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.by", self.by)
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        for name in {run.config["model"] for run in members} - {MODEL}:
            problem = f"the model {name} has no kernel"
            raise study.error(f"{field}.sweep", self.sweep, problem, f"name a sweep of {MODEL}")
        largest = max(run.config["samples"] for run in members)
        # A part less, the sample is still to be larger than any run.
        least = -(-largest * self.parts // (self.parts - 1)) + 1
        if self.sample < least:
            problem = f"runs have up to {largest} samples, of which so few tell nothing"
            raise study.error(f"{field}.sample", self.sample, problem, f"write at least {least}")
        if self.law not in study.content.laws:
            fix = suggest(self.law, study.content.laws)
            raise study.error(f"{field}.law", self.law, "the study has no such law", fix)


TABLES = {
    # Eigenvalues λ̂ of the kernel matrix over P, the squares v̂² of the targets' coefficients, and `unexplained`, their
    # sum from this mode on, at some sixty modes.
    "spectrum": {"case": TEXT, "mode": WHOLE, "eigenvalue": REAL, "power": REAL, "unexplained": REAL},
    # The loss at each number of samples: foretold with its jackknife interval, measured with its own, and exact.
    "curve": {
        "case": TEXT, "samples": WHOLE, "predicted": REAL, "predicted_low": REAL, "predicted_high": REAL,
        "measured": REAL, "low": REAL, "high": REAL, "exact": REAL, "n_runs": WHOLE,
    },
    # The exponents of the same law fitted to the `predicted` and the `measured` losses, and to the exact ones.
    "exponents": {
        "case": TEXT, "quantity": TEXT, "estimate": REAL, "low": REAL, "high": REAL, "level": REAL, "exact": REAL,
        "first": REAL, "last": REAL, "n_sample": WHOLE, "n_parts": WHOLE, "n_runs": WHOLE, "status": TEXT,
        "notes": TEXT,
    },
}  # fmt: skip

analysis = Analysis(
    KernelSpectrumBlock,
    TABLES,
    needs=frozenset({"fits"}),
    downloads=("exponents", "curve", "spectrum"),
    memory_mb=2000,
)
