"""Analyses: what looks across runs and is no law. A folder each, of which only `block` and `compute` must be there.

- `block.py` defines `analysis` (`lawbook.studies.analysis.Analysis`): the typed block of a study with its checks, the
  tables with their columns, texts to be pasted, and what is needed. It loads no torch.
- `compute.py` defines `compute(block, inputs)`, which returns the tables by name.
- `section.py` with `section.html` defines `section` (`lawbook.report.sections.Section`): its part of the report;
  `notices.py` defines `notices`: what the report warns of.
- `README.md` is the guide: what the analysis finds, in its first sentence, which `lawbook schema` lists in
  config/README.md, an example, and how each key is chosen.
- `figures/NAME.py` defines a kind of figure, as a file in `report/figures` does; `quantities/NAME.py` a named quantity,
  as one in `claims/quantities`.

The folder's own `__init__.py` holds a docstring alone, since every part of the folder imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from lawbook.errors import LawbookError
from lawbook.registry import Registry
from lawbook.storage.tables import conform
from lawbook.studies.analysis import analyses
from lawbook.studies.plan import Plan

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.results.reader import Results


@dataclass(frozen=True)
class Inputs:
    """What an analysis computes from.

    plan: that of the study; results: its folder, of which the table of runs may be read, and what the analysis says
    that it needs; weights: those of each run that is looked into, {run_id: {step: {tensor: values}}}.
    """

    plan: Plan
    results: Results
    weights: Mapping[str, Mapping[int, Mapping[str, Tensor]]] = field(default_factory=dict)


class Compute(Protocol):
    """Computes the tables of an analysis, by name, from its block and its inputs. Raises LawbookError if it cannot."""

    def __call__(self, block: Any, inputs: Inputs) -> Mapping[str, pd.DataFrame]: ...


computes: Registry[Compute] = Registry("lawbook.analyses", "compute", "analysis", part="compute")


def compute_analysis(kind: str, name: str, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables of one analysis of a study, each with exactly its columns.

    Raises LawbookError, naming the analysis, for runs that it cannot be made of.
    """
    try:
        found = computes[kind](inputs.plan.study.content.analyses.of(kind)[name], inputs)
    except LawbookError as error:
        raise LawbookError(f"analyses.{kind}.{name}: {error}") from error
    return {table: conform(found[table], columns) for table, columns in analyses[kind].tables.items()}
