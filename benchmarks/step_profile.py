"""Where the step of a stack of small perceptrons goes: the share of each operation in the time of all of them.

`python step_profile.py STEPS FOLDER` writes FOLDER/profile.json. PyTorch's profiler sees its own operations, not what
lies between them, and its cost for each makes small ones look larger than they are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from step_speed import CASES, SHORT_STEPS, make_benchmark_plan
from torch.profiler import ProfilerActivity, profile

from lawbook.training.process import prepare_process
from lawbook.training.stack import train_stack


def shares_of_step(steps: int) -> dict[str, float]:
    """Return the share of each operation in the CPU time of all operations of a step, largest first."""
    case = CASES[0]
    assert case.stack is not None
    seconds = [_by_operation(case.stack, length) for length in (SHORT_STEPS, SHORT_STEPS + steps)]
    a_step = {name: (late - seconds[0].get(name, 0.0)) / steps for name, late in seconds[1].items()}
    ordered = sorted(a_step.items(), key=lambda item: -item[1])
    return {name: one / sum(a_step.values()) for name, one in ordered}


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
