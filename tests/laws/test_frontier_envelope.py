"""Lower envelopes over a swept choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.laws import Fit, fit
from lawbook.laws.frontier import lower_envelope

# error = e^(offset) kept^(-slope): the smaller the fraction kept, the steeper; lines cross in log-log.
SLOPES = {0.25: 0.9, 0.5: 0.7, 0.8: 0.55, 1.0: 0.5}
CROSSINGS = [800.0, 1600.0, 3200.0]
KEPT = np.geomspace(100, 12800, 15)


def offsets() -> dict[float, float]:
    """Return offsets that make neighbouring fractions cross at `CROSSINGS`: the full pool best for few."""
    found, offset = {}, 0.0
    fractions = sorted(SLOPES, reverse=True)
    for i, fraction in enumerate(fractions):
        found[fraction] = offset
        if i + 1 < len(fractions):
            offset += (SLOPES[fractions[i + 1]] - SLOPES[fraction]) * np.log(CROSSINGS[i])
    return found


def pruned(seeds: int = 1, noise: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(f, k, s) for f in SLOPES for k in KEPT for s in range(seeds)]
    table = pd.DataFrame(rows, columns=["keep_fraction", "n_train", "seed"])
    error = np.exp(table["keep_fraction"].map(offsets())) / table["n_train"] ** table["keep_fraction"].map(
        SLOPES
    )
    return table.assign(error=error * np.exp(noise * rng.standard_normal(len(table))))


def fits(table: pd.DataFrame) -> dict[float, Fit]:
    return {
        float(f): fit(own, "power", y="error", x="n_train", draws=50)
        for f, own in table.groupby("keep_fraction")
    }


@pytest.mark.parametrize("of_fits", [False, True])
def test_planted_crossings(of_fits: bool) -> None:
    table = pruned()
    found = lower_envelope(fits(table) if of_fits else table, y="error", x="n_train")
    assert found.best["choice"].tolist() == sorted(SLOPES)
    np.testing.assert_allclose(found.best["high"].iloc[::-1], [*CROSSINGS, KEPT[-1]], rtol=1e-6)
    np.testing.assert_allclose(found.best["low"].iloc[::-1], [KEPT[0], *CROSSINGS], rtol=1e-6)
    slope = found.table["choice"].map(SLOPES)
    exact = np.exp(found.table["choice"].map(offsets())) / found.table["n_train"] ** slope
    np.testing.assert_allclose(found.table["error"], exact, rtol=1e-9)
    assert found.table["edge"].equals(found.table["choice"].isin([0.25, 1.0]))


def test_curves_are_used_where_they_have_runs() -> None:
    table = pruned()
    table = table[(table["keep_fraction"] < 1) | (table["n_train"] > 500)]
    found = lower_envelope(table, y="error", x="n_train")
    first = found.table.iloc[0]
    assert first["n_train"] == pytest.approx(100)
    assert first["choice"] == 0.8
    assert bool(first["edge"])


@pytest.mark.parametrize("of_fits", [False, True])
def test_band_over_seeds_holds_the_truth(of_fits: bool) -> None:
    table = pruned(seeds=8, noise=0.02)
    found = lower_envelope(fits(table) if of_fits else table, y="error", x="n_train", draws=200).table
    exact = np.min(
        [np.exp(offsets()[f]) / found["n_train"].to_numpy() ** slope for f, slope in SLOPES.items()], axis=0
    )
    inside = (found["low"] <= exact) & (exact <= found["high"])
    assert inside.mean() > 0.8
    assert np.median(np.log(found["high"] / found["low"])) < 0.05


def test_refused_fits_are_left_out_and_named() -> None:
    every = fits(pruned())
    flat = pruned().query("keep_fraction == 0.25").assign(error=0.1)
    every[0.25] = fit(flat, "power", y="error", x="n_train", draws=50)
    found = lower_envelope(every, y="error", x="n_train")
    assert [note.code for note in found.notes] == ["refused"]
    assert "0.25" in found.notes[0].message
    assert 0.25 not in found.best["choice"].tolist()
    with pytest.raises(LawbookError, match="no fit is left"):
        lower_envelope({0.25: every[0.25]})


def test_fits_of_different_kinds_or_to_no_x_are_refused() -> None:
    every = fits(pruned())
    first = every[0.25]
    for other in (replace(first, level=0.9), replace(first, n_seeds=7), replace(first, method="wild_t")):
        with pytest.raises(
            LawbookError, match=rf"0.25 \({other.method}, {other.n_seeds} seeds, level {other.level}"
        ):
            lower_envelope({**every, 0.25: other}, y="error", x="n_train")
    with pytest.raises(LawbookError, match="fit each choice to x > 0 only"):
        lower_envelope({**every, 0.25: replace(first, x_range=((0.0, 10.0),))}, y="error", x="n_train")
