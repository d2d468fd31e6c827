"""The benchmark of GPUs runs whole, at toy size on the CPU, and says so where there is no GPU."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks/gpu.py"


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False, timeout=600
    )


@pytest.mark.slow
@pytest.mark.long
def test_it_runs_whole_at_toy_size_on_the_cpu() -> None:
    done = call("--device", "cpu", "--toy")

    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    for row, name in zip(rows[2:], ("MLP 64-64-64-10", "parity network, width 128", "GPT-64"), strict=True):
        assert name in row
        assert row.endswith("the same |"), "a run has the same bits alone and stacked"
    assert "The whole study `smoke`" in done.stdout


def test_without_a_gpu_it_says_what_can_be_tried() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("PyTorch finds a GPU here")
    refused = call()
    assert refused.returncode == 2
    assert "PyTorch finds no GPU here; --device cpu --toy tries the script" in refused.stderr
