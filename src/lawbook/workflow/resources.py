"""Resources that a job asks for which trains runs of a shard, or probes: predicted from the runs alone."""

from __future__ import annotations

from collections.abc import Sequence

from lawbook.studies import Run
from lawbook.studies.cost import run_cost, stack_size

LIBRARIES_MB = 1000
"""Memory of a process that has loaded PyTorch and Lightning, and its data."""


def processes(runs: Sequence[Run]) -> int:
    """Return how many processes train at once, each on a core: those of one run that has several devices."""
    return max((run.config["devices"] for run in runs), default=1)


def gpus(runs: Sequence[Run]) -> int:
    """Return how many GPUs are trained on at once: one for each process, or none."""
    return processes(runs) if any(run.config["device"] == "cuda" for run in runs) else 0


def memory_mb(runs: Sequence[Run]) -> int:
    """Return the memory of a job: for each process that trains, the libraries and the largest stack.

    Beside several processes that train one run there is the job itself, which waits for them.
    """
    largest = max((run_cost(run.config).bytes for run in runs), default=0)
    if runs:
        largest *= stack_size(runs[0].config)
    training = processes(runs)
    waiting = LIBRARIES_MB if training > 1 else 0
    return waiting + training * (LIBRARIES_MB + largest // 1_000_000)


def minutes(runs: Sequence[Run]) -> int:
    """Return a generous time limit of a job: five times the predicted seconds, and ten minutes."""
    return 10 + int(5 * sum(run_cost(run.config).seconds for run in runs) / 60)
