"""Where the step of a stack of small perceptrons goes: the share of each operation in its CPU time.

`python step_profile.py STEPS FOLDER` writes FOLDER/profile.json. PyTorch's profiler sees its own operations; what lies
between them, Python and Lightning, is what is left of the process's CPU time over the same steps.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from step_speed import CASES, SHORT_STEPS, make_benchmark_plan, stacked_step
from torch.profiler import ProfilerActivity, profile

from lawbook.training.process import prepare_process
from lawbook.training.stack import train_stack

BETWEEN = "between operations: Python, Lightning"


def shares_of_step(steps: int) -> dict[str, float]:
    """Return the share of each operation in the CPU time of a step, largest first, and of what lies between them."""
    case = CASES[0]
    assert case.stack is not None
    spent_s = stacked_step(case.stack, steps, case.width, case.depth)
    seconds = [_by_operation(case.stack, length) for length in (SHORT_STEPS, SHORT_STEPS + steps)]
    a_step = {name: (late - seconds[0].get(name, 0.0)) / steps for name, late in seconds[1].items()}
    found = {name: one / spent_s for name, one in sorted(a_step.items(), key=lambda item: -item[1])}
    return found | {BETWEEN: max(0.0, 1 - sum(found.values()))}


def _by_operation(stack: int, length: int) -> dict[str, float]:
    """Return the seconds of each operation of a stack that takes so many steps; evaluation is the same for all."""
    with TemporaryDirectory() as folder:
        plan = make_benchmark_plan(Path(folder), rates=[3e-3], seeds=stack, steps=length)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        train_stack([run.config for run in plan.runs])
    return {event.key: event.self_cpu_time_total / 1e6 for event in profiled.key_averages()}


def main() -> None:
    """Write the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", type=int)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    prepare_process()
    (arguments.folder / "profile.json").write_text(json.dumps(shares_of_step(arguments.steps)))


if __name__ == "__main__":
    main()
