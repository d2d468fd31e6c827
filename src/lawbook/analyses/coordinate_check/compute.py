"""Find how the movement of each layer grows with the size of its network, case by case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.coordinate_check.block import TABLES, CoordinateCheckBlock
from lawbook.errors import LawbookError
from lawbook.laws.frontier.exponent import exponent_of_draws
from lawbook.laws.frontier.result import percentiles
from lawbook.laws.note import notes_to_json, refusal
from lawbook.laws.uncertainty import quantile_levels
from lawbook.results.cases import cases
from lawbook.results.selection import of_sweep, where
from lawbook.results.words import count, name_of, number, plain
from lawbook.seeds import generator
from lawbook.storage.status import FitStatus

_DRAWS, _LEVEL = 1000, 0.95


def compute(block: CoordinateCheckBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'slopes' and 'changes'."""
    return check_tables(block, inputs.results.runs, inputs.results.curves)


def check_tables(
    block: CoordinateCheckBlock, runs: pd.DataFrame, curves: pd.DataFrame, draws: int = _DRAWS
) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs and their curves.

    A layer that does not move at some size, or has no number there, is refused with its reason, and the others stand.
    Raises LawbookError for columns or a step that the runs lack, and for a case with several runs of a size and seed.
    """
    rows = where(of_sweep(runs, block.sweep), block.where)
    for name in (block.size, *block.by):
        if name not in rows:
            raise LawbookError(f"the runs have no column {name!r}; name another")
    seen = curves[(curves["metric"] == block.y) & curves["index"].notna()]
    seen = seen[seen["run_id"].isin(rows["run_id"])]
    if seen.empty:
        raise LawbookError(f"the curves of these runs have no vector {block.y!r}; add it to measure")
    common = set.intersection(*(set(steps) for _, steps in seen[seen["step"] > 0].groupby("run_id")["step"]))
    step = block.step if block.step is not None else max(common, default=0)
    if step not in common:
        told = ", ".join(map(number, sorted(common))) or "none"
        raise LawbookError(f"step {step} was not measured in every run; write one of: {told}")
    points = seen[seen["step"] == step].merge(rows[["run_id", "seed", block.size, *block.by]], on="run_id")
    points = _with_layers(points)
    found = [_case(block, name, part, step, draws) for name, part in cases(points, block.by)]
    return {
        name: pd.concat(
            [pd.DataFrame(each[name], columns=list(TABLES[name])) for each in found], ignore_index=True
        )
        for name in TABLES
    }


def _with_layers(points: pd.DataFrame) -> pd.DataFrame:
    """Name each row's layer, and leave those out that networks of other sizes do not have."""
    last = points.groupby("run_id")["index"].transform("max").astype(int)
    index = points["index"].astype(int)
    if (last == last.iloc[0]).all():
        names = [f"hidden {i + 1}" for i in range(last.iloc[0])] + ["outputs"]
        return points.assign(place=index, layer=np.array(names)[index])
    place = np.select([index == last, index == last - 1, index == 0], [2, 1, 0], -1)
    # The last entry of `names` is that of the place −1, of layers in between.
    names = ["first hidden", "last hidden", "outputs", ""]
    points = points.assign(place=place, layer=np.array(names)[place])
    return points[points["place"] >= 0]


def _case(
    block: CoordinateCheckBlock, name: str, points: pd.DataFrame, step: int, draws: int
) -> dict[str, list[dict[str, Any]]]:
    slopes, changes = [], []
    for (place, layer), part in points.groupby(["place", "layer"]):
        if part.duplicated([block.size, "seed"]).any():
            raise LawbookError(
                f"several runs have one {plain(block.size)} and seed; part them with by, or select with where"
            )
        table = part.pivot_table(index="seed", columns=block.size, values="value", dropna=False)
        named = {"case": name, "layer": str(layer), "place": int(str(place))}
        row, ends = _slope(block, table.dropna(axis=0), draws)
        slopes.append({**named, "step": step, "n_runs": part["run_id"].nunique(), **row})
        sizes = table.columns.to_numpy(dtype=float)
        means = table.to_numpy(dtype=float).mean(axis=0)
        changes += [
            {**named, "size": size, "value": mean, "low": low, "high": high}
            for size, mean, low, high in zip(sizes, means, *ends, strict=True)
        ]
    return {"slopes": slopes, "changes": changes}


def _slope(
    block: CoordinateCheckBlock, table: pd.DataFrame, draws: int
) -> tuple[dict[str, Any], np.ndarray[Any, Any]]:
    """Return the slope of log mean y on log size with equal weights, and the intervals of the means, (2, sizes)."""
    sizes, values = table.columns.to_numpy(dtype=float), table.to_numpy(dtype=float)
    ends = np.full((2, len(sizes)), np.nan)
    row: dict[str, Any] = {
        "slope": np.nan, "low": np.nan, "high": np.nan, "level": _LEVEL, "size_low": sizes.min(),
        "size_high": sizes.max(), "n_sizes": len(sizes), "n_seeds": len(values),
    }  # fmt: skip
    problem = ""
    if len(sizes) < 2:
        problem = f"{count(len(sizes), 'value')} of {name_of(block.size)} give no exponent; sweep more"
    elif not len(values):
        problem = "no seed has a number at every size: runs diverged, or differ in their seeds"
    elif not (values.mean(axis=0) > 0).all():
        problem = f"{plain(block.y)} is 0 at some size, and has no logarithm"
    if problem:
        return row | {
            "status": FitStatus.REFUSED,
            "notes": notes_to_json([refusal("no_slope", problem)]),
        }, ends
    picks = generator(0, "coordinate check").integers(
        0, len(values), (draws if len(values) > 1 else 0, len(values))
    )
    means = values[picks].mean(axis=1)
    levels = quantile_levels("bca" if len(values) > 1 else "", max(len(values), 2), _LEVEL)
    found = exponent_of_draws(
        np.log(sizes),
        np.log(values.mean(axis=0)),
        np.log(means),
        np.full(len(sizes), np.nan),
        levels,
        "bootstrap",
    )
    if len(picks):
        ends = np.stack(percentiles(means, levels))
    row |= {"slope": found.value, "low": found.low, "high": found.high}
    return row | {"status": FitStatus.OK, "notes": notes_to_json([])}, ends
