"""Limits of small rates: planted slopes come back, and what no limit can be made of is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.analyses.drawn import content_of, written
from tests.analyses.oracle_runs import oracle_runs

from lawbook.analyses.rate_limit.answer import answer
from lawbook.analyses.rate_limit.block import RateLimitBlock
from lawbook.analyses.rate_limit.compute import limit_tables
from lawbook.analyses.rate_limit.quantities.halving_ratio import halving_ratio
from lawbook.analyses.rate_limit.quantities.richardson_ratio import richardson_ratio
from lawbook.analyses.rate_limit.section import limit_table
from lawbook.errors import LawbookError

RATES = [0.4, 0.2, 0.1, 0.05]


def planted(second: float = 0.0, seeds: int = 3) -> pd.DataFrame:
    """Return runs with y = 1 + (2 + seed) η + second η² at η · steps = 4."""
    return pd.DataFrame(
        {
            "run_id": f"{rate}-{seed}", "sweeps": "all", "status": "ok", "seed": seed, "learning_rate": rate,
            "steps": round(4 / rate), "test_loss": 1 + (2 + seed) * rate + second * rate**2,
        }
        for rate in RATES
        for seed in range(seeds)
    )  # fmt: skip


def test_what_is_linear_in_the_rate_halves() -> None:
    tables = limit_tables(RateLimitBlock(sweep="all"), planted())

    (limit,) = tables["limits"].to_dict("records")
    assert (limit["time"], limit["n_rates"], limit["n_runs"]) == (4.0, 4, 12)
    assert [limit[f"halving{end}"] for end in ("", "_low", "_high")] == pytest.approx([2, 2, 2])
    assert np.isnan(limit["richardson"])
    rates = tables["rates"]
    assert rates["rate"].tolist() == RATES[::-1]
    assert rates["step"].tolist()[1:] == pytest.approx([3 * rate / 2 for rate in RATES[::-1][1:]])


def test_a_second_order_bends_the_halving() -> None:
    (limit,) = limit_tables(RateLimitBlock(sweep="all"), planted(second=10.0, seeds=1))["limits"].to_dict(
        "records"
    )

    # 2·0.1 + 10·(0.04 - 0.01) over 2·0.05 + 10·(0.01 - 0.0025)
    assert limit["halving"] == pytest.approx(0.5 / 0.175)
    assert np.isnan(limit["halving_low"])


def test_exact_runs_have_the_first_order_of_theory(tmp_path: Path) -> None:
    configs = [
        {"modes": 8, "batch_size": 4, "learning_rate": rate, "steps": round(4 / rate), "noise_variance": 0.05}
        for rate in RATES
    ]
    runs, _ = oracle_runs(configs, seeds=2, evaluations=2)
    block = RateLimitBlock(sweep="all", exact="sgd_oracle", flow="gradient_flow")
    runs = runs.assign(parametrization="standard")
    tables = limit_tables(block, runs)
    results = written("rate_limit", tables, tmp_path).analysis("rate_limit", "planted")

    for of in (None, "exact"):
        value, low, high, n = richardson_ratio(results, runs, 4, of)
        assert value == pytest.approx(1, abs=0.01)
        assert (low, high, n) == (value, value, 8)
    assert halving_ratio(results, runs, 4)[0] == pytest.approx(2, abs=0.4)
    told = limit_table("planted", block, results)
    assert len(told.columns) == len(told.rows[0]) == 7
    (clause,) = answer(content_of("rate_limit", block), written("rate_limit", tables, tmp_path))
    assert "of theory's first order" in clause
    with pytest.raises(LawbookError, match="time = 5 was not run"):
        halving_ratio(results, runs, 5)
    with pytest.raises(LawbookError, match="write exact"):
        richardson_ratio(results, runs, 4, "flow")


def test_what_no_limit_can_be_made_of_is_refused() -> None:
    block = RateLimitBlock(sweep="all")

    with pytest.raises(LawbookError, match="fewer than three rates"):
        limit_tables(block, planted().query("learning_rate > 0.1"))
    with pytest.raises(LawbookError, match="did not end"):
        limit_tables(block, planted().assign(status="diverged"))
    with pytest.raises(LawbookError, match="no column"):
        limit_tables(RateLimitBlock(sweep="all", y="train_loss"), planted())
    with pytest.raises(LawbookError, match="no first order"):
        limit_tables(RateLimitBlock(sweep="all", flow="sgd_oracle"), planted())
