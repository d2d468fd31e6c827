"""The best learning rate, and the critical batch size, of the task sgd_oracle by exact losses."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from tests.analyses.oracle_runs import oracle_runs

from lawbook.analyses.critical_batch.answer import answer as batch_answer
from lawbook.analyses.critical_batch.block import TABLES as BATCH_TABLES
from lawbook.analyses.critical_batch.block import CriticalBatchBlock
from lawbook.analyses.critical_batch.compute import critical_batch_tables
from lawbook.analyses.critical_batch.quantities.critical_batch import critical_batch
from lawbook.analyses.critical_batch.section import batch_tables
from lawbook.analyses.optimal_rate.answer import answer
from lawbook.analyses.optimal_rate.block import TABLES, OptimalRateBlock
from lawbook.analyses.optimal_rate.compute import rate_tables
from lawbook.analyses.optimal_rate.quantities.optimal_rate import optimal_rate
from lawbook.analyses.optimal_rate.quantities.optimal_rate_exponent import optimal_rate_exponent
from lawbook.analyses.optimal_rate.section import rate_tables as shown_rates
from lawbook.errors import LawbookError
from lawbook.report.figures import draw_figure
from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table
from lawbook.studies.figure_block import FigureBlock
from lawbook.theory.sgd_oracle import constant_rate_loss

CENTRES = {("constant", 125): 0.31, ("constant", 1000): 0.2, ("linear", 125): 1.1, ("linear", 1000): 1.1}


def valleys(noise_variance=0.5):
    """Return runs of rates about the best one of 125 and 1,000 steps, of two schedules."""
    configs = [
        {
            "modes": 256, "batch_size": 4, "steps": steps, "schedule": schedule, "noise_variance": noise_variance,
            "learning_rate": float(rate),
        }
        for (schedule, steps), centre in CENTRES.items()
        for rate in centre * (1.2 if schedule == "constant" else 1.08) ** np.arange(-3, 5)
    ]  # fmt: skip
    return oracle_runs(configs, seeds=3, noise=1e-3, evaluations=2)[0]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the results of both analyses, their blocks and runs."""
    folder = tmp_path_factory.mktemp("results")
    rates = OptimalRateBlock(sweep="all", by=["schedule"], exact="sgd_oracle")
    batches = CriticalBatchBlock(sweep="all", level=0.4, exact="sgd_oracle")
    runs = valleys()
    found = {
        "optimal_rate": (TABLES, rate_tables(rates, runs, draws=200)),
        "critical_batch": (BATCH_TABLES, critical_batch_tables(batches, *branches(), draws=50)),
    }
    for kind, (columns, tables) in found.items():
        (folder / kind / "one").mkdir(parents=True)
        for name, table in tables.items():
            write_table(conform(table, columns[name]), folder / kind / "one" / f"{name}.parquet")
    return Results(folder), rates, batches, runs


def test_the_best_rate_falls_with_training_at_a_constant_rate_and_stays_under_linear_decay(results):
    """Published at 125 steps .318, at 8,000 .115; exponent −.24; under linear decay ≈ 0, at 1.07."""
    tables, *_ = results
    optima = tables.analysis("optimal_rate", "one").table("optima").set_index(["case", "x"])
    # By the closed form at a constant rate, which the analysis, along steps, does not use.
    for steps in (125, 1000):
        best = minimize_scalar(
            lambda u, steps=steps: constant_rate_loss(256, np.exp(u), 4, [steps], noise=0.5)[0],
            bounds=np.log([0.1, 0.6]), method="bounded", options={"xatol": 1e-5},
        )  # fmt: skip
        row = optima.loc[("schedule=constant", steps)]
        assert row["exact"] == pytest.approx(np.exp(best.x), rel=1e-3)
        assert row["on_exact_losses"] == pytest.approx(row["exact"], rel=0.01)
        assert row["rate"] == pytest.approx(row["exact"], rel=0.03)
    assert optima.loc[("schedule=constant", 125), "exact"] == pytest.approx(0.318, rel=0.02)
    assert optima.loc[("schedule=linear", 1000), "exact"] == pytest.approx(1.07, rel=0.02)
    exponents = tables.analysis("optimal_rate", "one").table("exponents").set_index("case")
    assert exponents.loc["schedule=constant", "exact"] == pytest.approx(
        -0.2, abs=0.01
    )  # −.24 up to 8,000 steps
    assert exponents.loc["schedule=linear", "exact"] == pytest.approx(0, abs=0.01)
    for case, exact in exponents["exact"].items():
        assert exponents.loc[case, "low"] - 0.02 < exact < exponents.loc[case, "high"] + 0.02


