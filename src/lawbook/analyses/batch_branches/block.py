"""The block of branches with larger batches: which runs, and by how much the loss may rise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lawbook.studies.analysis import FLAG, REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.identity import Run, examples_seen
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study

GROWTH, STEP = "batch_growth", "growth_step"


class BatchBranchesBlock(AnalysisBlock):
    """The largest batch with which a branch of a run loses no more than a tolerance, at each step of branching."""

    sweep: str = Field(
        description="The sweep over `batch_growth`, 1 among it, `growth_step` and seeds; all branches of a step end "
        "after as many examples."
    )
    y: str = Field("test_loss", description="A column of runs.parquet that falls.")
    tolerance: float = Field(
        0.01,
        gt=0,
        description="By how much y of a branch may lie above that of the run that goes on as it was.",
    )
    by: list[str] = Field(
        [], description="Axes whose every combination of values is followed by itself, such as width."
    )
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep, a column or a selection that the study lacks, and for branches unlike."""
        check_sweep(study, field, self.sweep)
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.by", self.by)
        columns.check_fittable(study, f"{field}.y", [self.y])
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        allowed = {axis: value if isinstance(value, list) else [value] for axis, value in self.where.items()}
        branches: dict[tuple[Any, ...], set[int]] = defaultdict(set)
        steps: dict[tuple[Any, ...], set[int]] = defaultdict(set)
        seen: dict[tuple[Any, ...], Run] = {}
        for run in members:
            if any(run.config[axis] not in values for axis, values in allowed.items()):
                continue
            key = (*(run.config[axis] for axis in self.by), examples_seen(run.config, run.config["steps"]))
            twin = seen.setdefault((key, run.config[GROWTH], run.config["seed"]), run)
            if twin is not run:
                differ = [axis for axis, value in run.config.items() if value != twin.config.get(axis)]
                problem = (
                    f"two runs of one seed end together as branches by {run.config[GROWTH]}, and differ in "
                )
                fix = "name it under by, or choose a value of it with where"
                raise study.error(f"{field}.by", self.by, problem + ", ".join(differ), fix)
            branches[key].add(run.config[GROWTH])
            steps[key] |= {run.config[STEP]} if run.config[GROWTH] > 1 else set()
        for key, growths in branches.items():
            told = f"after {key[-1]:,} examples"
            if 1 not in growths:
                problem = f"{told} end branches, and no run whose batches did not grow"
                fix = f"sweep {GROWTH} with 1, and epochs in place of steps"
                raise study.error(f"{field}.sweep", self.sweep, problem, fix)
            if len(growths) < 3 or len(steps[key]) != 1:
                problem = f"{told} end branches by {len(growths) - 1} factors from {len(steps[key])} steps"
                largest = max(run.config["batch_size"] * run.config[GROWTH] for run in members)
                fix = (
                    "let two factors at least of one step end together: by epochs in place of steps, with a multiple "
                    f"of {largest} examples after {STEP}, so that all batches are whole"
                )
                raise study.error(f"{field}.sweep", self.sweep, problem, fix)


TABLES = {
    # Each branch: y at its end, and how far that lies above y of the run that goes on as it was, the mean over seeds of
    # both with the same seed. `samples` are the examples seen where it branches off.
    "branches": {
        "case": TEXT, "growth_step": WHOLE, "samples": WHOLE, "growth": WHOLE, "batch_size": WHOLE, "y": REAL,
        "rise": REAL, "low": REAL, "high": REAL, "n_seeds": WHOLE,
    },
    # The critical batch size at each step of branching: the largest whose rise is the tolerance, between two factors in
    # logs. `beyond` where that of the largest factor is no more: `critical_batch` is then the largest that was tried.
    "critical": {
        "case": TEXT, "growth_step": WHOLE, "samples": WHOLE, "y": REAL, "critical_batch": REAL, "low": REAL,
        "high": REAL, "beyond": FLAG, "n_seeds": WHOLE, "n_runs": WHOLE,
    },
    # The exponent of the critical batch size in the examples seen, of each case; null where one is not known.
    "growth": {"case": TEXT, "exponent": REAL, "low": REAL, "high": REAL, "n_steps": WHOLE, "n_runs": WHOLE},
}  # fmt: skip

analysis = Analysis(BatchBranchesBlock, TABLES, downloads=("branches", "critical"))
