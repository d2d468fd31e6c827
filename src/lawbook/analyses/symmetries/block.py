"""The block of a search for scaling symmetries: which runs, which hyperparameters, and which runs are to collapse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, field_validator

from lawbook.analyses.symmetries.points import find_stars, lacking
from lawbook.studies.analysis import FLAG, REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.block import Name
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.study import Study


class SymmetriesBlock(AnalysisBlock):
    """The symmetries a of a metric L: L(f^a_1 x_1, f^a_2 x_2, …) = f^c L(x_1, x_2, …) at every step."""

    sweep: str = Field(
        description="The sweep of settings and their neighbours: runs that differ in one hyperparameter alone, at "
        "least two values below a setting's own and two above, such as 0.9998, 0.9999, 1, 1.0001, 1.0002 in float64. "
        "Take several settings and seeds: what holds at one setting alone is no symmetry."
    )
    hyperparameters: list[Name] = Field(
        min_length=1,
        description="Axes with positive values, x. Those that the problem sets (a scale of its inputs) go first, then "
        "those that are chosen (rates): the groups are written by the first ones. One that acts and is left out, such "
        "as AdamW's epsilon, breaks symmetries.",
    )
    y: str = Field("test_loss", description="A metric along the curves, positive.")
    symbols: dict[str, str] = Field(
        {}, description="How hyperparameters and y are written in products, {learning_rate: η}."
    )
    where: dict[str, Any] = Field({}, description="Keep only the runs with these values (one, or a list).")
    last_step: int | None = Field(
        None, ge=1, description="The last step that is used; by default all evaluations after step 0."
    )
    rescaled: str | None = Field(
        None,
        description="A sweep of runs far apart, whose curves are to be one curve wherever the groups that were found "
        "agree, once the loss is divided by its own power.",
    )
    unscaled: str | None = Field(
        None, description="A sweep to be shown beside it, in which the first hyperparameters alone differ."
    )

    @field_validator("hyperparameters")
    @classmethod
    def _distinct(cls, value: list[str]) -> list[str]:
        if len({*value}) < len(value):
            raise ValueError("each hyperparameter is named once; delete the others")
        return value

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError for a sweep or column that is not there, and for settings without neighbours."""
        for key in ("sweep", "rescaled", "unscaled"):
            if key == "sweep" or getattr(self, key) is not None:
                check_sweep(study, field if key == "sweep" else f"{field}.{key}", getattr(self, key))
        columns.check_axes(study, f"{field}.where", [*self.where])
        columns.check_axes(study, f"{field}.hyperparameters", self.hyperparameters)
        columns.check_fittable(study, f"{field}.y", [self.y])
        members = [run for run in runs if self.sweep in run.sweeps]
        check_selection(study, f"{field}.where", self.where, members)
        chosen = [
            run.config
            for run in members
            if all(
                run.config.get(axis) in (value if isinstance(value, list) else [value])
                for axis, value in self.where.items()
            )
        ]
        for name in self.hyperparameters:
            values = [config[name] for config in chosen]
            if not all(isinstance(value, int | float) and value > 0 for value in values):
                odd = next(v for v in values if not (isinstance(v, int | float) and v > 0))
                problem = f"a hyperparameter is a positive number in every run, and one has {odd!r}"
                raise study.error(f"{field}.hyperparameters", name, problem, "leave it out, or set it")
        if not find_stars(chosen, self.hyperparameters):
            name = lacking(chosen, self.hyperparameters)
            problem = f"no run has two neighbours below and two above that differ in {name} alone"
            fix = (
                f"add grids to the sweep {self.sweep}: four values of {name} around one setting of all others"
            )
            raise study.error(f"{field}.hyperparameters", name, problem, fix)


TABLES = {
    # One row. `symmetries` null values were found, which the errors of the derivatives would let be `low` to `high`;
    # `bound` is what those errors may move a singular value by, over the largest. A point is a setting with its
    # neighbours at one step of one seed. `deviation` is the largest |ratio − 1| of rescaled curves that are to be one,
    # `spread_rescaled` and `spread_unscaled` standard deviations of the log of the reduced loss at the last step.
    "summary": {
        "symmetries": WHOLE, "low": WHOLE, "high": WHOLE, "bound": REAL, "first": REAL, "last_null": REAL,
        "n_points": WHOLE, "n_left_out": WHOLE, "n_settings": WHOLE, "n_runs": WHOLE, "deviation": REAL,
        "n_rescaled": WHOLE, "n_classes": WHOLE, "spread_rescaled": REAL, "spread_unscaled": REAL,
        "n_lost": WHOLE, "status": TEXT, "notes": TEXT,
    },
    # The singular values of [G, −1] over the largest, rising, and which of them are 0 within the errors.
    "values": {"place": WHOLE, "value": REAL, "low": REAL, "high": REAL, "is_null": FLAG},
    # Of each symmetry the exponent of every hyperparameter, and the power c of y, with its interval; `text` is the
    # fraction that it is, if it is one.
    "exponents": {
        "symmetry": TEXT, "of": TEXT, "value": REAL, "low": REAL, "high": REAL, "text": TEXT,
    },
    # The products of powers that all symmetries leave as they are: of each hyperparameter that frees none, and of y.
    "groups": {"of": TEXT, "group": TEXT},
    # The derivatives of the log of y, with what the farther neighbours change in each.
    "derivatives": {"run_id": TEXT, "step": WHOLE, "of": TEXT, "value": REAL, "error": REAL},
    # The curves that are to be one: y as it is, and over its power; `ratio` to the mean of its class.
    "curves": {
        "part": TEXT, "run_id": TEXT, "class": WHOLE, "step": WHOLE, "value": REAL, "reduced": REAL, "ratio": REAL,
    },
}  # fmt: skip

analysis = Analysis(
    SymmetriesBlock,
    TABLES,
    needs=frozenset({"curves"}),
    downloads=("values", "exponents", "groups", "derivatives"),
)
