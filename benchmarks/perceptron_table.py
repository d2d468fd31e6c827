"""Solve the perceptron's replica equations on the grids of the shipped table, and time it.

    python benchmarks/perceptron_table.py            prints the times
    python benchmarks/perceptron_table.py --write    also writes src/lawbook/theory/perceptron.csv
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
import pandas as pd

from lawbook.files import written_atomically
from lawbook.theory.perceptron import TABLE, student

OUT = Path(__file__).parents[1] / "src/lawbook/theory" / TABLE

ALPHAS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 16.0, 32.0)
FRACTIONS = (0.8, 0.5, 0.35, 0.2, 0.1, 0.05, 0.02)
OF_PERFECT_PROBES = [(1.0, "hard"), *itertools.product(FRACTIONS, ("hard", "easy"))]

IMPERFECT_ALPHAS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
IMPERFECT = list(itertools.product((0.8, 0.5, 0.2, 0.1, 0.05), (10.0, 20.0)))


def solve() -> pd.DataFrame:
    """Return a row per point, 255 of perfect probes first, and print what they cost."""
    began = time.perf_counter()
    rows = [_row(alpha, f, keep, 0.0) for (f, keep), alpha in itertools.product(OF_PERFECT_PROBES, ALPHAS)]
    between = time.perf_counter()
    print(f"{len(rows)} points of perfect probes: {between - began:.1f} s")
    imperfect = [_row(alpha, f, "hard", angle) for (f, angle), alpha in itertools.product(IMPERFECT, IMPERFECT_ALPHAS)]
    print(f"{len(imperfect)} points of imperfect probes: {time.perf_counter() - between:.1f} s")
    return pd.DataFrame(rows + imperfect)


def _row(alpha: float, keep_fraction: float, keep: str, angle: float) -> dict[str, object]:
    found = student(alpha, keep_fraction, keep, angle)
    return {
        "alpha": alpha, "keep_fraction": keep_fraction, "keep": keep, "probe_angle_deg": angle,
        "error": found.error, "overlap": found.overlap, "probe_overlap": found.probe_overlap,
        "margin": found.margin,
    }  # fmt: skip


def main() -> None:
    """Solve, print the times and the largest difference from the shipped table, and write it if asked to."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--write", action="store_true")
    write = arguments.parse_args().write
    table = solve()
    if write:
        with written_atomically(OUT) as temporary:
            table.to_csv(temporary, index=False)
        print(f"{OUT}: {len(table)} rows")
    else:
        shipped = pd.read_csv(OUT)
        print(f"largest difference from {OUT.name}: {np.abs(table['error'] - shipped['error']).max():.1e}")


if __name__ == "__main__":
    main()
