"""The exact perceptron's shipped table: `python benchmarks/perceptron_table.py` solves it anew and writes it.

A perfect probe on 17 α and 15 selections, and probes at 10 and 20 degrees where studies use them; prints the time
and the largest change against the table that was there. `--page` checks the theory, prints the figures, and writes
docs/perceptron.md: against the printed equations, known limits, and students solved on real pools.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.progress import track
from scipy.optimize import brentq

from lawbook.models import models
from lawbook.pruning.metrics import Evidence, metrics
from lawbook.pruning.pools import pool_of
from lawbook.storage.files import write_text
from lawbook.studies.axes import PruningAxes, SeedAxes
from lawbook.studies.study import NO_TRAINING
from lawbook.tasks import PoolTask, tasks
from lawbook.theory import perceptron
from lawbook.theory.perceptron import (
    asymptotic_constant,
    asymptotic_error,
    frontier,
    max_margin_error,
    printed_residuals,
    student,
)
from lawbook.training.solved import solve_runs

HERE = Path(__file__).parent
TABLE = Path(perceptron.__file__).with_name("perceptron.csv")
PAGE = HERE.parent / "docs" / "perceptron.md"
POINT = ["alpha", "keep_fraction", "keep", "probe_angle_deg"]

ALPHAS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 12, 16, 32, 64]
HARD = [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05]
EASY = [0.8, 0.5, 0.3, 0.2, 0.1, 0.05]
PERFECT = [(f, "hard", 0) for f in HARD] + [(f, "easy", 0) for f in EASY]
STUDY_ALPHAS = [0.5, 1, 1.5, 2, 3, 4, 6, 8]
IMPERFECT = [(f, "hard", angle) for angle in (10, 20) for f in (0.8, 0.5, 0.2, 0.1, 0.05)]

REFERENCE = [
    *((a, 1, "hard", 0) for a in (1, 2, 4)),
    *((a, 0.5, "hard", 0) for a in (1, 2, 4)),
    *((a, 0.2, "hard", 0) for a in (1, 4)),
    *((a, 0.05, "hard", 0) for a in (3, 2)),
    (1, 0.5, "easy", 0),
    (4, 0.2, "easy", 0),
    (1, 0.5, "hard", 10),
    (4, 0.2, "hard", 10),
    (4, 0.5, "hard", 20),
    (4, 0.2, "hard", 20),
    (2, 0.5, "hard", 40),
]

DIMENSION = 200
SIMULATED = [row for row in REFERENCE if abs(row[0] - 2) > 0.4]
"""Near α = 2 with small f, students of few dimensions are of two kinds, and their mean says little."""

Floats = NDArray[np.float64]


def solved(points: list[tuple[float, float, str, float]]) -> tuple[pd.DataFrame, float]:
    """Return the points with their students, and the CPU seconds that it took."""
    table = pd.DataFrame(points, columns=POINT).astype({"alpha": float, "keep_fraction": float})
    table["probe_angle_deg"] = table["probe_angle_deg"].astype(float)
    started = time.process_time()
    students = student(*(table[column].to_numpy() for column in POINT))
    return table.assign(**students._asdict()), time.process_time() - started


def simulate(alpha: float, fraction: float, keep: str, angle: float, seeds: int) -> tuple[Floats, Floats]:
    """Return the exact errors and the margins of students, one per seed, on pruned pools of the task `perceptron`."""
    task, model = tasks["perceptron"], models["max_margin"]
    assert isinstance(task, PoolTask)
    base = {"task": "perceptron", "model": "max_margin", **NO_TRAINING}
    for axes in (task.axes, model.axes, PruningAxes, SeedAxes):
        base |= axes().model_dump()
    base |= {"dimension": DIMENSION, "samples": round(alpha * DIMENSION / fraction), "probe_angle_deg": angle}
    base |= {"keep_fraction": fraction, "keep": keep, "metric": "oracle_margin"}
    configs = [{**base, "seed": seed} for seed in range(seeds)]
    scores = {}
    score = metrics["oracle_margin"].score
    assert score is not None
    for place, config in enumerate(configs if fraction < 1 else []):
        pool, labels = pool_of(task, config)
        margins = task.margins(config)
        assert margins is not None
        scores[place] = score(Evidence(labels[pool], config["seed"], margins=margins[pool]))
    found = solve_runs(configs, scores)
    if found.failed or found.n_train != [alpha * DIMENSION] * seeds:
        raise RuntimeError(f"{found.failed} of {seeds} students were not solved, on {found.n_train} examples")
    return np.array(found.curve[1]["test/error"]), np.array(found.curve[1]["train/margin"])


def deviations(rows: list[tuple[float, float, str, float]], seeds: int) -> pd.DataFrame:
    """Return a row per point: measured error and margin, theory, and (measured - theory) / standard error of both."""
    found = []
    for row in track(rows, "students"):
        exact = student(*row)
        parts: dict[str, float] = {}
        for name, measured, theory in zip(
            ("error", "margin"), simulate(*row, seeds), (exact.error, exact.margin), strict=True
        ):
            se = measured.std(ddof=1) / np.sqrt(seeds)
            parts |= {name: measured.mean(), f"{name}_se": se, f"{name}_theory": float(theory)}
            parts[f"{name}_z"] = (measured.mean() - theory) / se
        found.append(dict(zip(POINT, row, strict=True)) | parts)
    return pd.DataFrame(found)


def checks() -> str:
    """Return what the theory is held against besides simulation, as Markdown."""
    printed = [row for row in REFERENCE if row[2] == "hard" or row[3] > 0]
    residual = max(float(np.abs(printed_residuals(*row)).max()) for row in printed)
    crossing = brentq(lambda a: float(student(a, 0.5).error - student(a).error), 1.0, 2.0, xtol=1e-10)
    worth = float(student(8, 0.5).error - student(16).error)
    limit = float(max_margin_error(1e6)[0]) * 1e6
    return f"""| what | found | known |
