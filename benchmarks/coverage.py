"""How often intervals hold the truth: simulated tables of runs under known laws, fitted as `lawbook.laws.fit` does.

The intervals are those of `lawbook.laws.profile`, called for all data sets of a cell at once. Each row of the
result is a cell and a quantity: the law's exponent, its floor, and log ŷ beyond the largest x. Cells that are in
the table already are left as they are, so that a run may be interrupted, or shared by two processes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.special import ndtri

from lawbook.laws import Law, laws
from lawbook.laws.evidence import Evidence
from lawbook.laws.law import Array
from lawbook.laws.profile import Ends, profile, profile_prediction
from lawbook.laws.solver import Data, solve
from lawbook.seeds import generator

HERE = Path(__file__).parent
DESIGNS, DOCS = HERE / "coverage.yaml", HERE.parent / "docs"
TABLE, PAGE = DOCS / "coverage.csv", DOCS / "coverage.md"
_STEP = 1e-6
"""Relative step of the numerical derivatives behind the Cramér–Rao width."""


@dataclass(frozen=True)
class Cell:
    """One law on one design."""

    law: str
    points: int
    seeds: int
    correlation: str
    floor: float

    @property
    def name(self) -> str:
        """Return the cell's name, which `--cells` patterns match."""
        return f"{self.law}/{self.points}/{self.seeds}/{self.correlation}/{self.floor:g}"


@dataclass(frozen=True)
class Truth:
    """The law and its true parameters on the x of a cell."""

    law: Law
    x: Array
    parameters: Array

    @property
    def log_y(self) -> Array:
        """Return log y at the x, (n,)."""
        return self.law.log_predict(self.x, self.parameters)


def all_cells(designs: dict[str, Any]) -> list[Cell]:
    """Return every cell of the designs."""
    keys = ("points", "seeds", "correlation", "floor")
    return [Cell(law, *one) for law in designs["laws"] for one in product(*(designs[key] for key in keys))]


def truth(cell: Cell, designs: dict[str, Any]) -> Truth:
    """Return the truth of a cell: the smallest y of the design is 1, of which the floor has its share."""
    design, law, n = designs["laws"][cell.law], laws[cell.law], cell.points
    spaced = np.linspace if design.get("spacing") == "linear" else np.geomspace
    ranges = design["x"]
    if n in design.get("grid", {}):
        sizes = design["grid"][n]
        x = np.array(list(product(*(spaced(*ends, m) for ends, m in zip(ranges, sizes, strict=True)))))
    else:
        x = np.stack([spaced(*ends, n) for ends in ranges], axis=1)
        if len(ranges) > 1:
            x[:, 1] = x[design["order"][n], 1]
    theta = np.array([float(design["theta"][name]) for name in law.nonlinear])
    last = x.max(axis=0)[None]
    linear = np.array([float(np.exp(-term.reshape(-1)[0])) for term in law.log_basis(last, theta[None])])
    at = law.linear.index(law.floor or "")
    linear[at] = 0.0
    decay = np.exp(law.log_predict(x, np.concatenate([linear, theta])).min())
    linear *= (1 - cell.floor) / decay
    linear[at] = cell.floor
    return Truth(law, x, np.concatenate([linear, theta]))


def noise_parts(cell: Cell, x: Array, size: float) -> Array:
    """Return the parts of the noise of one seed, (k, n): with k independent standard normals v, noise = v · parts."""
    if cell.correlation == "iid":
        return size * np.eye(len(x))
    z = np.log(x).sum(axis=1)
    tilt = 2 * (z - z.mean()) / np.ptp(z)
    parts = np.concatenate([np.ones((1, len(x))), tilt[None], np.eye(len(x))])
    return np.asarray(size * parts / np.sqrt(np.sum(parts**2, axis=0)))


def runs(cell: Cell, true: Truth, parts: Array, data_sets: int) -> Array:
    """Return y of every run of simulated data sets, (B, C, n): its expectation is the law."""
    noise = generator(0, f"coverage {cell.name}").standard_normal((data_sets, cell.seeds, len(parts))) @ parts
    return np.asarray(np.exp(true.log_y + noise - 0.5 * np.sum(parts**2, axis=0)))


def evidence(true: Truth, y: Array) -> Evidence:
    """Return the data sets of y (B, C, n) with their optimum, searched from the truth, and the seeds' noise."""
    C, mean = y.shape[1], y.mean(axis=1)
    data = Data(np.log(mean), np.full(mean.shape, float(C)), np.zeros(mean.shape, dtype=bool))
    shares = (y - mean[:, None]) / (C * mean[:, None]) * np.sqrt(C / (C - 1))
    # A start on the bound would have to leave it first.
    start = true.parameters.copy()
    start[0] = max(start[0], 1e-3)
    found = solve(true.law, true.x, data, warm=start)
    return Evidence(true.law, true.x, data, found.parameters, shares, C - 1)


