"""Does the law describe the data at all: misspecified ones are refused, well specified ones are not."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.laws import fit, laws
from lawbook.laws.model_comparison import linearised, noise_of
from lawbook.laws.points import gather
from lawbook.laws.solver import solve
from lawbook.laws.verdict import lack_of_fit, misspecified, residual_pattern
from lawbook.theory.sgd_oracle import constant_rate_loss

DATA = Path(os.environ.get("LAWBOOK_DATA", Path(__file__).parents[3] / "shared" / "data"))
CHINCHILLA = DATA / "chinchilla_epoch_svg_extracted.csv"


def surface(noise: float) -> pd.DataFrame:
    """Return the exact loss of one-pass linear regression over a grid of N modes and t steps."""
    steps = np.geomspace(30, 30_000, 10).round()
    rows = [
        (size, t, loss)
        for size in 2 ** np.arange(3, 10)
        for t, loss in zip(steps, constant_rate_loss(int(size), 0.3, 64, steps, noise=noise), strict=True)
    ]
    return pd.DataFrame(rows, columns=["N", "t", "loss"])


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_the_additive_law_is_misspecified_on_the_surface_of_linear_regression(noise: float) -> None:
    fitted = fit(surface(noise), "chinchilla", y="loss", x=["N", "t"], cluster=None, draws=20)
    assert 0.09 < fitted.points["residual"].std() < 0.15
    assert fitted.status == "refused"
    assert "misspecified" in fitted.reason


def test_a_law_that_misses_a_surface_by_little_is_told_of_and_kept() -> None:
    fitted = fit(surface(0.05), "chinchilla_gamma", y="loss", x=["N", "t"], cluster=None, draws=20)
    assert fitted.points["residual"].std() < 0.01
    assert fitted.status != "refused"
    assert "systematic_residuals" in {note.code for note in fitted.notes}


def test_an_exact_surface_has_no_pattern() -> None:
    table = surface(0.0).assign(loss=lambda s: 0.5 + 3 * s.N**-0.4 + 5 * s.t**-0.5)
    fitted = fit(table, "chinchilla", y="loss", x=["N", "t"], cluster=None, draws=20)
    assert fitted.status == "ok"
    assert "systematic_residuals" not in {note.code for note in fitted.notes}


def test_a_wave_around_a_floor_is_misspecified_although_little_is_unexplained() -> None:
    x = np.geomspace(8, 4096, 14)
    y = (0.02 + 3 / x) * np.exp(0.25 * np.sin(np.linspace(0, 9, 14)))
    fitted = fit(pd.DataFrame({"x": x, "y": y}), "power_floor", y="y", x="x", cluster=None, draws=20)
    assert fitted.status == "refused"
    assert "misspecified" in fitted.reason
    rng = np.random.default_rng(0)
    runs = pd.DataFrame(
        {
            "x": np.tile(x, 5), "seed": np.repeat(np.arange(5), 14),
            "y": np.tile(y, 5) * np.exp(0.05 * rng.standard_normal(70)),
        }
    )  # fmt: skip
    repeated = fit(runs, "power_floor", y="y", x="x", draws=20)
    assert repeated.status == "refused"
    assert "misspecified" in repeated.reason


@pytest.mark.skipif(not CHINCHILLA.exists(), reason=f"the points are not in {DATA}: set LAWBOOK_DATA")
def test_chinchilla_is_kept_on_its_own_runs() -> None:
    runs = pd.read_csv(CHINCHILLA).sort_values("loss").iloc[:-5]
    table = pd.DataFrame({"N": runs["Model Size"], "D": runs["Training FLOP"] / 6 / runs["Model Size"]})
    table["loss"] = runs["loss"]
    fitted = fit(
        table, "chinchilla", y="loss", x=["N", "D"], cluster=None, loss="log_huber", delta=1e-3, draws=20
    )
    assert fitted.n_points == 240
    assert fitted.status == "ok"


@pytest.mark.parametrize("seeds", [1, 4])
@pytest.mark.parametrize("law", ["power_floor", "chinchilla"])
def test_right_laws_are_not_refused(law: str, seeds: int) -> None:
    rng = np.random.default_rng(1)
    if law == "chinchilla":
        N, D = (each.ravel() for each in np.meshgrid(np.geomspace(1e6, 1e9, 6), np.geomspace(1e8, 1e10, 5)))
        design, planted = pd.DataFrame({"N": N, "D": D}), (1.7, 400.0, 2000.0, 0.34, 0.37)
    else:
        design, planted = pd.DataFrame({"x": np.geomspace(32, 4096, 10)}), (0.3, 3.0, 0.5)
    x = design.to_numpy()
    exact = np.exp(laws[law].log_predict(x, np.array(planted)))
    refused, small = 0, []
    for _ in range(100):
        # 20 % noise: what is systematic by chance is large enough to refuse, so that p alone protects.
        y = exact * np.exp(0.2 * rng.standard_normal((seeds, len(x))))
        runs = pd.concat([design.assign(seed=s, y=y[s]) for s in range(seeds)])
        points = gather(runs, y="y", x=list(design.columns), cluster="seed" if seeds > 1 else None)
        solution = solve(laws[law], points.x, points.data(), starts=8)
        told = lack_of_fit(laws[law], points, solution)
        refused += misspecified(laws[law], points, solution, *told) is not None
        linear = linearised(laws[law], points, solution.parameters[0])
        small.append(residual_pattern(linear, points.x, noise_of(points).exact).p)
    assert refused <= 1
    # The p of the pattern is uniform: its share below 0.1 is a tenth, within three standard errors.
    assert abs(np.mean(np.array(small) < 0.1) - 0.1) < 3 * np.sqrt(0.09 / 100)
