"""Steps without start-up: a stacked Lightning step against a bare loop's, and the machine's sgemm peak.

A stack's step is the difference between two trainings of unequal length, divided by their difference in
steps: whatever is paid once (set-up, first batches, final evaluation) cancels, and nothing inside is touched.
The bare loop is timed before and after in the same process and averaged, so that a slow drift of the machine
cancels too.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from workload import BATCH_SIZE, DEPTH, STEPS, WIDTH, Digits, bare_loop, load_digits, matmul_flops

from lawbook.studies import Plan, load_study, make_plan

SHORT_STEPS = 16
SHAPES = {"64-128-10": (WIDTH, DEPTH), "64-1024-10": (1024, 1), "64-1024-1024-10": (1024, 2)}


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
    loop = bare_loop(digits, 0, 3e-3, width=width, depth=depth)
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


def measure_shape(digits: Digits, shape: str, stack: int, steps: int) -> dict[str, float]:
    """Return the seconds of a run's step by the bare loop and by the stack, and the FLOPs of one."""
    width, depth = SHAPES[shape]
    bare_steps = max(50, min(1000, steps * stack // 4))
    before = bare_step(digits, bare_steps, width, depth)
    stacked = stacked_step(stack, steps, width, depth) / stack
    after = bare_step(digits, bare_steps, width, depth)
    return {
        "stack": stack,
        "bare_s": (before + after) / 2,
        "stacked_s": stacked,
        "flops": matmul_flops(width, depth),
    }


def main() -> None:
    """Measure each shape once and write what was found."""
    from lawbook.studies.cost import stack_size
    from lawbook.training.process import prepare_process
    from lawbook.training.stack import train_stack  # noqa: F401 - imported before the clock runs

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", type=int, help="steps of a stack to time, a multiple of 64")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    prepare_process()
    digits = load_digits()
    found: dict[str, object] = {"peak": sgemm_peak()}
    for shape, (width, depth) in SHAPES.items():
        plan = make_benchmark_plan(arguments.folder, rates=[3e-3], seeds=1, width=width, depth=depth)
        stack = 64 if shape == "64-128-10" else stack_size(plan.runs[0].config)
        found[shape] = measure_shape(digits, shape, stack, arguments.steps)
    (arguments.folder / "steps.json").write_text(json.dumps(found))
    print(len(SHAPES), 0.0)


if __name__ == "__main__":
    main()
