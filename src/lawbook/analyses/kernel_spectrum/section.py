"""What the report says of kernels before training: the exponents foretold and measured, and the losses one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lawbook.analyses.kernel_spectrum.block import KernelSpectrumBlock
from lawbook.report.sections import Section
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import count, measured, number, span


@dataclass(frozen=True)
class KernelTables:
    """The kernels of one analysis: a sentence, the table of exponents and that of losses, as texts."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    curve_columns: tuple[str, ...]
    curve_rows: tuple[tuple[str, ...], ...]


def kernel_tables(name: str, found: Results) -> KernelTables:
    """Return what the report shows of one analysis."""
    exponents, curve = found.table("exponents"), found.table("curve")
    first = exponents.iloc[0]
    about = (
        f"The kernel matrix of {count(int(first['n_sample']), 'example')} and their targets, before any run is solved, "
        "foretell the loss at each number of samples, and with it the exponent of the same law. Intervals are 95 %: of "
        f"what is foretold a jackknife over {count(int(first['n_parts']), 'part')} of the sample, of what is measured "
        "over independent repeats."
    )
    known = bool(exponents["exact"].notna().any())
    exact = ("exact",) if known else ()
    rows = tuple(
        (
            case_name(row["case"]) or "all runs",
            row["quantity"],
            measured(row["estimate"], row["low"], row["high"])
            if row["estimate"] == row["estimate"]
            else "refused",
            *((number(row["exact"]),) if known else ()),
            span(row["first"], row["last"]),
        )
        for row in exponents.to_dict("records")
    )
    curve_rows = tuple(
        (
            case_name(row["case"]) or "all runs",
            number(row["samples"]),
            measured(row["predicted"], row["predicted_low"], row["predicted_high"]),
            measured(row["measured"], row["low"], row["high"]),
            number(row["measured"] / row["predicted"]),
            *((number(row["exact"]),) if known else ()),
        )
        for row in curve.to_dict("records")
    )
    return KernelTables(
        name, about, ("kernel", "exponent", "found", *exact, "over samples"), rows,
        ("kernel", "samples", "loss foretold", "measured", "measured / foretold", *exact), curve_rows,
    )  # fmt: skip


def _values(blocks: Mapping[str, KernelSpectrumBlock], results: Results) -> Mapping[str, Any]:
    return {"kernels": [kernel_tables(name, results.analysis("kernel_spectrum", name)) for name in blocks]}


section = Section("What a kernel's spectrum says before training", _values, first=True)
