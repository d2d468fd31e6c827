"""Steps without start-up: a stacked Lightning step against a bare loop's, and the machine's sgemm peak.

A stack's step is the difference between two trainings of unequal length, divided by their difference in
steps: whatever is paid once (set-up, first batches, final evaluation) cancels, and nothing inside is touched.
The bare loop is timed before and after in the same process and averaged, so that a slow drift of the machine
cancels too.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from workload import (
    BATCH_SIZE,
    DEPTH,
    N_INPUTS,
    N_OUTPUTS,
    STEPS,
    WIDTH,
    Digits,
    bare_loop,
    load_digits,
    make_model,
    matmul_flops,
)

from lawbook.studies import Plan, load_study, make_plan

SHORT_STEPS, BLOCK, LEAST_S = 16, 64, 4.0
"""Steps that are taken off; batches are drawn for so many at once; at least what a bare loop would take for a stack."""


@dataclass(frozen=True)
class Case:
    """A shape to time, and how many runs of it to stack: as many as the plan would, unless a number is given."""

    width: int
    depth: int
    stack: int | None = None

    @property
    def name(self) -> str:
        """Return the sizes of the layers from the input to the output."""
        return "-".join(str(size) for size in (N_INPUTS, *[self.width] * self.depth, N_OUTPUTS))


CASES = (Case(WIDTH, DEPTH, 64), Case(WIDTH, DEPTH, 4), Case(1024, 1), Case(1024, 2))


def make_benchmark_plan(
    folder: Path,
    *,
    rates: Sequence[float],
    seeds: int,
    steps: int = STEPS,
    width: int = WIDTH,
    depth: int = DEPTH,
) -> Plan:
    """Write a study of the sweep into a folder and plan it, as a user would."""
    study = {
        "title": "Throughput",
        "question": "How much CPU time does a run take?",
        "task": {"name": "digits"},
        "model": {"name": "mlp", "width": width, "depth": depth},
        "training": {"optimizer": "adamw", "batch_size": BATCH_SIZE, "steps": steps, "evaluations": 1},
        "sweeps": {"grid": {"axes": {"learning_rate": list(rates), "seed": {"count": seeds}}}},
    }
    file = folder / "throughput.yaml"
    file.write_text(yaml.safe_dump(study))
    return make_plan(load_study(file))


def stacked_step(stack: int, steps: int, width: int, depth: int) -> float:
    """Return the CPU-seconds of one step of a stack, in Lightning."""
    from lawbook.training.stack import train_stack

    spent = []
    for length in (SHORT_STEPS, SHORT_STEPS + steps):
        with TemporaryDirectory() as folder:
            plan = make_benchmark_plan(
                Path(folder), rates=[3e-3], seeds=stack, steps=length, width=width, depth=depth
            )
        configs = [run.config for run in plan.runs]
        spent.append(_cpu_seconds(lambda configs=configs: train_stack(configs)))
    return (spent[1] - spent[0]) / steps


def bare_step(digits: Digits, steps: int, width: int, depth: int) -> float:
    """Return the CPU-seconds of one step of the bare loop, after a warm-up."""
    loop = bare_loop(digits, make_model(width, depth), 3e-3)
    loop.train(SHORT_STEPS)
    return _cpu_seconds(lambda: loop.train(steps)) / steps


def sgemm_peak(size: int = 1536, repeats: int = 8) -> float:
    """Return the best FLOP/s of a square float32 matrix product on one thread."""
    import torch

    a, b = torch.randn(size, size), torch.randn(size, size)
    out = torch.empty(size, size)
    torch.mm(a, b, out=out)
    return 2 * size**3 / min(_cpu_seconds(lambda: torch.mm(a, b, out=out)) for _ in range(repeats))


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(digits: Digits, case: Case, folder: Path, steps: int) -> dict[str, str | float]:
    """Return the seconds of a run's step by the bare loop and by the stack, and the FLOPs of one.

    `flops` are those of the matrix products that are computed, `flops_by_rule` those that the plan counts.
    """
    from lawbook.studies.cost import run_cost, stack_size

    width, depth = case.width, case.depth
    plan = make_benchmark_plan(folder, rates=[3e-3], seeds=1, width=width, depth=depth)
    config = plan.runs[0].config
    stack = case.stack or stack_size(config)
    bare_steps = max(50, min(1000, steps * stack // 4))
    before = bare_step(digits, bare_steps, width, depth)
    # The fewer runs, the more steps, lest what they take be lost in what starting takes.
    steps = max(steps, BLOCK * math.ceil(LEAST_S / (before * stack * BLOCK)))
    stacked = stacked_step(stack, steps, width, depth) / stack
    after = bare_step(digits, bare_steps, width, depth)
    return {
        "shape": case.name,
        "stack": stack,
        "bare_s": (before + after) / 2,
        "stacked_s": stacked,
        "flops": matmul_flops(width, depth),
        "flops_by_rule": run_cost(config).flops / config["steps"],
    }


def main() -> None:
    """Measure each case once and write what was found."""
    from lawbook.training.process import prepare_process
    from lawbook.training.stack import train_stack  # noqa: F401 - imported before the clock runs

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", type=int, help="steps of a stack to time, a multiple of 64")
    parser.add_argument("folder", type=Path)
    parser.add_argument("cases", type=int, nargs="*", help="places in CASES; all if there are none")
    arguments = parser.parse_args()
    prepare_process()
    digits = load_digits(arguments.folder)
    peak = sgemm_peak()
    cases = [CASES[place] for place in arguments.cases] or CASES
    rows = [{"peak": peak, **measure(digits, case, arguments.folder, arguments.steps)} for case in cases]
    (arguments.folder / "steps.json").write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
