"""What the report says of counting rules: the exponent by each pair of them, and what the window of a fit does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.counting_rules.block import CountingRulesBlock
from lawbook.analyses.counting_rules.words import (
    COUNTED,
    LESS_HIGH,
    LESS_LOW,
    LOWER,
    UPPER,
    surface_name,
)
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import measured, number, plain, span
from lawbook.storage.status import FitStatus

COLUMNS = (
    "surface", "size", "compute", "best sampled ~ C^", "exactly", "locally", LOWER, UPPER, LESS_LOW, LESS_HIGH,
    "at infinity", "over C (FLOPs)",
)  # fmt: skip
METHOD_COLUMNS = (
    "surface", "counted", "read by", "N* ~ C^", "exactly", "bias", "N* over exact", "budgets", "over C (FLOPs)",
)  # fmt: skip
METHOD_NAMES = {
    "sampled": "the best sampled size", "akima": "isoFLOP by Akima", "parabola": "isoFLOP by parabola",
    "envelope": "envelope of curves",
}  # fmt: skip
_PARTS = (LOWER, UPPER, LESS_LOW, LESS_HIGH)


@dataclass(frozen=True)
class RulesTable:
    """One analysis: a sentence, the columns and rows of its table as texts, and the same of its methods."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    of_methods: str
    method_columns: tuple[str, ...]
    methods: tuple[tuple[str, ...], ...]


def rules_table(name: str, asked: CountingRulesBlock, found: Results) -> RulesTable:
    """Return what the report shows of one analysis."""
    exponents, windows = found.table("exponents"), found.table("windows")
    about = (
        f"What a study would find on the fitted law {plain(asked.law)} if it counted otherwise, with "
        f"N + {number(asked.embedding)} N^(1/3) parameters of which N lie outside of the embeddings. Best sampled: at "
        f"each of {len(asked.budgets)} budgets the best of {asked.sampled} sizes from {number(asked.sizes[0])} to "
        f"{number(asked.sizes[1])}; its 95 % interval is over the draws of the fit, each with these sizes moved along "
        "between their neighbours. Exactly: the best size itself at the same budgets; then the least and largest local "
        "exponent between the first and the last, and the same fit over parts of them."
    )
    rows = tuple(_row(row, windows) for row in exponents.to_dict("records"))
    of_methods = (
        "Ways of reading a frontier on the same losses, of the sampled sizes at these budgets, beside the exact "
        "exponent over the budgets that each can read: its bias is what lies between. A method that leaves out budgets "
        "at the ends, or has one for each size as the envelope, fits another window, which moves its exponent as well "
        "where the local exponent varies."
    )
    methods = tuple(_method(row) for row in found.table("estimators").to_dict("records"))
    return RulesTable(name, about, COLUMNS, rows, of_methods, METHOD_COLUMNS, methods)


def _method(row: Mapping[Any, Any]) -> tuple[str, ...]:
    bias = row["exponent"] - row["exact"]
    return (
        surface_name(row["surface"]),
        COUNTED[row["size_rule"]],
        METHOD_NAMES.get(row["method"], row["method"]),
        number(row["exponent"], 4),
        number(row["exact"], 4),
        f"{round(bias, 4) + 0.0:+.4f}".replace("-", "−"),
        number(row["factor"]),
        number(row["n_budgets"]),
        span(row["compute_low"], row["compute_high"]),
    )


def _row(row: Mapping[Any, Any], windows: pd.DataFrame) -> tuple[str, ...]:
    cells = [surface_name(row["surface"])]
    if row["status"] != FitStatus.OK:
        return (*cells, f"no law: {row['reason']}", *["–"] * (len(COLUMNS) - 2))
    rules = ["surface", "size_rule", "compute_rule"]
    mine = windows[(windows[rules] == [row[rule] for rule in rules]).all(axis=1)]
    parts = mine.set_index("window")["exponent"]
    return (
        *cells,
        COUNTED[row["size_rule"]],
        COUNTED[row["compute_rule"]],
        measured(row["exponent"], row["low"], row["high"]),
        number(row["exact"], 4),
        f"{number(row['local_low'])} to {number(row['local_high'])}",
        *(number(parts.get(part)) for part in _PARTS),
        number(row["limit"]),
        span(row["compute_low"], row["compute_high"]),
    )


def _values(blocks: Mapping[str, CountingRulesBlock], results: Results) -> Mapping[str, Any]:
    return {
        "analyses": [
            rules_table(name, block, results.analysis("counting_rules", name))
            for name, block in blocks.items()
        ]
    }


section = Section("The exponent by what is counted", _values, first=True)
