"""What the report says of best learning rates: their exponents by case, and each with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.optimal_rate.block import OptimalRateBlock
from lawbook.report.sections import Section
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, measured, number, plain, span
from lawbook.storage.status import FitStatus


@dataclass(frozen=True)
class RateTables:
    """One analysis: a sentence, the table of exponents and that of the optima, as texts."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    optima_columns: tuple[str, ...]
    optima_rows: tuple[tuple[str, ...], ...]


def rate_tables(name: str, asked: OptimalRateBlock, found: Results) -> RateTables:
    """Return what the report shows of one analysis."""
    exponents, optima = found.table("exponents"), found.table("optima")
    known = bool(optima["exact"].notna().any())
    about = (
        f"η* is the learning rate with the least {plain(asked.y)}: the minimum of a cubic through the five rates about "
        f"the lowest, in logs, with a 95 % interval of a bootstrap over seeds. Along {label(asked.x)}, over the optima "
        "inside the rates, it goes as a power."
    )
    columns = (
        "case",
        "η* ~ x^",
        *(("exact",) if known else ()),
        f"over {label(asked.x)}",
        "optima",
        "on an edge",
    )
    more = ("exact", "of η* the method's bias") if known else ()
    return RateTables(
        name, about, columns, tuple(_exponent(row, known) for row in exponents.to_dict("records")),
        ("case", label(asked.x), "η*", *more), tuple(_optimum(row, known) for row in optima.to_dict("records")),
    )  # fmt: skip


def _exponent(row: Mapping[Any, Any], known: bool) -> tuple[str, ...]:
    sound = row["status"] == FitStatus.OK
    return (
        case_name(row["case"]) or "all runs",
        measured(row["exponent"], row["low"], row["high"]) if sound else "refused",
        *((number(row["exact"]),) if known else ()),
        span(row["x_low"], row["x_high"]),
        number(row["n_optima"]),
        number(row["n_edges"]),
    )


def _optimum(row: Mapping[Any, Any], known: bool) -> tuple[str, ...]:
    found = measured(row["rate"], row["low"], row["high"])
    bias = row["on_exact_losses"] / row["exact"] - 1
    return (
        case_name(row["case"]) or "all runs",
        number(row["x"]),
        f"beyond the {row['edge']} rate" if isinstance(row["edge"], str) else found,
        *(
            (number(row["exact"], 4), "–" if pd.isna(bias) else f"{bias:+.1%}".replace("-", "−"))
            if known
            else ()
        ),
    )


def _values(blocks: Mapping[str, OptimalRateBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("optimal_rate", name) for name in blocks}
    return {"rates": [rate_tables(name, block, found[name]) for name, block in blocks.items()]}


section = Section("The best learning rate", _values, first=True)
