"""What a GPU does for sweeps of small models: speed of stacks, share of its peak, the same bits, and a whole study.

    python benchmarks/gpu.py [--device cuda] [--toy] [--page]

On one GPU under eight minutes. Runs per second are those of whole steps, batches and optimiser included: the difference
of two trainings of unequal length, so that set-up and evaluations, which both have, cancel. `--toy` makes all small
enough for a CPU; `--page` writes docs/gpu.md, which says so where no GPU was there.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import yaml
from rich.console import Console

from lawbook.axes import Config
from lawbook.report.markdown import table
from lawbook.results.words import number
from lawbook.storage.files import write_text
from lawbook.studies import load_study, make_plan
from lawbook.studies.cost import run_cost

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/gpu.md"
SHORT = 16
"""Steps of the shorter training of a pair."""


@dataclass(frozen=True)
class Case:
    """A shape of network: what a study says of it, how many runs are stacked, and steps for a stack and for one."""

    name: str
    content: Mapping[str, Any]
    stack: int
    stacked_steps: int
    single_steps: int


CASES = (
    Case(
        "MLP 64-64-64-10",
        {
            "task": {"name": "digits"}, "model": {"name": "mlp", "width": 64, "depth": 2},
            "training": {"batch_size": 64},
        },
        1024, 1024, 1024,
    ),
    Case(
        "parity network, width 128",
        {
            "task": {"name": "sparse_parity", "n_tasks": 100}, "model": {"name": "parity_mlp", "width": 128},
            "training": {"batch_size": 256},
        },
        256, 512, 1024,
    ),
    Case(
        "GPT-64",
        {
            "task": {"name": "corpus", "vocabulary": 256, "context": 64, "samples": 8192},
            "model": {"name": "transformer", "width": 64, "depth": 2, "heads": 4}, "training": {"batch_size": 16},
        },
        64, 256, 512,
    ),
)  # fmt: skip
TOY = tuple(
    Case(case.name, {**case.content, "task": {**case.content["task"], **fewer}}, 2, 16, 16)
    for case, fewer in zip(CASES, ({}, {}, {"context": 16, "samples": 1024}), strict=True)
)


@dataclass(frozen=True)
class Speed:
    """Steps of a run per second in a stack and one at a time, in float32 and of one run in bfloat16; FLOPs of one."""

    case: str
    stack: int
    stacked: float
    single: float
    single_bf16: float
    flops: float


@dataclass(frozen=True)
class Found:
    """All that is measured on a device: speeds, products' FLOP/s by type, whether bits agree, and a study's seconds."""

    device: str
    speeds: Sequence[Speed]
    peaks: Mapping[str, float]
    same_bits: Mapping[str, bool]
    study_s: float


def configs_of(case: Case, runs: int, steps: int, device: str, precision: str = "full") -> list[Config]:
    """Return the configurations of a stack of runs, which differ in seed and learning rate, planned as a study is."""
    training = {
        **case.content["training"],
        "steps": steps,
        "evaluations": 1,
        "device": device,
        "precision": precision,
    }
    study = {
        **case.content, "title": case.name, "question": "How fast?", "training": training,
        "sweeps": {"grid": {"combine": "zip", "axes": {
            "learning_rate": [1e-3 * (1 + i / runs) for i in range(runs)], "seed": list(range(runs)),
        }}},
    }  # fmt: skip
    with TemporaryDirectory() as folder:
        file = Path(folder) / "gpu.yaml"
        file.write_text(yaml.safe_dump(study), encoding="utf-8")
        return [run.config for run in make_plan(load_study(file)).runs]


def steps_per_second(case: Case, runs: int, steps: int, device: str, precision: str = "full") -> float:
    """Return the steps of all runs of a stack per second; NaN where the clock cannot tell two trainings apart."""
    from lawbook.training.stack import train_stack

    short, long = (configs_of(case, runs, n, device, precision) for n in (SHORT, SHORT + steps))
    train_stack(short)  # compiles kernels, fills caches
    spent = seconds(lambda: train_stack(long)) - seconds(lambda: train_stack(short))
    return runs * steps / spent if spent > 0 else math.nan


def speed_of(case: Case, device: str) -> Speed:
    """Return the speeds of one case."""
    stacked = steps_per_second(case, case.stack, case.stacked_steps, device)
    single = steps_per_second(case, 1, case.single_steps, device)
    half = steps_per_second(case, 1, case.single_steps, device, "bf16-mixed")
    (config,) = configs_of(case, 1, SHORT, device)
    return Speed(case.name, case.stack, stacked, single, half, run_cost(config).flops / SHORT)


def same_bits(case: Case, device: str, runs: int = 3, steps: int = 8) -> bool:
    """Tell whether runs of a stack end with the weights that each has alone, bit for bit."""
    from lawbook.training.stack import train_stack

    configs = configs_of(case, runs, steps, device)
    together = train_stack(configs).stacked
    return all(torch.equal(together[[i]], train_stack([config]).stacked) for i, config in enumerate(configs))


def peak(dtype: torch.dtype, device: str, size: int, repeats: int = 8) -> float:
    """Return the best FLOP/s of a square matrix product."""
    a, b = torch.randn(2, size, size, device=device).to(dtype)
    torch.mm(a, b)
    wait(device)

    def product() -> None:
        torch.mm(a, b)
        wait(device)

    return 2 * size**3 / min(seconds(product) for _ in range(repeats))


def wait(device: str) -> None:
    """Wait until the device has done what it was asked to."""
    if device == "cuda":
        torch.cuda.synchronize()


def seconds(work: Callable[[], object]) -> float:
    """Return the wall-clock seconds of some work."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def study_seconds(device: str) -> float:
    """Return the seconds of the whole study smoke on a device, as a command, in a folder of its own."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        content = yaml.safe_load((ROOT / "config/studies/smoke.yaml").read_text(encoding="utf-8"))
        content["training"]["device"] = device
        (folder / "config/studies").mkdir(parents=True)
        (folder / "config/studies/smoke.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        (folder / "config/config.yaml").write_text("default: smoke\n", encoding="utf-8")
        command = [sys.executable, "-m", "lawbook", "run", "smoke", "--cores", "2"]
        return seconds(lambda: subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL))


def measured(device: str, cases: Sequence[Case], size: int) -> Found:
    """Return all that is measured on a device."""
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    console = Console(stderr=True)
    speeds, bits = [], {}
    for case in cases:
        console.print(f"{case.name}: speed, then bits")
        speeds.append(speed_of(case, device))
        bits[case.name] = same_bits(case, device)
    console.print("matrix products, then the study smoke")
    peaks = {str(t).removeprefix("torch."): peak(t, device, size) for t in (torch.float32, torch.bfloat16)}
    return Found(name, speeds, peaks, bits, study_seconds(device))


def tables_of(found: Found) -> str:
    """Return what was measured as Markdown."""
    top = found.peaks["float32"]
    rows = [
        (
            speed.case, str(speed.stack), number(speed.stacked), number(speed.single),
            f"× {number(speed.stacked / speed.single)}", number(speed.single_bf16),
            *(f"{number(100 * steps * speed.flops / top)} %" for steps in (speed.stacked, speed.single)),
            "the same" if found.same_bits[speed.case] else "differ",
        )
        for speed in found.speeds
    ]  # fmt: skip
    header = (
        "network", "runs in the stack", "steps/s of runs, stacked", "one at a time", "factor", "one, bf16-mixed",
        "of the float32 peak, stacked", "one", "bits alone and stacked",
    )  # fmt: skip
    products = ", ".join(f"{name} {value / 1e12:.3g} TFLOP/s" for name, value in found.peaks.items())
    return (
        f"{found.device}, PyTorch {torch.__version__}. Products of large square matrices: {products}. The whole study "
        f"`smoke` as a command: {found.study_s:.0f} s.\n\n{table(header, rows)}\n"
    )


def page_of(found: Found | None) -> str:
    """Return the page; None where no GPU was there."""
    head = "# On a GPU\n\nWritten by `python benchmarks/gpu.py --page`.\n\n"
    if found is None:
        return (
            f"{head}**Not run**: no GPU was at hand. The tests run the whole script on a CPU at toy size, which shows "
            "that it works and nothing about speed. Studies ask for a GPU by `device: cuda`, for bfloat16 by "
            "`precision: bf16-mixed`, and `profiles/slurm-gpu` gives each such job a GPU of its own.\n"
        )
    return (
        f"{head}Steps per second are those of all runs of a stack together, batches and optimiser included, set-up and "
        f"evaluation left out.\n\n{tables_of(found)}"
    )


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--toy", action="store_true", help="stacks of two and eight steps")
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    there = arguments.device == "cpu" or torch.cuda.is_available()
    if not there and not arguments.page:
        parser.error("PyTorch finds no GPU here; --device cpu --toy tries the script")
    cases, size = (TOY, 256) if arguments.toy else (CASES, 8192)
    found = measured(arguments.device, cases, size) if there else None
    if found is not None:
        print(tables_of(found))
    if arguments.page:
        write_text(PAGE, page_of(found if arguments.device == "cuda" else None))
        print(f"Written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