|---|---|---|
| largest residual of the printed equations, {len(printed)} rows | {residual:.1e} | 0 |
| ε·α at α = 10⁶, unpruned | {limit:.7f} | C = {asymptotic_constant():.7f} |
| ε(8, f = 0.5) - ε(16, f = 1): half of 16 is worth 16 | {worth:.1e} | 0 |
| α above which the hard half beats random | {crossing:.4f} | 1.453 ± 0.002 |"""


def simulated(found: pd.DataFrame) -> str:
    """Return the table of students solved on real pools, as Markdown."""
    lines = [
        "| α | f | θ° | keep | ε theory | ε simulated | z | κ theory | κ simulated | z |",
        "|---" * 10 + "|",
    ]
    for r in found.itertuples():
        whole = r.keep_fraction == 1
        kind = f"{'–' if whole else f'{r.probe_angle_deg:g}'} | {'–' if whole else r.keep}"
        lines.append(
            f"| {r.alpha:g} | {r.keep_fraction:g} | {kind} | {r.error_theory:.5f} | {r.error:.5f} ± {r.error_se:.5f}"
            f" | {r.error_z:+.2f} | {r.margin_theory:.4f} | {r.margin:.4f} ± {r.margin_se:.4f} | {r.margin_z:+.2f} |"
        )
    return "\n".join(lines)


def page(seconds: dict[str, float], counts: dict[str, int], seeds: int) -> str:
    """Return docs/perceptron.md."""
    found = deviations(SIMULATED, seeds)
    spread = {
        name: f"largest |z| {found[f'{name}_z'].abs().max():.2f}, mean z² {(found[f'{name}_z'] ** 2).mean():.2f}"
        for name in ("error", "margin")
    }
    reference, _ = solved(REFERENCE)
    rows = "\n".join(
        f"| {r.alpha:g} | {r.keep_fraction:g} | {'–' if r.keep_fraction == 1 else f'{r.probe_angle_deg:g}'} | "
        f"{'–' if r.keep_fraction == 1 else r.keep} | {r.error:.5f} | {r.overlap:.5f} | {r.margin:.4f} |"
        for r in reference.itertuples()
    )
    angles = (0, 5, 10, 20, 30)
    alphas = (1, 2, 3, 4, 6, 8, 12)
    best = {angle: frontier(alphas, angle, keep_fractions=HARD) for angle in angles}
    edges = "\n".join(
        f"| {a} | "
        + " | ".join(
            f"{best[t].error[i]:.4f} ({best[t].keep_fraction[i]:g}{'*' if best[t].censored[i] else ''})"
            for t in angles
        )
        + " |"
        for i, a in enumerate(alphas)
    )
    far = (10.0, 100.0, 1e4, 1e6)
    kinds = (
        ("1", 1.0, "hard"),
        ("0.5 hard", 0.5, "hard"),
        ("0.5 easy", 0.5, "easy"),
        ("0.05 easy", 0.05, "easy"),
    )
    limits = "\n".join(
        f"| {name} | {float(asymptotic_error(1, f, keep)):.6f} | "
        + " | ".join(f"{e * a:.6f}" for e, a in zip(student(far, f, keep).error, far, strict=True))
        + " |"
        for name, f, keep in kinds
    )
    cost = "\n".join(
        f"| {name} | {counts[name]} | {seconds[name]:.2f} | {1e3 * seconds[name] / counts[name]:.1f} |"
        for name in counts
    )
    return f"""# The exact perceptron on pruned data

