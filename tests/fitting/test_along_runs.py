"""Laws of several inputs over every evaluation of every run: what is independent there, and what is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.fitting.test_study import Block

from lawbook.fitting.study import fit_study
from lawbook.laws import fit
from lawbook.laws.repeats import independent
from lawbook.results.evaluations import runs_at

PLANTED = {"E": 1.5, "A": 30.0, "B": 50.0, "alpha": 0.4, "beta": 0.35}
SIZES = np.geomspace(1e2, 1e5, 12).round()
STEPS = np.unique(np.geomspace(4, 4000, 14).round().astype(int))
BATCH = 32


def planted(seeds: int, of_run: float, of_point: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs and curves whose losses are off by a factor of the whole run and one of each evaluation."""
    rng = np.random.default_rng(5)
    runs, curves = [], []
    for size in SIZES:
        for seed in range(seeds):
            name = f"{size:g}-{seed}"
            exact = (
                PLANTED["E"]
                + PLANTED["A"] / size ** PLANTED["alpha"]
                + PLANTED["B"] / (BATCH * STEPS) ** PLANTED["beta"]
            )
            loss = exact * np.exp(of_run * rng.standard_normal() + of_point * rng.standard_normal(len(STEPS)))
            last = {"test_loss": loss[-1], "steps": STEPS[-1], "flops": 6 * size * BATCH * STEPS[-1]}
            last["batch_size"] = BATCH
            runs.append(
                {"run_id": name, "sweeps": "sizes", "n_params": size, "seed": seed, "status": "ok", **last}
            )
            along = {
                "run_id": name,
                "step": STEPS,
                "samples_seen": BATCH * STEPS,
                "split": "test",
                "metric": "loss",
                "index": None,
            }
            curves.append(pd.DataFrame({**along, "value": loss}))
    return pd.DataFrame(runs), pd.concat(curves, ignore_index=True)


BLOCK = Block(x=("n_params", "samples_seen"), sweep="sizes", compare=("chinchilla",), at="every")


@pytest.mark.parametrize(("seeds", "independent_of"), [(1, "run_id"), (8, "seed")])
def test_a_surface_over_size_and_samples_is_found_with_whole_runs_as_repeats(
    seeds: int, independent_of: str
) -> None:
    runs, curves = planted(seeds, of_run=5e-3, of_point=1e-3)
    assert independent(runs_at(runs, curves, "every")) == [independent_of]
    fits = fit_study({"surface": BLOCK}, runs, curves=curves, draws=200)["fits"].set_index("parameter")
    assert set(fits["status"]) == {"ok"}
    for name in ("E", "alpha", "beta"):
        row = fits.loc[name]
        assert row["low"] <= PLANTED[name] <= row["high"], name
        assert row["estimate"] == pytest.approx(PLANTED[name], rel=0.1)
    row = fits.loc["alpha"]
    assert (row["n_points"], row["n_runs"]) == (len(SIZES) * len(STEPS), len(runs))
    assert row["n_seeds"] == (len(SIZES) if seeds == 1 else seeds)
    assert "points_along_runs" in row["notes"]
    assert "n_params 100–100,000" in row["ranges"]


def test_taking_evaluations_of_one_run_for_repeats_would_make_intervals_too_narrow() -> None:
    runs, curves = planted(1, of_run=5e-3, of_point=1e-3)
    fits = fit_study({"surface": BLOCK}, runs, curves=curves, draws=200)["fits"].set_index("parameter")
    rows = runs_at(runs, curves, "every")
    alone = fit(rows, "chinchilla", y="test_loss", x=BLOCK.inputs, cluster=None, draws=200).estimates["alpha"]
    assert fits.loc["alpha", "high"] - fits.loc["alpha", "low"] > 1.5 * (alone.high - alone.low)


def test_rows_along_a_run_carry_the_compute_up_to_them() -> None:
    runs, curves = planted(1, 0, 0)
    every = runs_at(runs, curves, "every")
    np.testing.assert_allclose(every["flops"], 6 * every["n_params"] * every["samples_seen"])
    np.testing.assert_allclose(runs_at(runs, curves, "last")["flops"], runs["flops"])
