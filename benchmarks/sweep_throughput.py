"""CPU-seconds of a sweep of small models, by Lawbook and by what people use now, measured in one call.

    python benchmarks/sweep_throughput.py [--runs 128 256] [--repeats 5] [--quick] [--out FOLDER]

Each way of training the same sweep is a process of its own, on one thread; what counts is its CPU time and
its children's, from start to end: imports, data, training, the final test evaluation, and one table written.
The ways take turns (A B C … A B C …), so that whatever else the machine does falls on all alike, and every
figure that matters is a ratio of two measurements of the same turn. All train the same runs: the same split, initial
weights, learning rates and steps, so that the test errors of a run agree but for the order of its examples; a table
says how well. Needs `optuna` and `joblib` besides Lawbook.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from beginnings import write_beginnings
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from throughput_page import page_of
from throughput_tables import (
    print_agreement,
    print_cost_constants,
    print_machine,
    print_steps,
    print_sweeps,
)
from workload import RATES, seed_and_rate

from lawbook.storage.files import write_text

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs/throughput.md"
LIGHTNING = "Lightning, one process per run"
STEP_BLOCK = 64
"""Batches are drawn for so many steps at once; a timed part must hold whole blocks."""
_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Way:
    """One way of training the sweep: a script, how many runs it trains, and in how many processes."""

    name: str
    script: str
    runs: int
    processes: int = 1


@dataclass(frozen=True)
class Measured:
    """What one turn of one way took: process CPU-seconds per run, wall-clock seconds per run, memory."""

    turn: int
    way: str
    runs: int
    cpu_s: float
    wall_s: float
    peak_memory_mb: float


@dataclass(frozen=True)
class Child:
    """What a process took in all: CPU-seconds, wall-clock seconds, peak memory."""

    cpu_s: float
    wall_s: float
    peak_memory_mb: float


@dataclass
class Tables:
    """What was measured: a row per turn of a way, per run of it, and per shape whose steps were timed."""

    sweeps: pd.DataFrame
    errors: pd.DataFrame
    steps: pd.DataFrame


def main() -> None:
    """Measure, print, and write what was measured if asked to."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 150)
    ways = _ways(arguments.runs, arguments.peer_runs or min(arguments.runs), arguments.processes)
    sweeps: list[Measured] = []
    errors: list[pd.DataFrame] = []
    steps: list[dict[str, Any]] = []
    with Progress(*_COLUMNS, console=console) as progress:
        bar = progress.add_task("", total=arguments.repeats * (len(ways) + 1))

        def announce(what: str, advance: int = 1) -> None:
            progress.update(bar, description=what, advance=advance)
            if not console.is_terminal:
                console.print(what)

        announce("warming up", advance=0)
        if not arguments.quick:
            measure(Way("warm-up", "peer_lightning.py", 1), 0)
            measure(Way("warm-up", "peer_stacked.py", len(RATES)), 0)
        for turn in range(arguments.repeats):
            for way in ways:
                measured, of_runs = measure(way, turn)
                sweeps.append(measured)
                errors.append(of_runs)
                announce(f"turn {turn + 1}: {way.name}: {measured.cpu_s:.3f} CPU-seconds per run")
            steps += measure_steps(turn, arguments.steps)
            announce(f"turn {turn + 1}: steps without start-up")
            tables = Tables(
                pd.DataFrame([asdict(one) for one in sweeps]), pd.concat(errors), pd.DataFrame(steps)
            )
            if arguments.out is not None:
                _write(arguments.out, tables)
    print_machine(console)
    print_sweeps(console, tables.sweeps, tables.steps, baseline=LIGHTNING)
    print_agreement(console, tables.errors, reference=lawbook_way(max(arguments.runs)).name)
    print_steps(console, tables.steps)
    print_cost_constants(console, tables.steps)
    if arguments.page:
        names = {"baseline": LIGHTNING, "reference": lawbook_way(max(arguments.runs)).name}
        names["arguments"] = " ".join(sys.argv[1:])
        write_text(PAGE, page_of(**vars(tables), profile=measure_profile(arguments.steps), **names))
        console.print(str(PAGE))


