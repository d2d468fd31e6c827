"""The exponent of trained runs by what is counted: on a surface whose exponents are known by every rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.analyses.drawn import content_of, written

from lawbook.analyses.counted_runs.answer import answer
from lawbook.analyses.counted_runs.block import CountedRunsBlock
from lawbook.analyses.counted_runs.compute import pair_tables
from lawbook.analyses.counted_runs.counts import counts_of
from lawbook.analyses.counted_runs.quantities.counted_exponent import counted_exponent
from lawbook.analyses.counted_runs.section import counted_table
from lawbook.errors import LawbookError
from lawbook.report.figures import draw_figure
from lawbook.results.reader import Results
from lawbook.studies.figure_block import FigureBlock
from lawbook.theory.counting_rules import NON_EMBEDDING, TOTAL, Surface, exponent_over

SURFACE = Surface(1.4, 30.0, 60.0, 0.4, 0.35, embedding=200.0)
BLOCK = CountedRunsBlock(sweep="sizes", budgets={"log10": [1e10, 3e11, 8]})


def planted(seeds: int = 4, noise: float = 1e-4) -> pd.DataFrame:
    """Return evaluations along runs of 14 sizes on the planted surface; the exact rule counts all parameters."""
    rng = np.random.default_rng(0)
    rows = []
    for size in np.geomspace(300, 300_000, 14).round():
        total = float(SURFACE.count(size, TOTAL).round())
        for samples in np.geomspace(3e4, 3e8, 25):
            mean = float(SURFACE.loss(size, samples))
            losses = mean * np.exp(noise * rng.standard_normal(seeds))
            rows += [
                (f"{size:g}-{seed}", seed, total, size, size, 6 * total, samples, loss)
                for seed, loss in enumerate(losses)
            ]
    columns = ["run_id", "seed", "total", "non_embedding", "matrices", "exact", "D", "test_loss"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return pair_tables(BLOCK, planted(), draws=60)


@pytest.fixture
def results(tables: dict[str, pd.DataFrame], tmp_path: Path) -> Results:
    return written("counted_runs", tables, tmp_path)


@pytest.mark.parametrize("size_rule", ["total", "matrices"])
@pytest.mark.parametrize("compute_rule", ["total", "matrices", "exact"])
def test_each_pair_of_rules_has_the_surfaces_own_exponent(tables, size_rule: str, compute_rule: str) -> None:
    known = {"total": TOTAL, "exact": TOTAL, "matrices": NON_EMBEDDING}
    table = tables["exponents"].set_index(["size_rule", "compute_rule"])
    row = table.loc[(size_rule, compute_rule)]
    budgets = np.geomspace(row["compute_low"], row["compute_high"], int(row["n_budgets"]))
    best = SURFACE.count(SURFACE.best_size(budgets, known[compute_rule]), known[size_rule])
    assert row["exponent"] == pytest.approx(exponent_over(budgets, best), abs=0.01)
    assert row["low"] <= row["exponent"] <= row["high"]
    assert row["n_budgets"] == 8
    assert row["n_runs"] == 14 * 4


def test_another_rule_has_the_budgets_that_the_best_runs_cost_by_it(tables) -> None:
    optima = tables["optima"].set_index(["size_rule", "compute_rule"])
    best = optima.loc[("total", "exact")].iloc[[0, -1]]
    sizes = tables["sizes"]
    share = np.interp(
        np.log(best["size"]), np.log(sizes["total"]), np.log(6 * sizes["matrices"] / sizes["exact"])
    )
    budgets = optima.loc[("total", "matrices")]["compute"].iloc[[0, -1]]
    np.testing.assert_allclose(budgets, best["compute"] * np.exp(share), rtol=1e-9)


def test_budgets_end_where_a_larger_size_was_followed_no_further() -> None:
    rows = planted()
    largest = rows["total"] == rows["total"].max()
    end = 6 * 300_000 * 1e5
    short = rows[~largest | (6 * rows["matrices"] * rows["D"] <= end * (1 + 1e-9))]
    table = pair_tables(BLOCK, short, draws=20)["exponents"].set_index(["size_rule", "compute_rule"])
    followed = 6 * 300_000 * short[short["total"] == rows["total"].max()]["D"].max()
    assert table.loc[("matrices", "matrices"), "compute_high"] == pytest.approx(followed)
    assert table.loc[("total", "exact"), "compute_high"] == pytest.approx(3e11)


def test_a_rise_is_paired_over_draws_and_nothing_for_the_rule_that_it_is_of(results: Results) -> None:
    of = results.analysis("counted_runs", "planted")
    rise, low, high, n = counted_exponent(of, pd.DataFrame(), "matrices", less="total")
    alone = counted_exponent(of, pd.DataFrame(), "matrices")
    base = counted_exponent(of, pd.DataFrame())
    assert rise == pytest.approx(alone[0] - base[0])
    assert 0.05 < low <= rise <= high
    assert n == 56
    assert counted_exponent(of, pd.DataFrame(), less="total")[:3] == (0, 0, 0)
    assert counted_exponent(of, pd.DataFrame(), "total", "exact")[0] == pytest.approx(base[0], abs=1e-9)


def test_one_seed_has_exponents_with_intervals_over_budgets_and_no_interval_of_a_rise() -> None:
    table = pair_tables(BLOCK, planted(seeds=1), draws=20)["exponents"]
    assert table[["exponent", "low", "high", "rise"]].notna().all(axis=None)
    assert table[["rise_low", "rise_high"]].isna().all(axis=None)


def test_budgets_whose_best_size_lies_on_an_edge_are_refused_by_every_rule(tmp_path: Path) -> None:
    small = planted().query("total < 4000")
    found = pair_tables(BLOCK, small, draws=20)
    assert set(found["exponents"]["status"]) == {"refused"}
    of = written("counted_runs", found, tmp_path)
    assert np.isnan(counted_exponent(of.analysis("counted_runs", "planted"), pd.DataFrame())[0])
    assert "no exponent" in next(answer(content_of("counted_runs", BLOCK), of))
    shown = counted_table("planted", BLOCK, of.analysis("counted_runs", "planted"))
    assert {row[2] for row in shown.rows} == {"refused"}
    with pytest.raises(LawbookError, match="2 sizes"):
        pair_tables(BLOCK, small[small["total"].isin(small["total"].unique()[:2])])


def test_a_rule_that_counts_nothing_is_left_out() -> None:
    without = pair_tables(BLOCK, planted().assign(matrices=0.0), draws=20)["exponents"]
    assert set(without["size_rule"]) == {"total", "non_embedding"}


def test_counts_of_a_transformer_and_of_a_perceptron() -> None:
    text = {"task": "corpus", "context": 32, "vocabulary": 256, "folder": "", "batch_size": 8}
    found = counts_of({**text, "model": "transformer", "width": 16, "depth": 2, "heads": 2})
    assert found.matrices == 12 * 2 * 16**2
    assert found.total - found.non_embedding == 16 * (32 + 256)
    assert found.exact == 6 * (found.matrices + 16 * 256) + 12 * 2 * 32 * 16
    assert found.tokens == 32
    digits = {"task": "digits", "model": "mlp", "width": 8, "depth": 2, "bias": "on", "batch_size": 4}
    found = counts_of(digits)
    assert (found.matrices, found.tokens) == (64, 1)


def test_page_figure_and_answer_tell_all_pairs(results: Results) -> None:
    shown = counted_table("planted", BLOCK, results.analysis("counted_runs", "planted"))
    assert {len(row) for row in shown.rows} == {len(shown.columns)}
    assert len(shown.rows) == 12
    (said,) = answer(content_of("counted_runs", BLOCK), results)
    assert "all 12 pairs of rules" in said
    figure = FigureBlock(kind="counted_runs", of="planted")
    draw_figure(figure, results.folder, content_of("counted_runs", BLOCK), results.folder / "figures")
    data = pd.read_csv(results.folder / "figures/counted_runs_planted.csv")
    assert set(data["part"]) == {"exponent", "optimum"}
