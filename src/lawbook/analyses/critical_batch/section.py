"""What the report says of a critical batch size: the trade-off, and the fewest steps at each batch size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lawbook.analyses.critical_batch.block import CriticalBatchBlock
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import measured, number, plain


@dataclass(frozen=True)
class BatchTables:
    """One critical batch size: a sentence, and two tables as texts."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    steps_columns: tuple[str, ...]
    steps_rows: tuple[tuple[str, ...], ...]


def batch_tables(name: str, asked: CriticalBatchBlock, found: Results) -> BatchTables:
    """Return what the report shows of one critical batch size."""
    row, steps = found.table("trade_off").iloc[0], found.table("steps")
    about = (
        f"S steps of B examples to a {plain(asked.y)} of {number(asked.level)}, at the best rate of each B. "
        "Fitted is S = S_min (1 + B_c / B), McCandlish et al. 2018, in logs; intervals are 95 % of a bootstrap over "
        f"{number(row['n_seeds'])} seeds. Exact is what the same estimator finds on exact losses."
    )
    return BatchTables(
        name, about,
        ("", "measured", "exact"),
        (
            ("critical batch B_c", measured(row["critical_batch"], row["low"], row["high"]), number(row["exact"])),
            ("fewest steps S_min", number(row["steps_min"]), number(row["exact_steps_min"])),
            ("fewest examples E_min", number(row["examples_min"]), number(row["exact_examples_min"])),
        ),
        ("batch size B", "best rate", "steps S", "exact", "fitted", "examples B S"),
        tuple(
            (
                number(each["batch_size"]),
                "on an edge" if each["edge"] else number(each["rate"]),
                measured(each["steps"], each["low"], each["high"]), number(each["exact"]), number(each["fitted"]),
                number(each["examples"]),
            )
            for each in steps.to_dict("records")
        ),
    )  # fmt: skip


def _values(blocks: Mapping[str, CriticalBatchBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("critical_batch", name) for name in blocks}
    return {"batches": [batch_tables(name, block, found[name]) for name, block in blocks.items()]}


section = Section("The critical batch size", _values)
