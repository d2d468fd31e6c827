"""The results folder of one study, read lazily, and the selections of runs that figures and page share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from lawbook.errors import LawbookError
from lawbook.results.evaluations import At, runs_at
from lawbook.storage.columns import COLUMNS, Role
from lawbook.storage.tables import conform, read_roles, read_table
from lawbook.studies.analysis import analyses
from lawbook.studies.law_block import LawBlock


@dataclass(frozen=True)
class Results:
    """The tables of `results/{study}`; each is read when first asked for (LawbookError if absent)."""

    folder: Path
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: COLUMNS)
    """The columns of each table, as it is made now."""

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by name. Raises LawbookError if it is absent, or was made when it had other columns."""
        file = self.folder / f"{name}.parquet"
        table = read_table(file)
        if lacking := [column for column in self.known.get(name, ()) if column not in table]:
            problem = f"was made by an earlier Lawbook, without the column {', '.join(lacking)}"
            raise LawbookError(f"{file} {problem}; `lawbook run {self.folder.name}` makes it again")
        return table

    def has(self, name: str) -> bool:
        """Tell whether there is a table of that name."""
        return (self.folder / f"{name}.parquet").exists()

    def analysis(self, kind: str, name: str) -> Results:
        """Return the tables of one analysis of the study."""
        return Results(self.folder / kind / name, analyses[kind].tables)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Return a row per run."""
        return self.table("runs")

    @cached_property
    def roles(self) -> dict[str, Role]:
        """Return the role of each column of the runs."""
        return read_roles(self.folder / "runs.parquet")

    def columns(self, *roles: Role) -> list[str]:
        """Return the columns of the runs that have one of these roles, in the table's order."""
        return [column for column, role in self.roles.items() if role in roles]

    @property
    def axes(self) -> list[str]:
        """Return the columns of the runs that are axes of their configuration."""
        return self.columns("axis")

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Return the metrics of each run at log-spaced steps."""
        return self.table("curves")

    def points_of(self, block: LawBlock) -> pd.DataFrame:
        """Return the rows that a law is fitted to: runs, at the evaluations that it asks for."""
        key = (block.at, block.first_step)
        if key not in self._runs_at:
            curves = None if block.at == "last" else self.curves
            self._runs_at[key] = runs_at(self.runs, curves, *key)
        return self._runs_at[key]

    @cached_property
    def _runs_at(self) -> dict[tuple[At, int], pd.DataFrame]:
        return {}

    @cached_property
    def costs(self) -> pd.DataFrame:
        """Return what each run cost."""
        return self.table("costs")

    @cached_property
    def source(self) -> pd.DataFrame:
        """Return where the runs of a study that trains none were taken from; an earlier table has no notes on that."""
        return conform(read_table(self.folder / "source.parquet"), "source")

    @cached_property
    def fits(self) -> pd.DataFrame:
        """Return a row per law, form, group and parameter."""
        return self.table("fits")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Return the fitted curves with their bands."""
        return self.table("predictions")

    @cached_property
    def points(self) -> pd.DataFrame:
        """Return the points that the laws were fitted to."""
        return self.table("points")

    @cached_property
    def slopes(self) -> pd.DataFrame:
        """Return the local slopes."""
        return self.table("slopes")

    @cached_property
    def sensitivity(self) -> pd.DataFrame:
        """Return the exponents under each defensible choice."""
        return self.table("sensitivity")

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Return the score of each example of each pool."""
        return self.table("scores")

    @cached_property
    def scorings(self) -> pd.DataFrame:
        """Return how each pool was scored."""
        return self.table("scorings")

    @cached_property
    def claims(self) -> pd.DataFrame:
        """Return the judged claims."""
        return self.table("claims")
