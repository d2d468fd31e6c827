"""The block of a suggestion: for which prediction, from which runs that could be made, at what cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema, field_validator

from lawbook.analyses.prediction.block import PredictionBlock, Targets, as_number
from lawbook.analyses.suggest.pool import pool_of
from lawbook.errors import LawbookError
from lawbook.studies.analysis import FLAG, REAL, TEXT, WHOLE, Analysis
from lawbook.studies.identity import Run
from lawbook.studies.plan import Columns
from lawbook.studies.study import Study
from lawbook.studies.sweeps import Sweep


class SuggestBlock(PredictionBlock):
    """Which runs of a pool to make next, so that y at the target becomes known best for their cost."""

    target: Targets = Field(
        min_length=1, description="Where y is to be predicted, {N: 7.0e10, D: 1.4e12}, or several."
    )
    pool: Annotated[Sweep, WithJsonSchema({"type": "object"})] = Field(
        description="The runs that could be made: a sweep, or its axes alone, {N: {log10: [1.0e+8, 1.0e+10, 5]}, …}. "
        "What the study's own sweep fixes is fixed here, too; runs that do not meet `where`, and those that are made "
        "already, are left out.",
    )
    cost: str = Field(
        "flops",
        description="What a run costs: an expression of the pool's columns, such as 6*N*D; of runs that are trained "
        "also of n_params, samples_seen, flops and predicted_s.",
    )
    budget: float = Field(gt=0, description="What all runs may cost together.")
    seed: int = Field(0, ge=0, description="Seed of what is drawn where no law can choose.")

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError as a prediction does, for a pool that no sweep could be, and a cost that is not of it."""
        from lawbook.fitting.suggestion import costs_of
        from lawbook.laws.checks import places

        super().check(study, field, runs, columns)
        table = pool_of(self, study, f"{field}.pool").table
        for name in self.x:
            if name not in table:
                fix = "give it values, or take inputs that are known before a run is made"
                raise study.error(f"{field}.pool", None, f"its runs have no {name}, which is an x", fix)
        try:
            places(table, tuple(self.x))
            costs_of(table, self.cost)
        except LawbookError as error:
            raise LawbookError(f"{study.file}: {field}: {error}") from None

    @field_validator("pool", mode="before")
    @classmethod
    def _of_axes(cls, value: Any) -> Any:
        """Accept the axes of a grid in place of the grid, and numbers as people write them."""
        whole = not isinstance(value, Mapping) or bool({"axes", "union"} & {*value})
        grid = value if whole else {"axes": value}
        if not isinstance(grid, Mapping) or not isinstance(grid.get("axes"), Mapping):
            return grid
        axes = {
            name: [as_number(one) for one in spec] if isinstance(spec, list) else spec
            for name, spec in grid["axes"].items()
        }
        return {**grid, "axes": axes}

    @field_validator("budget", mode="before")
    @classmethod
    def _as_number(cls, value: Any) -> Any:
        return as_number(value)


TABLES = {
    # The runs to make, in order: `run` is a JSON object of what a sweep says of it, `half_width` half the interval at
    # the target after it, null where no law chose.
    "next_runs": {"order": WHOLE, "run": TEXT, "cost": REAL, "cumulative_cost": REAL, "half_width": REAL},
    # Where runs lie in the first two inputs: `part` is made, pool, chosen or target, and `order` that of the chosen.
    "places": {"part": TEXT, "order": WHOLE, "x": REAL, "x2": REAL, "cost": REAL},
    # How was chosen. `now` and `after` are half the interval at the target, of log y, or of y where not `of_log`;
    # `fallback` is why no law chose, `nothing` why nothing is suggested; `decision` what it would cost to tell `one`
    # law from the `other`, null where the whole pool does not.
    "choice": {
        "laws": TEXT,
        "now": REAL,
        "after": REAL,
        "of_log": FLAG,
        "level": REAL,
        "fallback": TEXT,
        "nothing": TEXT,
        "one": TEXT,
        "other": TEXT,
        "decision": REAL,
        "spent": REAL,
        "n_pool": WHOLE,
        "n_made": WHOLE,
        "n_runs": WHOLE,
    },
    # The sweep that makes them, to be pasted.
    "sweep": {"text": TEXT},
}

analysis = Analysis(
    SuggestBlock, TABLES, texts={"sweep.yaml": "sweep"}, of_table=True, downloads=("next_runs", "places")
)
