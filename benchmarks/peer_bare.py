"""Peer: a bare PyTorch loop, one run after another in one process."""

from __future__ import annotations

from pathlib import Path

from workload import bare_run, load_digits, one_thread, peer_main


def sweep(runs: int, folder: Path) -> list[dict[str, float]]:
    """Train all runs."""
    one_thread()
    digits = load_digits(folder)
    return [bare_run(digits, folder, run) for run in range(runs)]


if __name__ == "__main__":
    peer_main(sweep, __doc__ or "")