@pytest.mark.slow
def test_exact_rates_at_eight_thousand_steps_and_without_noise():
    for noise, low, high, exponent in ((0.5, 0.318, 0.115, -0.24), (0.0, 0.589, 0.313, -0.14)):
        best = []
        for steps in (125, 250, 500, 1000, 2000, 4000, 8000):
            found = minimize_scalar(
                lambda u, steps=steps, noise=noise: constant_rate_loss(256, np.exp(u), 4, [steps], noise=noise)[0],
                bounds=np.log([0.05, 1.0]), method="bounded", options={"xatol": 1e-4},
            )  # fmt: skip
            best.append(np.exp(found.x))
        assert best[0] == pytest.approx(low, rel=0.02)
        assert best[-1] == pytest.approx(high, rel=0.02)
        slope = np.polyfit(np.log([125, 250, 500, 1000, 2000, 4000, 8000]), np.log(best), 1)[0]
        assert slope == pytest.approx(exponent, abs=0.006)


def test_a_rate_on_an_edge_is_in_no_exponent():
    runs = valleys()
    short = runs[(runs["steps"] == 125) | (runs["learning_rate"] < 0.2)]
    tables = rate_tables(OptimalRateBlock(sweep="all", where={"schedule": "constant"}), short)
    optima = tables["optima"].set_index("x")
    assert optima.loc[1000, "edge"] == "largest"
    assert np.isnan(optima.loc[1000, "rate"])
    row = tables["exponents"].iloc[0]
    assert (row["status"], row["n_edges"]) == ("refused", 1)
    assert "at 1 value of x: 1,000" in row["notes"]
    diverged = runs.assign(status=np.where(runs["learning_rate"] > 0.35, "diverged", "ok"))
    lost = rate_tables(OptimalRateBlock(sweep="all", where={"schedule": "constant", "steps": 125}), diverged)
    assert lost["valleys"]["n_diverged"].sum() > 0
    assert np.isinf(lost["valleys"]["loss"]).any()


def branches():
    """Return runs of rates about the best one of each batch size, to a loss of 0.4 of 64 modes without noise."""
    best = {1: 0.19, 4: 0.59, 16: 1.17, 64: 1.56, 256: 1.68}
    configs = [
        {"modes": 64, "batch_size": size, "steps": max(30, round(400 / size)), "learning_rate": float(rate)}
        for size, centre in best.items()
        for rate in centre * (1.25 if size < 16 else 1.04) ** np.arange(-3, 4)
    ]
    return oracle_runs(configs, seeds=3, noise=1e-3, evaluations=80)


def test_critical_batch_is_that_of_the_exact_trade_off(results):
    """The fewest steps over all rates, by the closed form at real times, against runs of a few rates at whole steps."""
    found = results[0].analysis("critical_batch", "one")
    times = np.geomspace(0.1, 1000, 1000)
    fewest = [
        min(
            times[np.argmax(losses < 0.4)]
            for rate in np.geomspace(0.1, 1.9, 60)
            if (losses := constant_rate_loss(64, rate, size, times))[-1] < 0.4
        )
        for size in (1, 4, 16, 64, 256)
    ]
    steps = found.table("steps")
    np.testing.assert_allclose(steps["steps"], fewest, rtol=0.02)
    row = found.table("trade_off").iloc[0]
    assert row["critical_batch"] == pytest.approx(17.3, rel=0.1)  # by nine batch sizes, of another program
    assert row["critical_batch"] == pytest.approx(row["exact"], rel=0.1)
    assert row["low"] <= row["critical_batch"] <= row["high"]
    with pytest.raises(LawbookError, match=r"0 batch sizes come down to 0\.01"):
        critical_batch_tables(CriticalBatchBlock(sweep="all", level=0.01), *branches())