def cramer_rao(true: Truth, parts: Array, seeds: int, far: Array) -> tuple[Array, float]:
    """Return the least standard deviations of unbiased estimates: parameters (p,), and log ŷ at x = far (1, d)."""
    x = np.concatenate([true.x, far])
    step = _STEP * np.where(true.parameters > 0, true.parameters, 1.0)
    ahead = true.law.log_predict(x, true.parameters + np.diag(step))
    slope = (ahead - true.law.log_predict(x, true.parameters)) / step[:, None]
    covariance = parts.T @ parts / seeds
    information = slope[:, :-1] @ np.linalg.solve(covariance, slope[:, :-1].T)
    size = np.sqrt(np.diag(information))
    inverse = np.linalg.inv(information / np.outer(size, size)) / np.outer(size, size)
    return np.sqrt(np.diag(inverse)), float(np.sqrt(slope[:, -1] @ inverse @ slope[:, -1]))


def measure(cell: Cell, designs: dict[str, Any], data_sets: int) -> Iterator[dict[str, Any]]:
    """Yield a row per quantity of the cell."""
    true, level = truth(cell, designs), designs["level"]
    law, parameters = true.law, true.parameters
    parts = noise_parts(cell, true.x, designs["noise"])
    seen = evidence(true, runs(cell, true, parts, data_sets))
    far = designs["extrapolate"] * true.x.max(axis=0)[None]
    least, least_far = cramer_rao(true, parts, cell.seeds, far)
    at, floor = law.parameters.index(law.exponent), law.floor or ""
    ends = {
        "exponent": (profile(seen, law.exponent, level), parameters[at], least[at]),
        "floor": (profile(seen, floor, level), cell.floor, least[law.parameters.index(floor)]),
        "prediction": (
            profile_prediction(seen, np.repeat(far, data_sets, axis=0), level),
            law.log_predict(far, parameters)[0], least_far,
        ),
    }  # fmt: skip
    for quantity, (found, value, deviation) in ends.items():
        yield {
            "law": cell.law, "points": cell.points, "seeds": cell.seeds, "correlation": cell.correlation,
            "floor": cell.floor, "quantity": quantity, "data_sets": data_sets,
            **_counts(found, float(value)),
            "cramer_rao_width": 2 * float(ndtri((1 + level) / 2)) * float(deviation),
        }  # fmt: skip


def _counts(ends: Ends, value: float) -> dict[str, float]:
    below, above = value < ends.low, value > ends.high
    return {
        "coverage": float(1 - np.mean(below | above)),
        "truth_below": float(np.mean(below)),
        "truth_above": float(np.mean(above)),
        "median_width": float(np.median(ends.high - ends.low)),
    }


def page(table: pd.DataFrame, designs: dict[str, Any]) -> str:
    """Return the table as Markdown: a row per cell, the cells that miss first."""
    low, high = designs["within"]
    missed = table[(table["coverage"] < low) | (table["coverage"] > high)]
    lines = [
        "| law | x | seeds | noise | E | exponent % | floor % | prediction % | width over Cramér–Rao |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for key, cell in table.groupby(["law", "points", "seeds", "correlation", "floor"], sort=False):
        by = cell.set_index("quantity")
        shown = [f"{100 * by.loc[q, 'coverage']:.1f}" for q in by.index]
        wide = [f"{by.loc[q, 'median_width'] / by.loc[q, 'cramer_rao_width']:.2f}" for q in by.index]
        cells = [str(part) for part in key] if isinstance(key, tuple) else [str(key)]
        lines.append("| " + " | ".join([*cells, *shown, " · ".join(wide)]) + " |")
    found = [f"{len(table) - len(missed)} of {len(table)} coverages lie within {low:.0%}–{high:.0%}."]
    for name, row in zip(_names(missed), missed.itertuples(), strict=True):
        found.append(f"- misses: {name}, {row.quantity}: {row.coverage:.1%}")
    return "\n".join([*found, "", *lines]) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the cells that match and are not in the table yet; write the table and its page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", default="*", help="pattern of law/points/seeds/correlation/floor")
    parser.add_argument("--data-sets", type=int, help="per cell, instead of the designs' number")
    parser.add_argument("--designs", type=Path, default=DESIGNS, help="YAML that says what is simulated")
    parser.add_argument("--table", type=Path, default=TABLE, help="CSV that is added to")
    parser.add_argument("--page", type=Path, nargs="?", const=PAGE, help="renew the table of a Markdown page")
    given = parser.parse_args(arguments)
    designs = yaml.safe_load(given.designs.read_text())
    for cell in all_cells(designs):
        done = pd.read_csv(given.table) if given.table.exists() else pd.DataFrame()
        if not fnmatch(cell.name, given.cells) or cell.name in set(_names(done)):
            continue
        rows = pd.DataFrame(measure(cell, designs, given.data_sets or designs["data_sets"]))
        rows.to_csv(given.table, mode="a", header=not given.table.exists(), index=False, float_format="%.6g")
        print(cell.name, *(f"{row.quantity} {row.coverage:.3f}" for row in rows.itertuples()), flush=True)
    if given.page:
        order = {cell.name: i for i, cell in enumerate(all_cells(designs))}
        done = pd.read_csv(given.table)
        done = done.assign(at=[order[name] for name in _names(done)]).sort_values("at", kind="stable")
        head, mark, _ = given.page.read_text().partition("<!-- table -->\n")
        given.page.write_text(head + mark + page(done, designs))


def _names(table: pd.DataFrame) -> list[str]:
    return [
        Cell(row.law, row.points, row.seeds, row.correlation, row.floor).name for row in table.itertuples()
    ]


if __name__ == "__main__":
    main()
