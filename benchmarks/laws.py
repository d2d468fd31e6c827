"""Time and objective of law fits, by Lawbook and by the procedures that people use now, in one run.

    python benchmarks/laws.py [--data FOLDER] [--repeats 3] [--starts 90] [--out FILE.md]

One thread. The ways of one task take turns, so that whatever else the machine does falls on all alike; a
ratio is taken within a turn. A peer whose whole procedure takes minutes is timed on a random part of its
starts and scaled by their number (`--starts 4500` runs it whole); its objective is then the best of that
part. Data: the Chinchilla points, the four-digit addition curve and the 92-curve benchmark, as CSV files in
the folder `--data` or LAWBOOK_DATA. Needs `lmfit` besides Lawbook.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
from law_peers import addition_released, chinchilla_bootstrap, chinchilla_grid, multistart
from public_tables import add_data_option
from rich.progress import track
from threadpoolctl import threadpool_limits

from lawbook.laws import Law, laws
from lawbook.laws.solver import Data, Loss, solve

HUBER = Loss("log_huber", 1e-3)
PAGE = """# Speed: law fits beside the procedures that people use

Written by `python benchmarks/laws.py --out docs/law_speed.md`: {turns} turns in which the ways of every task follow one
another, one thread, Python {python}, NumPy {numpy}, SciPy {scipy}. Seconds are CPU seconds, medians over the turns; the
ratio to Lawbook's is taken within a turn, with its range. The objective is Σ ρ of the residuals that the task names;
over several curves its geometric mean, over draws its median (each peer draws its own). A start is at the optimum if
its objective exceeds the lowest that this way found by less than 1e-9 of it. Where a peer did a part of its procedure,
its time is scaled to the whole; its objective is then the best of that part.

"""
DRAWS = 4000


@dataclass(frozen=True)
class Outcome:
    """What one way found: Σ ρ (log residuals unless the task says otherwise), and its starts at that optimum.

    `scale` is the whole work over the part that was done.
    """

    objective: float
    at_best: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Way:
    """One way of doing a task; `ours` is the way that the others are compared with."""

    task: str
    name: str
    run: Callable[[], Outcome]
    ours: bool = False


def chinchilla_points(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, D) and the loss of the 240 points, the five highest losses left out."""
    table = pd.read_csv(folder / "chinchilla_epoch_svg_extracted.csv").sort_values("loss").iloc[:-5]
    n = table["Model Size"].to_numpy(dtype=float)
    return np.column_stack([n, table["Training FLOP"] / (6 * n)]), table["loss"].to_numpy()


