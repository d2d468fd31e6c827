"""The block of a frontier: which pool sizes compete at each number of kept examples, and what it needs of the runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from pydantic import Field, field_validator

from lawbook.axes import Config
from lawbook.laws.frontier.pareto import LEAST_REPEATS
from lawbook.laws.repeats import independent
from lawbook.studies.analysis import REAL, TEXT, WHOLE, Analysis, AnalysisBlock
from lawbook.studies.axes import HOW_TRAINED
from lawbook.studies.block import Name
from lawbook.studies.identity import Run, n_kept, without_effect
from lawbook.studies.plan import Columns, check_selection, check_sweep
from lawbook.studies.roles import REPEATS
from lawbook.studies.study import Study

FREE = frozenset({"kept", "keep_fraction", *REPEATS, *HOW_TRAINED})
"""Axes that the runs of a frontier may differ in, besides its pools and its repeats."""


class FrontierBlock(AnalysisBlock):
    """The best of several pool sizes at each number of kept examples, held against a control."""

    sweep: str = Field(description="The sweep over kept examples and pool sizes.")
    y: str = Field("test_error", description="A column of runs.parquet that falls.")
    kept: str = Field("n_train", description="Column of the examples kept.")
    pool: str = Field("samples", description="Axis of the pool sizes among which the best is chosen.")
    where: dict[str, Any] = Field(
        {}, description="The runs of the frontier: {metric: el2n}; unpruned runs of the sweep join them."
    )
    control: dict[str, Any] = Field(
        {"metric": "random"}, description="The runs of the control; unpruned runs of the sweep join them."
    )
    cluster: list[str] = Field(
        [],
        description="Axes whose combinations are independent pools; by default fold if it varies, else seed.",
    )
    exact: Name | None = Field(None, description="Registered exact curve, drawn where it applies.")

    @field_validator("cluster", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError unless the runs of a sweep make a frontier and its control.

        Both must be of one selection each, over numbers of kept examples that they share, on four repeats at least.
        """
        check_sweep(study, field, self.sweep)
        members = [run for run in runs if self.sweep in run.sweeps]
        for key, wanted in (("where", self.where), ("control", self.control)):
            columns.check_axes(study, f"{field}.{key}", wanted)
        columns.check_axes(study, f"{field}.cluster", self.cluster)
        for key, column in (("y", self.y), ("kept", self.kept), ("pool", self.pool)):
            columns.check_fittable(study, f"{field}.{key}", [column])
        for key, wanted in (("where", self.where), ("control", self.control)):
            check_selection(study, f"{field}.{key}", wanted, members)
        self._check_parts(study, field, [run.config for run in members])

    def _check_parts(self, study: Study, field: str, configs: Sequence[Config]) -> None:
        for key, column in (("kept", self.kept), ("pool", self.pool)):
            if not all(_is_number(_value(config, column)) for config in configs):
                problem = "not every run of the sweep has such a number"
                raise study.error(f"{field}.{key}", column, problem, f"leave {key} out, for its default")
        parts = {
            key: [config for config in configs if _belongs(config, wanted)]
            for key, wanted in (("where", self.where), ("control", self.control))
        }
        for key, part in parts.items():
            _check_one_selection(study, f"{field}.{key}", self, part)
        pruned, control = parts.values()
        if not {_value(c, self.kept) for c in pruned} & {_value(c, self.kept) for c in control}:
            problem = f"frontier and control share no {self.kept}"
            raise study.error(
                f"{field}.control", dict(self.control), problem, "sweep both over the same ones"
            )
        repeats = pd.DataFrame({axis: [config.get(axis) for config in configs] for axis in REPEATS})
        cluster = self.cluster or independent(repeats)
        shared = _repeats(pruned, cluster) & _repeats(control, cluster)
        if len(shared) < LEAST_REPEATS:
            problem = f"frontier and control share {len(shared)} repeats of {', '.join(cluster)}"
            fix = f"sweep {cluster[-1]} over {LEAST_REPEATS} or more, as in {{count: 8}}"
            raise study.error(f"{field}.sweep", self.sweep, problem, fix)


def _check_one_selection(study: Study, field: str, block: FrontierBlock, part: Sequence[Config]) -> None:
    """Raise StudyError where a part mixes runs that differ in more than the examples they keep."""
    free = FREE | {block.pool, *block.cluster}
    if all(config["epochs"] is not None for config in part):
        free |= {"steps"}
    for axis in study.fields:
        values = dict.fromkeys(c.get(axis) for c in part if axis not in without_effect(c))
        if axis not in free and len(values) > 1:
            problem = f"its runs differ in {axis}: {', '.join(map(str, values))}"
            raise study.error(field, axis, problem, f"write {axis}: {next(iter(values))} there")


def _belongs(config: Config, wanted: Mapping[str, Any]) -> bool:
    """Tell whether a run has the wanted values; an unpruned one has those of any metric."""
    idle = without_effect(config) if config["keep_fraction"] == 1 else ()
    return all(
        config[axis] in (value if isinstance(value, list) else [value]) or axis in idle
        for axis, value in wanted.items()
    )


def _value(config: Config, column: str) -> Any:
    if column in ("n_train", "n_unique"):
        return n_kept(config) if config.get("samples") else None
    return config.get(column)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _repeats(configs: Iterable[Config], cluster: Sequence[str]) -> set[tuple[Any, ...]]:
    return {tuple(config.get(axis) for axis in cluster) for config in configs}


TABLES = {
    # The least error at each number of kept examples, over pool sizes, and the control. `censored` says on which edge
    # of the sweep the choice lies, empty for none.
    "points": {
        "part": TEXT,
        "kept": REAL,
        "estimate": REAL,
        "low": REAL,
        "high": REAL,
        "level": REAL,
        "pool": REAL,
        "keep_fraction": REAL,
        "censored": TEXT,
        "n_repeats": WHOLE,
    },
    # The local exponents of the frontier and those of the control, and the difference.
    "slopes": {"part": TEXT, "x_low": REAL, "x_high": REAL, "slope": REAL, "low": REAL, "high": REAL},
    # AICc of other forms over the window of the verdict, less that of a power law, which has two parameters.
    "forms": {"part": TEXT, "form": TEXT, "n_parameters": WHOLE, "delta_aicc": REAL},
    # Whether the frontier beats a power law, by the three-part rule; over the window x_low to x_high.
    "verdict": {
        "verdict": TEXT,
        "reason": TEXT,
        "x_low": REAL,
        "x_high": REAL,
        "n_points": WHOLE,
        "delta_aicc": REAL,
        "delta_aicc_control": REAL,
        "exponential_share": REAL,
        "heldout_error_power": REAL,
        "heldout_error_exponential": REAL,
        "winners_curse": REAL,
        "notes": TEXT,
    },
}

analysis = Analysis(FrontierBlock, TABLES, downloads=("points", "verdict"))
