"""How often the verdict on a planted frontier is right: frontiers and controls with known curves, noise and seeds.

python benchmarks/verdicts.py                    200 data sets a cell: prints the table
python benchmarks/verdicts.py --page             also writes docs/pruning_verdicts.md
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.progress import track

from lawbook.laws.frontier import judge, pareto
from lawbook.storage.files import write_text
from lawbook.theory.perceptron import max_margin_error, student

PAGE = Path(__file__).parents[1] / "docs/pruning_verdicts.md"
KEPT = (0.5, 0.71, 1.0, 1.41, 2.0, 2.83, 4.0, 5.66, 8.0)
POOLS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
BEST_POOL, PENALTY = 16.0, 0.15
"""The planted best pool, and by how much log error grows for each factor of two away from it."""

NOISES, SEEDS = (0.05, 0.2, 0.5), (6, 10, 20)
VERDICTS = ("beats the power law", "power law", "undecided")


@dataclass(frozen=True)
class Truth:
    """A planted frontier with its control: error against kept examples per dimension, up to `largest`."""

    frontier: Callable[[float], float]
    control: Callable[[float], float]
    largest: float = 8.0
    never: str = ""


def _exponential(alpha: float) -> float:
    return float(0.35 * np.exp(-0.6 * alpha))


def _power(alpha: float) -> float:
    return 0.3 / alpha


def _perceptron(alpha: float) -> float:
    return float(max_margin_error(alpha)[0])


def _pruned_perceptron(alpha: float) -> float:
    """Return the least error over keep fractions down to 0.05, by a probe at 10 degrees."""
    fractions = (1.0, 0.8, 0.5, 0.2, 0.1, 0.05)
    return float(min(float(student(alpha, f, "hard", 10.0).error) for f in fractions))


TRUTHS = {
    "power": Truth(_power, _power, never="beats the power law"),
    "steeper power": Truth(_power, lambda alpha: 0.3 * alpha**-0.5, never="beats the power law"),
    "power with a floor": Truth(lambda alpha: _power(alpha) + 0.01, _power, never="beats the power law"),
    "exponential": Truth(_exponential, _power, never="power law"),
    "exponential like its control": Truth(_exponential, _exponential, never="beats the power law"),
    "perceptron": Truth(_perceptron, _perceptron, largest=4.0, never="beats the power law"),
    "pruned perceptron, probe at 10°": Truth(_pruned_perceptron, _perceptron),
}


def planted(truth: Truth, noise: float, seeds: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs of a frontier over pools and of its control, with lognormal noise, from a generator of that seed."""
    rng = np.random.default_rng([seed, seeds, int(noise * 1e6)])
    kept = np.array([k for k in KEPT if k <= truth.largest])
    pools = np.array(POOLS)
    size, pool = (grid.ravel() for grid in np.meshgrid(kept, pools, indexing="ij"))
    there = pool >= size
    size, pool = size[there], pool[there]
    curve = np.array([_cached(truth.frontier, k) for k in size])
    mean = curve * np.exp(PENALTY * np.abs(np.log2(pool / BEST_POOL)))
    control = np.array([_cached(truth.control, k) for k in kept])
    parts: list[list[pd.DataFrame]] = [[], []]
    for repeat in range(seeds):
        for rows, n, p, y in (
            (parts[0], size, pool, mean),
            (parts[1], kept, np.full(len(kept), 64.0), control),
        ):
            noisy = y * np.exp(rng.normal(0.0, noise, len(y)))
            rows.append(pd.DataFrame({"n_train": n, "samples": p, "seed": repeat, "y": noisy}))
    return pd.concat(parts[0], ignore_index=True), pd.concat(parts[1], ignore_index=True)


_CURVES: dict[tuple[Callable[[float], float], float], float] = {}


def _cached(curve: Callable[[float], float], alpha: float) -> float:
    key = (curve, float(alpha))
    if key not in _CURVES:
        _CURVES[key] = curve(float(alpha))
    return _CURVES[key]


def measure(n: int) -> pd.DataFrame:
    """Return the share of each verdict per truth, noise and number of seeds, over n data sets."""
    cells = [(name, noise, seeds) for name in TRUTHS for noise in NOISES for seeds in SEEDS]
    rows = []
    for name, noise, seeds in track(cells, "cells"):
        runs = (planted(TRUTHS[name], noise, seeds, seed) for seed in range(n))
        counts = Counter(judge(pareto(*pair, y="y", draws=150)).verdict for pair in runs)
        shares = {verdict: counts[verdict] / n for verdict in VERDICTS}
        rows.append(
            {
                "truth": name,
                "noise": noise,
                "seeds": seeds,
                **shares,
                "wrong": shares.get(TRUTHS[name].never, 0.0),
            }
        )
    return pd.DataFrame(rows)


def text_of(table: pd.DataFrame) -> str:
    """Return the table as Markdown, shares in percent."""
    lines = [
        "| truth | noise | seeds | beats the power law | power law | undecided |",
        "|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        shares = " | ".join(f"{100 * row[verdict]:.1f} %" for verdict in VERDICTS)
        lines.append(f"| {row['truth']} | {100 * row['noise']:.0f} % | {row['seeds']} | {shares} |")
    return "\n".join(lines)


def page_of(table: pd.DataFrame, n: int) -> str:
    """Return docs/pruning_verdicts.md."""
    return f"""# Does a frontier beat a power law? How often the verdict is right

A frontier is said to *beat the power law* only if (a) an exponential fits it better than a power law by 6 in AICc,
(b) its local exponent exceeds that of its control at two neighbouring steps at least, by intervals over whole pools
that exclude 0, and (c) an exponential fitted without the last point predicts it better. It is a *power law* if
(a) and (c) hold the other way round. Everything else is *undecided*. The best pool is chosen on one half of the
seeds and read on the other, and the window ends at the first choice that lies at an edge of the sweep.

Planted curves, {n} data sets a cell: frontiers at {len(KEPT)} numbers of kept examples from {KEPT[0]} to {KEPT[-1]} per
dimension over {len(POOLS)} pools, with lognormal noise of each run. The curve of the perceptron is exact and ends at
4; over so short a range it looks like an exponential, and so it does beside itself as a control. Its frontier by a
probe at 10° is super-power between 2 and 4, and a power law again beyond: there is no right answer but not to call
it a power law.

{text_of(table)}

Written by `python benchmarks/verdicts.py --page`.
"""


def main() -> None:
    """Print the table; write the page if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=200, help="data sets a cell")
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    began = time.perf_counter()
    table = measure(arguments.sets)
    print(text_of(table))
    print(f"largest share of a verdict that must not be: {100 * table['wrong'].max():.1f} %")
    print(f"{time.perf_counter() - began:.0f} s")
    if arguments.page:
        write_text(PAGE, page_of(table, arguments.sets))
        print(PAGE)


if __name__ == "__main__":
    main()
