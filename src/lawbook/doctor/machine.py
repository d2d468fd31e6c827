"""Checks of the machine: its cores, its memory and its GPUs. That there is no GPU is fine."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path

from lawbook.doctor.finding import Finding

GB = 1_000_000_000
LEAST_MEMORY = 2 * GB
"""Snakemake, and one job that has loaded PyTorch and its data."""

_CGROUP = Path("/sys/fs/cgroup")
"""Where Linux says how much of the machine a container may use."""


def cores() -> Finding:
    """Say how many cores this process may use, and to how many a container limits it."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _cgroup("cpu.max").partition(" ")
    share = int(quota) / int(period) if quota.isdecimal() and period.isdecimal() else here
    limited = f", of which the container's limit leaves {share:g}" if share < here else ""
    return Finding("cores", True, f"{here}{limited}")


def memory(available: int | None = None) -> Finding:
    """Say how much memory there is for jobs, and whether one of them fits."""
    available = _available_memory() if available is None else available
    text = f"{available / GB:.1f} GB to be had"
    if available < LEAST_MEMORY:
        fix = f"a job needs {LEAST_MEMORY / GB:g} GB; end other programs, or take a machine with more"
        return Finding("memory", False, text, fix)
    return Finding("memory", True, text)


def gpu(listed: Sequence[str] | None = None, seen: Sequence[str] | None = None) -> Finding:
    """Say which GPUs PyTorch can train on; off is a GPU that the driver lists and PyTorch does not see.

    listed, seen: names of GPUs, by default what the driver and PyTorch say.
    """
    listed = _by_driver() if listed is None else listed
    seen = _by_torch() if seen is None else seen
    if seen:
        return Finding("GPU", True, f"{len(seen)}: {', '.join(dict.fromkeys(seen))}")
    if not listed:
        return Finding("GPU", True, "none; studies train on the CPU")
    names = ", ".join(dict.fromkeys(listed))
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return Finding("GPU", True, f"{names}, hidden by CUDA_VISIBLE_DEVICES")
    fix = "install a PyTorch made for its driver, see pytorch.org/get-started; device: cpu works all the same"
    return Finding("GPU", False, f"{names} is here, but PyTorch does not see it", fix)


def _available_memory() -> int:
    """Return the bytes of memory that new programs may take without swapping, at most what a container allows."""
    limit = _cgroup("memory.max")
    allowed = int(limit) if limit.isdecimal() else None
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):  # not Linux: all there is
        available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return available if allowed is None else min(available, allowed)


def _cgroup(file: str) -> str:
    try:
        return (_CGROUP / file).read_text().strip()
    except OSError:
        return ""


def _by_driver() -> list[str]:
    """Return the GPUs that NVIDIA's driver lists."""
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in told.stdout.splitlines() if line.strip()]


def _by_torch() -> list[str]:
    """Return the GPUs that PyTorch sees; none without a PyTorch that loads, of which another check tells."""
    try:
        import torch
    except Exception:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a driver that it cannot use
        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