`lawbook.theory.perceptron` computes the generalisation error ε, the overlaps R and ρ and the margin κ of the
max-margin student of a teacher, in the limit of many dimensions, on data that a probe at the angle θ to the teacher
has pruned: α kept examples per dimension, the fraction f of the pool, the hardest or the easiest. The replica
equations of Sorscher et al. 2022 (arXiv:2206.14486, appendix A) are solved as the convex problem that they are the
stationarity conditions of; `printed_residuals` puts the solutions back into the equations as printed, by another
quadrature. **The probe is independent of the pool.** For a probe that was fitted to the examples it scores the theory
does not hold, and `exact_curve` says nothing.

This page is written by `python benchmarks/perceptron_table.py --page`, the table
`src/lawbook/theory/perceptron.csv` by the same command without the option.

## Reference rows

| α | f | θ° | keep | ε | R | κ |
|---|---|---|---|---|---|---|
{rows}

## Against what is known

{checks()}

## Against students of {DIMENSION} dimensions

Exact max-margin students on pools of the task `perceptron` that an oracle at the angle θ has pruned, {seeds} seeds a
row, ± a standard error; z = (simulated - theory) / standard error. Rows within 0.4 of α = 2 are left out: with small f,
students of few dimensions are of two kinds there.

- errors: {spread["error"]}
- margins: {spread["margin"]}

{simulated(found)}

## The frontier over f ∈ {{{", ".join(f"{f:g}" for f in HARD)}}}: ε (f)

| α | θ = 0° | 5° | 10° | 20° | 30° |
|---|---|---|---|---|---|
{edges}

\\* the smallest fraction of the list: the optimum may lie beyond. With a perfect probe and α > 2, ε → 0 as f → 0 at
fixed α, so that only the pool's size bounds the frontier from below; a probe at an angle has an optimal f within.

## Asymptotics: ε·α at θ = 0

C = {asymptotic_constant():.8f}; ε·α → C·f for keep: hard, as if nothing had been pruned, and C·f·exp(u0²/2) for
keep: easy, u0 = -Φ⁻¹(f/2).

| f | limit | α = 10 | 100 | 1e4 | 1e6 |
|---|---|---|---|---|---|
{limits}

## Cost on one core

| rows | points | CPU seconds | ms a point |
|---|---|---|---|
{cost}
"""


def main() -> None:
    """Solve, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write docs/perceptron.md, not the table")
    parser.add_argument("--seeds", type=int, default=48, help="students of each simulated row, for the page")
    arguments = parser.parse_args()
    parts = {
        "perfect probe": [(a, *kind) for a, kind in itertools.product(ALPHAS, PERFECT)],
        "probe at 10° and 20°": [(a, *kind) for a, kind in itertools.product(STUDY_ALPHAS, IMPERFECT)],
    }
    student(1.0, 0.5, "hard", [0.0, 5.0])  # imports and caches
    solutions = {name: solved(points) for name, points in parts.items()}
    for name, (rows, seconds) in solutions.items():
        print(f"{name}: {len(rows)} rows in {seconds:.2f} s, {1e3 * seconds / len(rows):.1f} ms a row")
    table = pd.concat([rows for rows, _ in solutions.values()], ignore_index=True)
    if TABLE.exists():
        both = table.merge(pd.read_csv(TABLE), on=POINT, suffixes=("", "_before"))
        change = np.abs(both["error"] / both["error_before"] - 1).max()
        print(f"{len(both)} rows were there: the error changes by at most {change:.1e} of itself")
    if arguments.page:
        counts = {name: len(rows) for name, (rows, _) in solutions.items()}
        text = page({name: s for name, (_, s) in solutions.items()}, counts, arguments.seeds)
        write_text(PAGE, text)
        print(text.partition("## The frontier")[0], f"wrote {PAGE}", sep="\n")
    else:
        table.to_csv(TABLE, index=False)  # pandas writes the shortest digits that read back the same
        print(f"wrote {TABLE}")


if __name__ == "__main__":
    main()
