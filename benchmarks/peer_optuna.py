"""Peer: an Optuna study in memory over the same grid, with the bare loop as its objective."""

from __future__ import annotations

from pathlib import Path

import optuna
from workload import RATES, bare_run, load_digits, one_thread, peer_main


def sweep(runs: int, folder: Path) -> list[dict[str, float]]:
    """Train all runs, one trial each."""
    one_thread()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    digits = load_digits(folder)
    rows = []

    def objective(trial: optuna.Trial) -> float:
        seed = trial.suggest_int("seed", 0, runs // len(RATES) - 1)
        rate = trial.suggest_categorical("learning_rate", RATES)
        rows.append(bare_run(digits, folder, seed * len(RATES) + RATES.index(rate)))
        return rows[-1]["test_error"]

    grid = {"seed": list(range(runs // len(RATES))), "learning_rate": list(RATES)}
    optuna.create_study(sampler=optuna.samplers.GridSampler(grid, seed=0)).optimize(objective, n_trials=runs)
    return rows


if __name__ == "__main__":
    peer_main(sweep, __doc__ or "")