def test_claims_pages_and_figures(results):
    tables, rates, batches, runs = results
    linear = runs[runs["schedule"] == "linear"]
    constant = runs[runs["schedule"] == "constant"]
    found = tables.analysis("optimal_rate", "one")
    assert optimal_rate_exponent(found, constant)[0] < -0.15
    assert optimal_rate_exponent(found, linear, less="exact")[0] == pytest.approx(0, abs=0.03)
    exact = optimal_rate(found, constant, 125, of="exact")
    assert exact[0] == exact[1] == exact[2] == pytest.approx(0.3215, abs=2e-4)
    assert optimal_rate(found, constant, 125, over="exact")[0] == pytest.approx(1, abs=0.03)
    with pytest.raises(LawbookError, match="write one of 125, 1000"):
        optimal_rate(found, constant, 126)
    with pytest.raises(LawbookError, match="one schedule"):
        optimal_rate_exponent(found, runs)
    assert critical_batch(tables.analysis("critical_batch", "one"), pd.DataFrame(), "exact")[
        0
    ] == pytest.approx(1, abs=0.1)

    named = {"optimal_rate": {"one": rates}, "critical_batch": {"one": batches}}
    content = SimpleNamespace(
        analyses=SimpleNamespace(of=named.__getitem__), task=None, sweeps={}, laws={}, table=None
    )
    (said,) = answer(content, tables)
    assert said.startswith("the best learning rate goes as steps to the power")
    assert "critical batch size on the way to a test loss of 0.4 is" in next(batch_answer(content, tables))
    assert len(shown_rates("one", rates, found).optima_rows) == 4
    assert len(batch_tables("one", batches, tables.analysis("critical_batch", "one")).steps_rows) == 5
    for kind in ("optimal_rate", "critical_batch"):
        draw_figure(FigureBlock(kind=kind, of="one"), tables.folder, content, tables.folder / "figures")
        assert (tables.folder / "figures" / f"{kind}_one.png").stat().st_size > 10_000


def test_the_shift_is_that_of_planted_valleys_and_null_on_an_edge():
    """Parabolas in log rate, whose bottom moves by 3 factors of two over 16 times the width."""
    rng = np.random.default_rng(0)
    runs = pd.DataFrame(
        {
            "run_id": f"{width}-{power}-{seed}", "width": width, "learning_rate": 2.0**power, "seed": seed,
            "status": "ok", "sweeps": "all",
            "test_loss": np.exp(0.1 * (power + 4 + 0.75 * np.log2(width / 16)) ** 2 + 0.01 * rng.standard_normal()),
        }
        for width in (16, 64, 256)
        for power in range(-10, -1)
        for seed in range(4)
    )  # fmt: skip
    block = OptimalRateBlock(sweep="all", x="width")
    row = rate_tables(block, runs, draws=200)["exponents"].iloc[0]
    assert row["shift"] == pytest.approx(-3, abs=0.1)
    assert row["shift_low"] < -3 + 0.1
    assert row["shift_high"] > -3 - 0.1
    assert row["exponent"] == pytest.approx(-0.75, abs=0.03)
    short = runs[(runs["width"] < 256) | (runs["learning_rate"] > 2.0**-7.5)]
    lost = rate_tables(block, short, draws=20)["exponents"].iloc[0]
    assert np.isnan([lost["shift"], lost["shift_low"], lost["shift_high"]]).all()
    assert (lost["n_edges"], lost["status"]) == (1, "ok")
