"""What the report says of dimensions told by exponents: by case, with the estimates beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.manifold_dimension.block import ManifoldDimensionBlock
from lawbook.report.sections import Section
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, measured, number, plain, span


@dataclass(frozen=True)
class DimensionTables:
    """One analysis: a sentence, the table of exponents and that of estimates, as texts."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    estimates: tuple[tuple[str, ...], ...]


def dimension_table(name: str, asked: ManifoldDimensionBlock, found: Results) -> DimensionTables:
    """Return what the report shows of one analysis."""
    top = number(asked.numerator)
    change = f"{number(100 * asked.converged_within)} %"
    about = (
        f"α is the exponent of {plain(asked.y)} in {label(asked.x)} over the sizes that have converged: those whose "
        f"{plain(asked.y)} changes by at most {change} when the steps double. Beside it that over all sizes, and "
        f"{top}/α, the dimension that it tells. Intervals are 95 % over seeds."
    )
    columns = (
        "case",
        "converged",
        f"over {label(asked.x)}",
        "α",
        "α of all sizes",
        f"{top}/α",
        "known d",
        f"α d/{top}",
    )
    rows = tuple(_exponent(row) for row in found.table("exponents").to_dict("records"))
    estimates = tuple(_estimate(row) for row in found.table("estimates").to_dict("records"))
    return DimensionTables(name, about, columns, rows, estimates)


def _exponent(row: Mapping[Any, Any]) -> tuple[str, ...]:
    def of(name: str) -> str:
        return measured(row[name], row[f"{name}_low"], row[f"{name}_high"])

    return (
        case_name(row["case"]) or "all runs", f"{row['converged']} of {row['sizes']}",
        "–" if pd.isna(row["x_low"]) else span(row["x_low"], row["x_high"]),
        of("alpha"), of("alpha_all"), of("dimension"), number(row["known"]), of("ratio"),
    )  # fmt: skip


def _estimate(row: Mapping[Any, Any]) -> tuple[str, ...]:
    told = measured(row["estimate"], row["low"], row["high"])
    mark = "biased: too high to be trusted" if row["biased"] else ""
    return (case_name(row["case"]) or "all runs", plain(row["column"]), number(row["known"]), told, mark)


def _values(blocks: Mapping[str, ManifoldDimensionBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("manifold_dimension", name) for name in blocks}
    tables = [dimension_table(name, block, found[name]) for name, block in blocks.items()]
    return {"tables": tables, "estimate_columns": ("case", "estimate", "known d", "d", "")}


section = Section("The dimension that an exponent tells", _values, first=True)