def _write(folder: Path, tables: Tables) -> None:
    """Write the tables as sweeps.csv, errors.csv and steps.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in vars(tables).items():
        table.to_csv(folder / f"{name}.csv", index=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, nargs="+", default=[128, 256], help="runs in one stacked process")
    parser.add_argument(
        "--peer-runs", type=int, help="runs of a bare, Optuna or joblib sweep (the least of --runs)"
    )
    parser.add_argument("--processes", type=int, default=2, help="Lightning processes in each turn")
    parser.add_argument("--repeats", type=int, default=5, help="turns")
    parser.add_argument(
        "--steps", type=int, default=2 * STEP_BLOCK, help="steps of a stack timed in each turn"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one turn of small sweeps: does everything work?"
    )
    parser.add_argument("--out", type=Path, help="folder for sweeps.csv, errors.csv and steps.csv")
    parser.add_argument("--page", action="store_true", help="also write docs/throughput.md")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.runs, arguments.peer_runs, arguments.processes, arguments.repeats = [64], 16, 1, 1
        arguments.steps = STEP_BLOCK
    if any(runs < 1 or runs % len(RATES) for runs in [*arguments.runs, arguments.peer_runs or len(RATES)]):
        parser.error(f"numbers of runs must be multiples of {len(RATES)}, the number of learning rates")
    if arguments.repeats < 1 or arguments.processes < 1:
        parser.error("--repeats and --processes must be at least 1")
    if arguments.steps < 1 or arguments.steps % STEP_BLOCK:
        parser.error(f"--steps must be a multiple of {STEP_BLOCK}")
    return arguments


def _ways(runs: Sequence[int], peer_runs: int, processes: int) -> list[Way]:
    return [
        lightning_way(processes),
        *(lawbook_way(count) for count in runs),
        Way("bare loop, one process", "peer_bare.py", peer_runs),
        Way("Optuna in memory, bare loop", "peer_optuna.py", peer_runs),
        Way("joblib, two workers, bare loop", "peer_joblib.py", peer_runs),
    ]


def lightning_way(processes: int = 1) -> Way:
    """Return the way of a process for each run."""
    return Way(LIGHTNING, "peer_lightning.py", 1, processes)


def lawbook_way(runs: int) -> Way:
    """Return the way of one process for all runs."""
    return Way(f"Lawbook, {runs} runs in one process", "peer_stacked.py", runs)


def measure(way: Way, turn: int) -> tuple[Measured, pd.DataFrame]:
    """Run a way's processes one after another; return their mean per run, and the test error of each run."""
    spent: list[Child] = []
    tables: list[pd.DataFrame] = []
    for process in range(way.processes):
        # A process that trains one run is told which.
        first = turn * way.processes + process if way.script == "peer_lightning.py" else 0
        last = first + way.runs - 1
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_beginnings(folder, {seed_and_rate(run)[0] for run in range(first, last + 1)})
            spent.append(_run_child(way.script, first if way.runs == 1 else way.runs, folder))
            table = pd.read_csv(folder / "results.csv")
        if sorted(table["run"]) != list(range(first, last + 1)) or not table["test_error"].mean() < 0.2:
            error = table["test_error"].mean()
            sys.exit(f"{way.script}: {len(table)} rows for {way.runs} run(s), mean test error {error:.3f}")
        tables.append(table.assign(turn=turn, way=way.name))
    cpu, wall, memory = (
        sum(getattr(one, what) for one in spent) / len(spent)
        for what in ("cpu_s", "wall_s", "peak_memory_mb")
    )
    return Measured(turn, way.name, way.runs, cpu / way.runs, wall / way.runs, memory), pd.concat(tables)


def measure_steps(turn: int, steps: int, cases: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Return a row per case: seconds of a run's step, and the machine's peak in the same process.

    cases: places in `step_speed.CASES`; all if there are none.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_beginnings(folder, [0])
        _run_child("step_speed.py", steps, folder, cases)
        return [{"turn": turn, **row} for row in json.loads((folder / "steps.json").read_text())]


def measure_profile(steps: int) -> dict[str, float]:
    """Return the share of each operation in the step of a stack."""
    with tempfile.TemporaryDirectory() as name:
        _run_child("step_profile.py", steps, Path(name))
        found: dict[str, float] = json.loads((Path(name) / "profile.json").read_text())
        return found


def _run_child(script: str, argument: int, folder: Path, more: Sequence[int] = ()) -> Child:
    """Run a script and return what it took, its own children included."""
    environment = os.environ | dict.fromkeys(THREADS, "1") | {"PYTHONWARNINGS": "ignore"}
    start = os.times().elapsed
    with (folder / "stderr").open("w") as errors:
        child = subprocess.Popen(
            [sys.executable, HERE / script, str(argument), str(folder), *map(str, more)],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
        )
        # The usage is that of the child and of its own children, all waited for by then.
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = os.times().elapsed - start
    if child.returncode != 0:
        sys.exit(f"{script} failed ({child.returncode}):\n{(folder / 'stderr').read_text()[-4000:]}")
    memory = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    return Child(usage.ru_utime + usage.ru_stime, wall, memory)


if __name__ == "__main__":
    main()
