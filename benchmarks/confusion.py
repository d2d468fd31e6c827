"""How often power and exponential laws are mistaken for each other: `python benchmarks/confusion.py`.

Every data set goes through the contest of `lawbook.laws.compare` between the families of power, power_floor,
exponential and exponential_floor; only the fits are batched, over the data sets of a cell. Writes
docs/confusion.md; `--data-sets 20` is a look in a minute or two.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from lawbook.laws import laws
from lawbook.laws.cells import Cells
from lawbook.laws.compare import family
from lawbook.laws.heldout import Scores, drawn_errors, noise_draws
from lawbook.laws.model_comparison import Family, linearised, noise_of, settle
from lawbook.laws.points import Points
from lawbook.laws.solver import Data, solve
from lawbook.seeds import generator
from lawbook.theory.perceptron import max_margin_error

HERE = Path(__file__).parent
STANDING = ("power_floor", "exponential_floor")
PAIRED_DRAWS = 400


class Cell(NamedTuple):
    """A design: points in x, decades of x, noise of a run, seeds, and the fall of y net of its floor."""

    points: int
    decades: float
    noise: float
    seeds: int
    drop: float

    @property
    def x(self) -> np.ndarray:
        """Return the x, (n, 1)."""
        return np.geomspace(1.0, 10.0**self.decades, self.points)[:, None]


def curve(form: str, cell: Cell, floor: float) -> np.ndarray:
    """Return y(x) of a truth, (n,): it falls from 1 by `drop`, then comes the floor."""
    x = cell.x[:, 0]
    if form.startswith("power"):
        y = x ** -(np.log(cell.drop) / np.log(x[-1]))
    else:
        y = np.exp(-np.log(cell.drop) * (x - 1) / (x[-1] - 1))
    return y + y[-1] * floor / (1 - floor) if form.endswith("_floor") else y


def data_sets(y: np.ndarray, cell: Cell, count: int, purpose: str) -> list[Points]:
    """Draw tables of runs around y (n,), gathered into points."""
    n, C = cell.points, cell.seeds
    noise = generator(0, purpose).standard_normal((count, C, n))
    cells, _ = Cells.of_runs(np.repeat(np.arange(C), n), np.tile(np.arange(n), C), C, n)
    ones = np.ones(C * n)
    return [
        Points(
            y="y", inputs=("x",), x=cell.x, cells=cells, sums=(y * np.exp(cell.noise * each)).reshape(-1),
            mass=ones, runs=ones.astype(np.int64), limit=np.full(n, np.nan), base=np.full(n, float(C)), binomial=False,
            overdispersion=0.0, n_censored=0, n_diverged=0, notes=(),
        )
        for each in noise
    ]  # fmt: skip


def verdicts(sets: list[Points]) -> list[str]:
    """Return the family that each data set is given to, or 'undecided'; all share one x."""
    x, n = sets[0].x, len(sets[0].x)
    split = (np.arange(n) < n - 1, np.arange(n) == n - 1)
    each = [points.data() for points in sets]
    data = Data(*(np.concatenate([getattr(d, k) for d in each]) for k in ("log_y", "weights", "censored")))
    whole = {form: solve(laws[form], x, data).parameters for form in STANDING}
    rest = {form: solve(laws[form], x[split[0]], data.at_points(split[0])).parameters for form in STANDING}
    found = []
    for b, points in enumerate(sets):
        noise = noise_of(points)
        redrawn = noise_draws(points, np.nan, 0, PAIRED_DRAWS, 0)
        families = []
        for form in STANDING:
            law, kept = laws[form], rest[form][b]
            linear = linearised(law, points, whole[form][b])
            error = abs(float(data.log_y[b, -1] - law.log_predict(x[-1:], kept)[0]))
            scores = Scores(error, np.nan, points.keep(split[0]), kept)
            families.append(
                Family(
                    law=law, named=family(form), linear=linear, poor=noise.lack_of_fit(linear),
                    bic=n * np.log(linear.misfit / n) + (len(law.parameters) + 1) * np.log(n), error=error,
                    rolling=error,
                    drawn=drawn_errors(points, law, scores, split, redrawn),
                    decades=float(np.log10(x[-1, 0] / x[0, 0])),
                )
            )  # fmt: skip
        found.append(settle(families, noise, 0.025, 0)[0])
    return found


def cells(design: dict[str, Any], drop: float) -> Iterator[Cell]:
    """Return the cells of one drop."""
    axes = (design["points"], design["decades"], design["noise"], design["seeds"])
    return (Cell(*values, drop) for values in itertools.product(*axes))


def run(cell: Cell, truths: dict[str, np.ndarray], count: int) -> dict[str, Counter[str]]:
    """Return the verdicts on each truth."""
    return {
        form: Counter(verdicts(data_sets(y, cell, count, f"confusion {form} {cell}")))
        for form, y in truths.items()
    }


def wrong_of(form: str, counts: Counter[str]) -> float:
    """Return the share of verdicts for another family than that of `form`."""
    return (
        sum(n for verdict, n in counts.items() if verdict not in (family(form), "undecided")) / counts.total()
    )


def row(
    cell: Cell, found: dict[str, Counter[str]], design: dict[str, Any], asked: bool
) -> tuple[str, list[str]]:
    """Return the table row of a cell and what it misses; recall counts if `asked`."""
    shown, misses = [], []
    for form, counts in found.items():
        right = counts[family(form)] / counts.total()
        wrong = wrong_of(form, counts)
        shown.append(f"{right:.1%} / {wrong:.1%}")
        if wrong > design["wrong_at_most"] + 1e-9:
            misses.append(f"{form} is mistaken in {wrong:.1%}")
        if asked and cell.points >= 10 and cell.decades >= 1 and right < design["recall_at_least"]:
            misses.append(f"{form} is found in only {right:.1%}")
    head = f"| {cell.points} | {cell.decades:g} | {cell.noise:.0%} | {cell.seeds} | "
    return head + " | ".join(shown) + " |", [f"{cell}: {miss}" for miss in misses]


def page(design: dict[str, Any], count: int, started: float) -> str:
    """Run every cell and return docs/confusion.md."""
    forms = design["truths"]
    lines = [
        "# Power or exponential: how often the verdict is right",
        "",
        "Written by `python benchmarks/confusion.py` from `benchmarks/confusion.yaml`. A cell is a design: n x evenly "
        "spaced in log x over a range in decades, independent log-normal noise of each run, seeds at each x. "
        f"{count} data sets per cell and truth ({design['data_sets_below_a_decade']} below a decade) go through "
        "the contest of `lawbook.laws.compare` between "
        "power, power_floor, exponential and exponential_floor. The verdict is a family (a form with or without its "
        "floor) or undecided; each entry is **right / wrong**, the rest is undecided. Truths fall by a given factor "
        f"over the range, net of a floor that is {design['floor']:.0%} of the smallest y.",
        "",
        f"Asked for: wrong in at most {design['wrong_at_most']:.0%} of every cell; right in at least "
        f"{design['recall_at_least']:.0%} where n ≥ 10 and the range is a decade or more, at the first factor. "
        "Over less than a decade a winner must leave no room for a law between it and its rival, which takes low noise "
        "and many points. The first factor is one at which the "
        "data can tell in every cell that recall is asked of; a smaller one shows that then few verdicts are given, "
        "but hardly more wrong ones.",
    ]
    worst, missed = 0.0, []
    for drop in design["drops"]:
        lines += ["", f"## y falls by a factor of {drop:g}", ""]
        lines += [
            "| n | decades | noise | seeds | " + " | ".join(forms) + " |",
            "|---" * (4 + len(forms)) + "|",
        ]
        for cell in cells(design, drop):
            many = count if cell.decades >= 1 else min(count, design["data_sets_below_a_decade"])
            found = run(cell, {form: curve(form, cell, design["floor"]) for form in forms}, many)
            text, misses = row(cell, found, design, asked=drop == design["drops"][0])
            print(text, f"{time.perf_counter() - started:.0f} s", *misses, flush=True)
            lines.append(text)
            missed += misses
            for form, counts in found.items():
                worst = max(worst, wrong_of(form, counts))
    lines += ["", "## Misses", "", f"The worst cell and truth is wrong in {worst:.1%}."]
    lines += ["", *(f"- {miss}" for miss in missed)] if missed else ["No cell misses what is asked for."]
    lines += ["", *perceptron(design, count)]
    return "\n".join(lines) + "\n"


def perceptron(design: dict[str, Any], count: int) -> list[str]:
    """Return the section on a truth that is of neither family."""
    lines = [
        "## Neither: a perceptron's exact learning curve",
        "",
        "The error of the max-margin student of a teacher perceptron on α examples per dimension, unpruned, is C/α "
        "in the end but bends like an exponential before. Over α = 0.5–4 (0.9 decades) hardly anything is decided. "
        "Over a decade or more the curve shows that it is of neither family only as far as the noise lets it, and "
        "an exponential with a floor is the better of two wrong answers:",
        "",
        "| α | n | noise | seeds | power | exponential | undecided |",
        "|---|---|---|---|---|---|---|",
    ]
    for high, n in ((4, 7), (8, 9), (16, 11)):
        alpha = np.geomspace(0.5, high, n)
        for noise, seeds in itertools.product(design["noise"], design["seeds"]):
            cell = Cell(n, float(np.log10(high / 0.5)), noise, seeds, np.nan)
            y = max_margin_error(alpha)
            found = run(cell, {"perceptron": y}, min(count, 100))["perceptron"]
            shares = (found[k] / found.total() for k in ("power", "exponential", "undecided"))
            lines.append(
                f"| 0.5–{high} | {n} | {noise:.0%} | {seeds} | "
                + " | ".join(f"{s:.0%}" for s in shares)
                + " |"
            )
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--design", type=Path, default=HERE / "confusion.yaml")
    parser.add_argument("--data-sets", type=int)
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs" / "confusion.md")
    given = parser.parse_args()
    chosen = yaml.safe_load(given.design.read_text())
    given.out.write_text(page(chosen, given.data_sets or chosen["data_sets"], time.perf_counter()))
