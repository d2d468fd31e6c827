"""A job that is killed between two files, and files that are damaged, end in the right tables."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
KINDS = ("training killed at a file", "cache entry damaged", "shard table damaged")


def test_three_faults_of_the_benchmark_end_in_the_right_tables() -> None:
    program = [sys.executable, str(REPOSITORY / "benchmarks/faults.py"), "--jobs", "3", "--studies", "0"]
    ran = subprocess.run(
        [*program, "--only", *KINDS],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "| all | 3 |" in ran.stdout
