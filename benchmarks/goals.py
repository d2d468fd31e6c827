"""What Lawbook costs besides training, and how fast its step is: each work beside what is aimed at, in one table.

    python benchmarks/goals.py                         every row, in five turns: an hour and a half on a quiet machine
    python benchmarks/goals.py --rows step fit --turns 3
    python benchmarks/goals.py --page                  also writes docs/goals.md

Figures are medians with the least and the most over turns, CPU-seconds or ratios of two that were measured in the same
turn, on one thread. Rows that one turn of is minutes long take fewer.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import fit_speed
import numpy as np
import scale
import scale_page
import study_costs
import throughput_turns
import transformer_step
from rich.progress import track

from lawbook.storage.files import write_text

PAGE = Path(__file__).resolve().parents[1] / "docs/goals.md"


@dataclass(frozen=True)
class Row:
    """A work with what was measured of it, a value a turn, and the goal: the most, or of a ratio the least."""

    work: str
    values: Sequence[float]
    goal: float
    unit: str = "CPU-s"

    @property
    def is_ratio(self) -> bool:
        """Tell whether more is better."""
        return self.unit == "×"

    def line(self) -> str:
        """Return the row of the table."""
        median = float(np.median(self.values))
        met = median >= self.goal if self.is_ratio else median <= self.goal
        spread = f"{min(self.values):.3g}–{max(self.values):.3g}, {len(self.values)} turns"
        least = "≥" if self.is_ratio else "≤"
        verdict = "met" if met else "falls short"
        return f"| {self.work} | {median:.3g} {self.unit} | {spread} | {least} {self.goal:g} | {verdict} |"


def studies(turns: int) -> Iterator[Row]:
    """Yield what `digits` costs besides its training."""
    first, *others = study_costs.trained_and_besides("digits", min(turns, 3))
    yield Row("`digits`, every run in the cache", [turn["from the cache"] for turn in others], 60)
    yield Row("`digits` from nothing, less what its runs say they took", [first["besides"]], 60)


def jobs(turns: int) -> Iterator[Row]:
    """Yield what small jobs cost, warm and cold."""
    found = list(study_costs.small_jobs(turns))
    for what in found[0]:
        yield Row(f"a small job of `smoke`: {what}", [turn[what] for turn in found], 0.3)


def sweep(turns: int) -> Iterator[Row]:
    """Yield how much less a stacked sweep costs than a process for each run."""
    found = throughput_turns.sweep_turns(turns)
    yield Row("small MLP, 256 runs, against a process for each run", _ratios(found), 130, "×")


def steps(turns: int) -> Iterator[Row]:
    """Yield how fast the stacked step is beside a bare loop."""
    small, widest = throughput_turns.stacked_step_turns(turns), throughput_turns.widest_step_turns(turns)
    yield Row("stacked step of 64-128-10, 64 runs, against a bare loop", _ratios(small), 5.5, "×")
    yield Row("step of 64-1024-1024-10 against a bare loop", _ratios(widest), 0.97, "×")


def _ratios(found: Sequence[throughput_turns.Turn]) -> list[float]:
    return [turn.peer_s / turn.lawbook_s for turn in found]


def transformers(turns: int) -> Iterator[Row]:
    """Yield how fast the step of a tiny transformer is beside nanoGPT's loop."""
    for width, stack, goal in ((64, 1, 1.0), (64, 4, 1.0), (16, 16, 2.0)):
        shape, name = transformer_step.shape_of(width), transformer_step.stack_name(stack)
        found = transformer_step.turns_of(shape, (stack,), ("nanoGPT",), turns)
        yield Row(
            f"GPT-{width}, {name}, against nanoGPT's loop", [*(found["nanoGPT"] / found[name])], goal, "×"
        )


def fits(turns: int) -> Iterator[Row]:
    """Yield what `lawbook fit` costs."""
    small = fit_speed.fit_with_files(turns)
    yield Row("a fit of 240 points, its files written", [turn.cpu_s for turn in small], 2)
    large = fit_speed.fit_of_many_x(min(turns, 3))
    yield Row("power_floor on 50,000 distinct x", [turn.cpu_s for turn in large], 60)
    yield Row("its memory", [turn.peak_mb / 1024 for turn in large], 2, "GiB")


def shards(turns: int) -> Iterator[Row]:
    """Yield which part of core-hours is not training, of 100,000 runs in 595 shards; one turn takes ten minutes."""
    with tempfile.TemporaryDirectory() as folder:
        measured = scale.measure(Path(folder), 100_000, 30, slurm=False)
    _, finest = list(measured.workflows.iterrows())[-1]
    for machine in scale_page.MACHINES:
        found = scale_page.costs_on(measured, machine, finest)["overhead"]
        work = f"{finest['shards']:.0f} shards of 100,000 runs, not training, {machine.name}"
        yield Row(work, [100 * found], 30, "%")


PARTS: dict[str, Callable[[int], Iterator[Row]]] = {
    "study": studies, "job": jobs, "sweep": sweep, "step": steps, "transformer": transformers, "fit": fits,
    "shards": shards,
}  # fmt: skip


def page_of(rows: Sequence[Row], parts: Sequence[str], turns: int) -> str:
    """Return the page. parts: those of the table that were measured."""
    table = "\n".join(row.line() for row in rows)
    return f"""# What is aimed at, and what was measured

CPU-seconds on one thread of {platform.machine()} with {transformer_step.cpu_capability()}, Python
{platform.python_version()}. A ratio is of two figures of the same turn.

| work | median | least–most | goal | |
|---|---|---|---|---|
{table}

Written by `python benchmarks/goals.py --rows {" ".join(parts)} --turns {turns} --page`.
"""


def main() -> None:
    """Print the table; write the page if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", choices=[*PARTS], default=[*PARTS], help="parts of the table")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    rows: list[Row] = []
    for name in track(arguments.rows, "measuring", transient=True):
        for row in PARTS[name](arguments.turns):
            print(row.line(), flush=True)
            rows.append(row)
    if arguments.page:
        write_text(PAGE, page_of(rows, arguments.rows, arguments.turns))
        print(PAGE)


if __name__ == "__main__":
    main()
