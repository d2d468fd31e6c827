"""What a command takes as a process of its own: CPU and wall-clock seconds, its peak memory, and what it says."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
POLL_S = 0.02


@dataclass(frozen=True)
class Process:
    """What a finished process and its children took, and what it said."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str

    @property
    def row(self) -> dict[str, float]:
        """Return its figures."""
        return {"wall_s": self.wall_s, "cpu_s": self.cpu_s, "peak_mb": self.peak_mb}


def timed(
    *command: object, environment: Mapping[str, str] | None = None, folder: Path = REPOSITORY
) -> Process:
    """Run a command in a folder to its end. Raises RuntimeError with what it said if it fails."""
    alone = {"PYTHONPATH": str(REPOSITORY / "src"), "OMP_NUM_THREADS": "1"}
    began, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [str(part) for part in command], cwd=folder, env=os.environ | alone | (environment or {}),
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        ended = 0
        while not ended:
            time.sleep(POLL_S)
            peak = max(peak, _peak_mb(process.pid))
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        wall_s = time.perf_counter() - began
        output.seek(0)
        said = output.read()
    if status:
        raise RuntimeError(f"{command}: {said[-2000:]}")
    return Process(wall_s, usage.ru_utime + usage.ru_stime, peak, said)


def _peak_mb(pid: int) -> float:
    """Return a process's own peak so far; what `wait4` tells includes its parent's at the moment of the fork."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