def curves(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return x and y of the training part of each of the 92 curves, equal x averaged in log y."""
    parts = [pd.read_csv(folder / f"alabdulmohsin_benchmark.{domain}.csv") for domain in ("vision", "lang")]
    table = pd.concat(parts).drop_duplicates()
    table = table[table["Training"] == 1]
    found = []
    for _, curve in table.groupby(["Domain", "Task", "Model"]):
        mean = np.log(curve.set_index("Seen Examples")["Loss"]).groupby(level=0).mean()
        found.append((mean.index.to_numpy(dtype=float), np.exp(mean.to_numpy())))
    return found


def _once(y: np.ndarray) -> Data:
    log_y = np.log(y)[None]
    return Data(log_y, np.ones_like(log_y), np.zeros(log_y.shape, dtype=bool))


def _ours(law: Law, x: np.ndarray, y: np.ndarray, loss: Loss) -> Outcome:
    found = solve(law, x, _once(y), loss)
    return Outcome(float(found.objective[0]), f"{found.starts_at_best[0]} of {found.starts}")


def _draws(x: np.ndarray, y: np.ndarray) -> Outcome:
    law, n = laws["chinchilla"], len(y)
    best = solve(law, x, _once(y), HUBER)
    weights = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=DRAWS).astype(float)
    log_y = np.tile(np.log(y), (DRAWS, 1))
    drawn = solve(
        law, x, Data(log_y, weights, np.zeros(log_y.shape, dtype=bool)), HUBER, warm=best.parameters[0]
    )
    return Outcome(float(np.median(drawn.objective)), f"{drawn.converged.mean():.0%} converged")


def _all_curves(table: list[tuple[np.ndarray, np.ndarray]], names: tuple[str, ...]) -> Outcome:
    logs = [np.log(solve(laws[name], x[:, None], _once(y)).objective[0]) for x, y in table for name in names]
    return Outcome(float(np.exp(np.mean(logs))))


def _some_curves(table: list[tuple[np.ndarray, np.ndarray]], peer: str) -> Outcome:
    part = table[:: len(table) // 6]
    logs = [np.log(multistart(peer, "bnsl_1", x[:, None], y, 64)[0]) for x, y in part]
    return Outcome(float(np.exp(np.mean(logs))), f"{len(part)} curves", len(table) / len(part))


def tasks(folder: Path, starts: int) -> Iterator[Way]:
    """Return every way of every task; the first of a task is Lawbook's."""
    x, y = chinchilla_points(folder)
    chinchilla = laws["chinchilla"]
    task = "Chinchilla, 240 points, log-Huber δ = 0.001"
    yield Way(task, "Lawbook", lambda: _ours(chinchilla, x, y, HUBER), ours=True)
    yield Way(
        task, "4,500 starts, L-BFGS-B, finite differences", lambda: Outcome(*chinchilla_grid(x, y, starts))
    )

    task = "Chinchilla, 240 points, log least squares"
    yield Way(task, "Lawbook", lambda: _ours(chinchilla, x, y, Loss()), ours=True)
    for peer in ("curve_fit", "lmfit"):
        yield Way(task, f"{peer}, 64 starts", lambda p=peer: Outcome(*multistart(p, "chinchilla", x, y, 64)))

    task = f"Chinchilla, {DRAWS:,} bootstrap draws"
    yield Way(task, "Lawbook", lambda: _draws(x, y), ours=True)
    yield Way(task, "BFGS from one start each", lambda: Outcome(*chinchilla_bootstrap(x, y, DRAWS, starts)))

    addition = pd.read_csv(folder / "bnsl_4digit_addition.csv")
    ax, ay = (addition[c].to_numpy(dtype=float) for c in ("dataset_size", "test_cross_entropy"))
    task = "BNSL-1, 14 of 17 points, log(1 + y) least squares"
    seen = addition["training"].to_numpy() == 1
    bnsl = laws["bnsl_1"]
    yield Way(
        task, "Lawbook", lambda: _ours(bnsl, ax[seen, None], ay[seen], Loss("log1p_least_squares")), ours=True
    )
    yield Way(
        task, "released: brute grid, then curve_fit", lambda: Outcome(*addition_released(ax[seen], ay[seen]))
    )

    table = curves(folder)
    task = f"{len(table)} curves, M1–M4 and BNSL-1, log least squares"
    yield Way(task, "Lawbook", lambda: _all_curves(table, ("m1", "m2", "m3", "m4", "bnsl_1")), ours=True)
    task = f"{len(table)} curves, BNSL-1 alone, log least squares"
    yield Way(task, "Lawbook", lambda: _all_curves(table, ("bnsl_1",)), ours=True)
    for peer in ("curve_fit", "lmfit"):
        yield Way(task, f"{peer}, 64 starts", lambda p=peer: _some_curves(table, p))


def measure(ways: list[Way], repeats: int) -> pd.DataFrame:
    """Return a row per turn and way: CPU seconds (scaled to the whole work), objective, starts at best."""
    rows = []
    for turn in track(range(repeats + 1), description="turns"):
        for way in ways:
            began = time.process_time()
            outcome = way.run()
            cpu_s = (time.process_time() - began) * outcome.scale
            # The first turn warms imports and caches up.
            if turn or (repeats == 0):
                rows.append(
                    {"task": way.task, "way": way.name, "ours": way.ours, "turn": turn, "cpu_s": cpu_s}
                    | {"objective": outcome.objective, "at_best": outcome.at_best, "scale": outcome.scale}
                )
    return pd.DataFrame(rows)


def report(measured: pd.DataFrame) -> str:
    """Return the measurements as a Markdown table: medians, and ratios to Lawbook's time of the same turn."""
    lines = [
        "| task | way | CPU s | times Lawbook's | objective | starts at it |",
        "|---|---|---|---|---|---|",
    ]
    for task, part in measured.groupby("task", sort=False):
        ours = part[part["ours"]].set_index("turn")["cpu_s"]
        for way, own in part.groupby("way", sort=False):
            ratio = own.set_index("turn")["cpu_s"] / ours
            scaled = "" if (own["scale"] == 1).all() else f" (1/{own['scale'].iloc[0]:.3g} of it, scaled)"
            spread = (
                "1" if own["ours"].all() else f"{ratio.median():,.0f} [{ratio.min():,.0f}–{ratio.max():,.0f}]"
            )
            lines.append(
                f"| {task} | {way} | {own['cpu_s'].median():.3g}{scaled} | {spread} "
                f"| {own['objective'].min():.10g} | {own['at_best'].iloc[0]} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--starts", type=int, default=90, help="of the 4,500 starts, and of the draws")
    parser.add_argument("--task", default="", help="only tasks whose name contains this")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    ways = [way for way in tasks(chosen.data, chosen.starts) if chosen.task.lower() in way.task.lower()]
    with threadpool_limits(1):
        table = report(measure(ways, chosen.repeats))
    print(table)
    if chosen.out:
        versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
        page = PAGE.format(turns=max(chosen.repeats, 1), **versions) + table
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
