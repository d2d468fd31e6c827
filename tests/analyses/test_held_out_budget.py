"""The largest budget predicted from the smaller ones: on a known surface, and where nothing can be predicted."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.analyses.drawn import content_of, written

from lawbook.analyses.held_out_budget.answer import answer
from lawbook.analyses.held_out_budget.block import HeldOutBudgetBlock
from lawbook.analyses.held_out_budget.compute import budget_tables
from lawbook.analyses.held_out_budget.quantities.held_out_band import held_out_band
from lawbook.analyses.held_out_budget.quantities.held_out_error import held_out_error
from lawbook.analyses.held_out_budget.quantities.interior_budgets import interior_budgets
from lawbook.analyses.held_out_budget.quantities.largest_loss_step import largest_loss_step
from lawbook.analyses.held_out_budget.quantities.surface_error import surface_error
from lawbook.analyses.held_out_budget.section import held_out_tables
from lawbook.analyses.held_out_budget.text import bits_per_nat, bytes_per_token
from lawbook.errors import LawbookError
from lawbook.laws.frontier.parametric import closed_form
from lawbook.report.figures import draw_figure
from lawbook.results.reader import Results
from lawbook.studies.figure_block import FigureBlock

PLANTED = np.array([1.8, 40.0, 60.0, 0.35, 0.37])
BLOCK = HeldOutBudgetBlock(sweep="sizes", budgets={"log10": [1e7, 1e9, 6]})
SIZES = np.geomspace(100, 40_000, 14).round()


def planted(seeds: int = 4, noise: float = 1e-3, sizes: np.ndarray = SIZES) -> pd.DataFrame:
    """Return evaluations along runs on the planted surface, every run as long as the largest budget allows."""
    rng = np.random.default_rng(0)
    floor, a, b, alpha, beta = PLANTED
    rows = []
    for size in sizes:
        for samples in np.geomspace(5e6, 1.1e9, 14) / (6 * size):
            loss = floor + a / size**alpha + b / samples**beta
            rows += [
                (f"{size:g}-{seed}", seed, size, samples, 6 * size * samples, loss * np.exp(noise * error))
                for seed, error in enumerate(rng.standard_normal(seeds))
            ]
    return pd.DataFrame(rows, columns=["run_id", "seed", "n_params", "samples_seen", "flops", "test_loss"])


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return budget_tables(BLOCK, planted(), 1.5, draws=60)


@pytest.fixture
def results(tables: dict[str, pd.DataFrame], tmp_path: Path) -> Results:
    return written("held_out_budget", tables, tmp_path)


def least_loss(budget: float) -> float:
    """Return the least loss of the planted surface at a budget, in closed form."""
    floor, a, b, alpha, beta = PLANTED
    size = float(np.exp(closed_form(PLANTED, np.log([budget / 6]))[0]))
    return floor + a / size**alpha + b / (budget / (6 * size)) ** beta


def test_the_surface_predicts_what_the_planted_one_has_and_a_power_law_misses_its_floor(tables) -> None:
    rows = tables["predictions"].set_index("method")
    known = least_loss(1e9)
    np.testing.assert_allclose(rows["measured"], known, rtol=2e-3)
    surface = rows.loc["surface"]
    assert surface["low"] <= known <= surface["high"]
    assert surface["error_low"] < 0 < surface["error_high"]
    below = np.geomspace(1e7, 1e9, 6)[:-1]
    slope, start = np.polyfit(np.log(below), [math.log(least_loss(budget)) for budget in below], 1)
    off = start + slope * math.log(1e9) - math.log(known)
    assert off < -0.005, "a power law has no floor"
    assert rows.loc["power", "error"] == pytest.approx(off, abs=2e-3)
    before = math.log(least_loss(below[-1]) / known)
    assert rows.loc["last", "error"] == pytest.approx(before, abs=2e-3)


def test_budgets_have_the_least_loss_and_its_fall(tables) -> None:
    budgets = tables["budgets"]
    np.testing.assert_allclose(budgets["loss"], [least_loss(c) for c in budgets["compute"]], rtol=2e-3)
    np.testing.assert_allclose(budgets["fall"][1:], np.diff(np.log(budgets["loss"])))
    assert np.isnan(budgets["fall"][0])
    assert (budgets["bits_per_byte"] == 1.5 * budgets["loss"]).all()
    assert budgets["edge"].isna().all()


def test_the_held_out_budget_is_in_no_fit(tables) -> None:
    parts = tables["surfaces"].set_index("part")
    rows = planted()
    below = rows[(rows["flops"] >= 1e7) & (rows["flops"] <= BLOCK.budgets[-2])]
    assert parts.loc["below", "n_points"] == len(below)
    assert parts.loc["all", "n_points"] == (rows["flops"] >= 1e7).sum()
    # The mean of |ε| of normal noise of 0.001.
    assert parts.loc["all", "mean_error"] == pytest.approx(1e-3 * math.sqrt(2 / math.pi), rel=0.1)


def test_quantities_say_what_the_tables_hold(results: Results, tables) -> None:
    of, none = results.analysis("held_out_budget", "planted"), pd.DataFrame()
    rows = tables["predictions"].set_index("method")
    value, low, high, n = held_out_error(of, none)
    assert (value, low) == (pytest.approx(abs(rows.loc["surface", "error"])), 0)
    assert high > value
    assert n == 14 * 4
    gap, below, above, _ = held_out_error(of, none, less="last")
    assert below < gap < above < 0
    assert held_out_band(of, none)[0] == pytest.approx(
        rows.loc["surface", "high"] / rows.loc["surface", "low"] - 1
    )
    assert surface_error(of, none)[0] == pytest.approx(8e-4, rel=0.1)
    assert interior_budgets(of, none)[:3] == (6, 6, 6)
    step, _, highest, _ = largest_loss_step(of, none)
    assert step < highest < 0


def test_where_the_best_size_of_the_largest_budget_is_on_an_edge_nothing_is_predicted(tmp_path: Path) -> None:
    found = budget_tables(BLOCK, planted(sizes=SIZES[:7]), draws=20)
    assert set(found["predictions"]["status"]) == {"refused"}
    assert found["budgets"]["edge"].iloc[-1] == "largest"
    assert found["budgets"]["low"].isna().iloc[-1]
    results = written("held_out_budget", found, tmp_path)
    of = results.analysis("held_out_budget", "planted")
    assert np.isnan(held_out_error(of, pd.DataFrame())[0])
    assert np.isnan(held_out_band(of, pd.DataFrame())[0])
    inside, surely, most, _ = interior_budgets(of, pd.DataFrame())
    assert surely <= inside < most == 6
    assert "predicts no loss" in next(answer(content_of("held_out_budget", BLOCK), results))
    shown = held_out_tables("planted", BLOCK, of)
    assert all(row[1].startswith("refused") for row in shown.rows)
    with pytest.raises(LawbookError, match="nothing is predicted"):
        draw_figure(
            FigureBlock(kind="held_out_budget", of="planted"),
            results.folder,
            content_of("held_out_budget", BLOCK),
            tmp_path / "figures",
        )


def test_one_seed_has_estimates_without_intervals(tmp_path: Path) -> None:
    found = budget_tables(BLOCK, planted(seeds=1), draws=20)
    assert found["predictions"][["predicted", "measured", "error"]].notna().all(axis=None)
    assert found["budgets"][["low", "high", "fall_low"]].isna().all(axis=None)
    of = written("held_out_budget", found, tmp_path).analysis("held_out_budget", "planted")
    count, *ends, _ = interior_budgets(of, pd.DataFrame())
    assert count == 6
    assert np.isnan(ends).all()


def test_budgets_too_few_are_refused() -> None:
    with pytest.raises(ValueError, match="4 budgets above 0"):
        HeldOutBudgetBlock(sweep="sizes", budgets=[1e7, 1e8, 1e9])


def test_bytes_of_a_token(tmp_path: Path) -> None:
    for i in range(40):
        (tmp_path / f"{i}.txt").write_text(f"the {i}th text is here, and here it is again: the text\n" * 4)
    config = {
        "task": "corpus",
        "context": 4,
        "folder": str(tmp_path),
        "seed": 0,
        "samples": 1,
        "vocabulary": 256,
    }
    assert bytes_per_token(config) == 1
    assert bits_per_nat([config, config | {"seed": 1}]) == pytest.approx(1 / math.log(2))
    learned = bytes_per_token(config | {"vocabulary": 270})
    assert 1.2 < learned < 6
    assert math.isnan(bits_per_nat([config, config | {"vocabulary": 270}]))
    assert math.isnan(bytes_per_token({"task": "digits"}))


def test_page_figure_and_answer_tell_predictions_and_budgets(results: Results) -> None:
    shown = held_out_tables("planted", BLOCK, results.analysis("held_out_budget", "planted"))
    assert {len(row) for row in shown.rows} == {len(shown.columns)}
    assert {len(row) for row in shown.budgets} == {len(shown.budget_columns)}
    assert "bits per byte" in shown.budget_columns
    (said,) = answer(content_of("held_out_budget", BLOCK), results)
    assert "power law is off by −" in said
    figure = FigureBlock(kind="held_out_budget", of="planted")
    draw_figure(figure, results.folder, content_of("held_out_budget", BLOCK), results.folder / "figures")
    data = pd.read_csv(results.folder / "figures/held_out_budget_planted.csv")
    assert set(data["part"]) == {"budget", "prediction"}
