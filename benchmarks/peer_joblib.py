"""Peer: joblib's loky back end, two workers of one thread each, with the bare loop as their function."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from workload import Digits, bare_run, load_digits, one_thread, peer_main


@cache
def _digits_of_worker(folder: Path) -> Digits:
    one_thread()
    return load_digits(folder)


def train_run(folder: Path, run: int) -> dict[str, float]:
    """Train one run in a worker, which loads the data once."""
    return bare_run(_digits_of_worker(folder), folder, run)


def sweep(runs: int, folder: Path) -> list[dict[str, float]]:
    """Train all runs, then wait for the workers to end, so that their CPU time is counted."""
    rows = Parallel(n_jobs=2, backend="loky")(delayed(train_run)(folder, run) for run in range(runs))
    get_reusable_executor().shutdown(wait=True)
    return list(rows)


if __name__ == "__main__":
    # Workers look functions up by name, in a module that they can import.
    import peer_joblib

    peer_main(peer_joblib.sweep, __doc__ or "")
