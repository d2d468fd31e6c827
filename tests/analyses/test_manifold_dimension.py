"""Dimensions told by exponents: planted ones come back from the sizes that have converged, and from no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.analyses.drawn import content_of, written
from tests.analyses.planted_students import BLOCK, SIZES, planted

from lawbook.analyses.manifold_dimension.answer import answer
from lawbook.analyses.manifold_dimension.compute import dimension_tables
from lawbook.analyses.manifold_dimension.notices import notices
from lawbook.analyses.manifold_dimension.quantities.manifold_exponent import manifold_exponent
from lawbook.analyses.manifold_dimension.section import dimension_table
from lawbook.errors import LawbookError


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return dimension_tables(BLOCK, planted())


def test_an_exponent_is_that_of_the_sizes_that_have_converged(tables: dict[str, pd.DataFrame]) -> None:
    for row in tables["exponents"].to_dict("records"):
        assert (row["sizes"], row["converged"], row["x_high"]) == (5, 4, SIZES[-2])
        assert row["dimension"] == pytest.approx(row["known"], rel=1e-6)
        assert row["ratio"] == pytest.approx(1, rel=1e-6)
        assert row["alpha_low"] <= row["alpha"] <= row["alpha_high"]
        assert row["alpha_all"] < row["alpha"] - 0.02
    cells = tables["cells"].set_index(["case", "x"])
    assert cells.loc[("dimension=2", 30), "change"] == pytest.approx(1 - 1 / 1.02)
    assert cells.loc[("dimension=2", 480), "change"] == pytest.approx(1 - 1.2 / 1.6)
    estimates = tables["estimates"].set_index(["case", "column"])
    assert estimates["biased"].tolist() == [False, False, True, True]
    assert estimates.loc[("dimension=8", "input_dimension_mle"), "estimate"] == pytest.approx(7.215)


def test_claims_ask_for_a_case_and_for_the_difference_of_two(
    tables: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    runs, results = planted(), written("manifold_dimension", tables, tmp_path)
    found = results.analysis("manifold_dimension", "planted")
    two, eight = runs.query("dimension == 2"), runs.query("dimension == 8")

    assert manifold_exponent(found, two, "dimension")[0] == pytest.approx(2)
    value, low, high, n, why = manifold_exponent(found, two, less={"dimension": 8})
    assert (value, n, why) == (pytest.approx(1.5), 40, "")
    (a, a_low, a_high), (b, b_low, b_high) = (manifold_exponent(found, one)[:3] for one in (two, eight))
    assert value - low == pytest.approx(np.hypot(a - a_low, b_high - b))
    assert high - value == pytest.approx(np.hypot(a_high - a, b - b_low))
    with pytest.raises(LawbookError, match="there is no case"):
        manifold_exponent(found, two, less={"dimension": 5})
    with pytest.raises(LawbookError, match="one case"):
        manifold_exponent(found, runs)

    told = dimension_table("planted", BLOCK, found)
    assert len(told.columns) == len(told.rows[0])
    assert len(told.estimates) == 4
    content = content_of("manifold_dimension", BLOCK)
    (clause,) = answer(content, results)
    assert clause.startswith("4/α is 2")
    assert {kind for kind, _ in notices(content, results)} == {"unconverged", "biased_dimension"}


def test_too_few_converged_sizes_give_no_exponent_but_a_reason() -> None:
    tables = dimension_tables(BLOCK, planted(sizes=SIZES[:4]))

    for row in tables["exponents"].to_dict("records"):
        assert np.isnan([row["alpha"], row["dimension"]]).all()
        assert np.isfinite(row["alpha_all"])
        assert row["reason"] == "3 sizes have converged, and an exponent needs 4"

    alone = dimension_tables(BLOCK, planted(sizes=SIZES[:1]).query("steps == 2000"))
    assert alone["cells"]["converged"].isna().all()


def test_what_no_dimension_can_be_told_of_is_refused() -> None:
    with pytest.raises(LawbookError, match="did not end"):
        dimension_tables(BLOCK, planted().assign(status="diverged"))
    with pytest.raises(LawbookError, match="no column 'dimension_mle'"):
        dimension_tables(BLOCK, planted().drop(columns="dimension_mle"))
    with pytest.raises(LawbookError, match="several values"):
        dimension_tables(BLOCK.model_copy(update={"by": []}), planted())
