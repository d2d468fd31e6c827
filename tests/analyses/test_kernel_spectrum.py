"""A learning curve before training: the tables of planted kernels, the claims and the words about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.analyses.drawn import content_of, written
from tests.analyses.drawn.kernel_spectrum import block_of, planted_tables

from lawbook.analyses.kernel_spectrum.answer import answer
from lawbook.analyses.kernel_spectrum.quantities.kernel_exponent import kernel_exponent
from lawbook.analyses.kernel_spectrum.quantities.kernel_loss_ratio import kernel_loss_ratio
from lawbook.analyses.kernel_spectrum.section import kernel_tables as shown_tables
from lawbook.errors import LawbookError
from lawbook.results.reader import Results

RUNS = pd.DataFrame({"target_exponent": [1.5, 1.5]})


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder: Path = tmp_path_factory.mktemp("kernels")
    return written("kernel_spectrum", planted_tables(), folder).analysis("kernel_spectrum", "planted")


def test_what_is_foretold_is_exact_within_its_interval(results: Results) -> None:
    curve, exponents = results.table("curve"), results.table("exponents").set_index(["case", "quantity"])
    np.testing.assert_allclose(curve["measured"], curve["exact"])
    assert (curve["predicted_low"] < curve["exact"]).all()
    assert (curve["exact"] < curve["predicted_high"]).all()
    for case in ("target_exponent=1.5", "target_exponent=2"):
        row = exponents.loc[(case, "predicted")]
        assert row["low"] < row["exact"] < row["high"]
        assert exponents.loc[(case, "measured"), "exact"] == row["exact"]
    assert (exponents["n_sample"].dropna() == 96).all()
    spectrum = results.table("spectrum")
    first = spectrum[spectrum["mode"] == 1]
    np.testing.assert_allclose(first["eigenvalue"], 1.0, rtol=0.5)


def test_claims_are_about_the_exponents_and_the_losses(results: Results) -> None:
    value, low, high, n = kernel_exponent(results, RUNS, of="measured")
    assert (value, n) == (0.5, 10)
    assert (low, high) == pytest.approx((0.4, 0.6))
    exact = (
        kernel_exponent(results, RUNS, of="predicted")[0]
        - kernel_exponent(results, RUNS, of="predicted", less="exact")[0]
    )
    assert exact == pytest.approx(float(results.table("exponents")["exact"].iloc[0]))
    predicted = kernel_exponent(results, RUNS, of="predicted")
    less = kernel_exponent(results, RUNS, of="measured", less="predicted")
    assert less[0] == pytest.approx(0.5 - predicted[0])
    assert (less[2] - less[1]) / 2 == pytest.approx(np.hypot(0.1, (predicted[2] - predicted[1]) / 2))
    ratio, low, high, _ = kernel_loss_ratio(results, RUNS, samples=16)
    assert low < 1 < high
    assert ratio == pytest.approx(1, abs=0.5)


def test_options_that_are_not_there_are_refused(results: Results) -> None:
    with pytest.raises(LawbookError, match="write of: measured, or less: exact"):
        kernel_exponent(results, RUNS, of="predicted", less="predicted")
    with pytest.raises(LawbookError, match="was not run; write one of 8, 12, 16, 24, 32"):
        kernel_loss_ratio(results, RUNS, samples=5)
    with pytest.raises(LawbookError, match="write one target_exponent under where"):
        kernel_exponent(results, pd.DataFrame({"target_exponent": [1.5, 2.0]}), of="measured")


def test_it_is_told_in_words(results: Results, tmp_path: Path) -> None:
    tables = shown_tables("planted", results)
    assert len(tables.rows) == 4
    assert len(tables.curve_rows) == 10
    assert "96 examples" in tables.about
    content = content_of("kernel_spectrum", block_of())
    told = list(answer(content, written("kernel_spectrum", planted_tables((1.5,)), tmp_path)))
    assert len(told) == 1
    assert told[0].startswith("the spectrum of planted at target exponent 1.5 foretells an exponent of 0.")
