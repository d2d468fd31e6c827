"""What a study says to an analysis, and what there is to know of one before anything is computed.

An analysis is a folder in `analyses/` (or in the extensions'), found by its name. Its module `block` defines
`analysis`: the typed block of the study, the tables that it leaves, and what it needs. It loads no torch. What else
lies in the folder is told in `lawbook.analyses`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from lawbook.registry import Registry
from lawbook.storage.columns import Role
from lawbook.studies.block import Block

if TYPE_CHECKING:
    from lawbook.studies.identity import Run
    from lawbook.studies.plan import Columns
    from lawbook.studies.study import Study

Need = Literal["curves", "fits", "weights"]
TEXT, REAL, WHOLE, FLAG = pa.string(), pa.float64(), pa.int64(), pa.bool_()
"""The types of columns."""


class AnalysisBlock(Block):
    """What a study says to one analysis: `analyses: {KIND: {NAME: block}}`. Each kind has keys of its own."""

    def check(self, study: Study, field: str, runs: Sequence[Run], columns: Columns) -> None:
        """Raise StudyError unless the analysis can be made of the runs that the study plans.

        field: where the block stands, `analyses.KIND.NAME`; runs: all that are planned, none of a study that takes
        its runs from a table; columns: what may be fitted and selected by.
        """

    def looked_into(self, runs: Sequence[Run]) -> list[Run]:
        """Return the runs whose weights the analysis reads; none unless it needs weights."""
        return []

    def columns_read(self) -> Mapping[str, Role]:
        """Return the columns of a given table that the analysis takes for numbers or groups by, and as what."""
        return {}


class Analyses(Block):
    """The analyses of a study, by kind and name; a field for each kind that it uses."""

    def of(self, kind: str) -> Mapping[str, Any]:
        """Return the blocks of one kind by name, none for a kind that the study does not use."""
        found: Mapping[str, Any] = self.__dict__.get(kind, {})
        return found

    def each(self) -> Iterator[tuple[str, str, AnalysisBlock]]:
        """Yield kind, name and block of each analysis."""
        for kind in type(self).model_fields:
            for name, block in self.of(kind).items():
                yield kind, name, block


@dataclass(frozen=True)
class Analysis:
    """A kind of analysis: the block that a study writes, the tables that it leaves, and what it reads.

    tables: columns with their types, by table; each lies at `results/{study}/{KIND}/{NAME}/{table}.parquet`. needs:
    besides the table of runs: `curves`, the tables of `fits`, or the `weights` of the runs that the block looks into,
    which training keeps. of_table: whether the runs may be taken from a table, too. downloads: the tables that the
    report offers. memory_mb: what computing it takes at most. texts: files beside the tables that hold what is to be
    pasted, {file: the table whose column `text` has it in its one row}.
    """

    block: type[AnalysisBlock]
    tables: Mapping[str, Mapping[str, pa.DataType]]
    needs: frozenset[Need] = frozenset()
    of_table: bool = False
    downloads: tuple[str, ...] = ()
    memory_mb: int = 2000
    texts: Mapping[str, str] = field(default_factory=dict)


analyses: Registry[Analysis] = Registry("lawbook.analyses", "analysis", "analysis", part="block")
