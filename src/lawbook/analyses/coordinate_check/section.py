"""What the report says of a coordinate check: the exponent of each layer, case by case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lawbook.analyses.coordinate_check.block import CoordinateCheckBlock
from lawbook.report.sections import Section
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, measured, number, plain, span
from lawbook.storage.status import FitStatus


@dataclass(frozen=True)
class CheckTable:
    """One check: a sentence, and the columns and rows of its table as texts."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def check_table(name: str, asked: CoordinateCheckBlock, found: Results) -> CheckTable:
    """Return what the report shows of one check: a row per case, a column per layer."""
    slopes = found.table("slopes")
    layers = list(slopes.sort_values("place")["layer"].unique())
    about = (
        f"The exponent of the {plain(asked.y)} of each layer in {label(asked.size)}, from "
        f"{span(slopes['size_low'].min(), slopes['size_high'].max())}, after {number(slopes['step'].iloc[0])} steps at "
        "one learning rate, with a 95 % interval of a bootstrap over seeds. Where it is 0, one rate moves networks of "
        "all sizes alike."
    )
    rows = []
    for case, part in slopes.groupby("case", sort=False):
        of_layer = {row["layer"]: row for row in part.to_dict("records")}
        told = [_slope(of_layer[layer]) if layer in of_layer else "–" for layer in layers]
        rows.append((case_name(str(case)) or "all runs", *told, number(part["n_seeds"].max())))
    return CheckTable(name, about, ("case", *layers, "seeds"), tuple(rows))


def _slope(row: Mapping[Any, Any]) -> str:
    return measured(row["slope"], row["low"], row["high"]) if row["status"] == FitStatus.OK else "refused"


def _values(blocks: Mapping[str, CoordinateCheckBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("coordinate_check", name) for name in blocks}
    return {"checks": [check_table(name, block, found[name]) for name, block in blocks.items()]}


section = Section("Coordinate check", _values, first=True)
