"""Acceptance: the 240 Chinchilla points give the published optima and standard errors."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.laws import Fit, fit, laws
from lawbook.laws.solver import Data, Loss, solve

_DATA = Path(os.environ.get("LAWBOOK_DATA", Path(__file__).parents[3] / "shared" / "data"))
_POINTS = _DATA / "chinchilla_epoch_svg_extracted.csv"
_PUBLISHED = (482.006, 2085.434, 1.81686, 0.34781, 0.36585)
"""A, B, E, α, β of Besiroglu et al. 2024, arXiv:2404.10102: the least absolute deviations."""


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Return the points of Besiroglu et al. 2024 without the five highest losses: N, D = C/6N, loss."""
    if not _POINTS.exists():
        pytest.skip(f"the points are not in {_DATA}: set LAWBOOK_DATA")
    points = pd.read_csv(_POINTS).sort_values("loss").iloc[:-5]
    n = points["Model Size"].astype(float)
    return pd.DataFrame({"N": n, "D": points["Training FLOP"] / (6 * n), "loss": points["loss"]})


@pytest.fixture(scope="module")
def huber(table: pd.DataFrame) -> Fit:
    """Return the fit with 4,000 draws, each row a run of its own."""
    return fit(
        table, "chinchilla", y="loss", x=("N", "D"), cluster=None, loss="log_huber", delta=1e-3, draws=4000
    )


def test_the_huber_optimum_is_the_global_one(huber: Fit) -> None:
    assert huber.objective == pytest.approx(0.001018274018, rel=1e-9)
    assert huber.gradient < 1e-12
    assert huber.starts_at_best >= 0.9 * huber.starts
    found = {name: estimate.value for name, estimate in huber.estimates.items()}
    expected = {"E": 1.81722, "alpha": 0.347313, "beta": 0.367171}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-5), name
    # Moving log A by 1e-3 costs only 7e-11 of the objective: A and B are known to fewer digits than it.
    assert found["A"] == pytest.approx(477.844, rel=5e-5)
    assert found["B"] == pytest.approx(2143.36, rel=5e-5)
    assert huber.derived["a"].value == pytest.approx(0.5139, abs=5e-5)


def test_no_other_point_near_the_reference_is_lower(huber: Fit, table: pd.DataFrame) -> None:
    x, log_y = table[["N", "D"]].to_numpy(), np.log(table["loss"].to_numpy())
    loss, law = Loss("log_huber", 1e-3), laws["chinchilla"]
    reference = np.array([1.81722, 477.844, 2143.36, 0.347313, 0.367171])
    r = log_y - law.log_predict(x, reference)
    assert huber.objective <= loss.value(r, np.zeros(len(r), dtype=bool)).sum() * (1 + 1e-12)


def test_the_published_estimate_is_the_least_absolute_one(table: pd.DataFrame) -> None:
    fitted = fit(table, "chinchilla", y="loss", x=("N", "D"), cluster=None, loss="log_absolute", draws=20)
    assert fitted.status == "ok"
    assert fitted.objective == pytest.approx(1.12948, rel=1e-4)
    found = [fitted.estimates[name].value for name in ("A", "B", "E", "alpha", "beta")]
    np.testing.assert_allclose(found, _PUBLISHED, rtol=1e-3)
    assert fitted.derived["a"].value == pytest.approx(0.5126, abs=5e-5)


def test_the_bootstrap_gives_the_published_standard_errors(huber: Fit) -> None:
    draws = huber.draws[np.isfinite(huber.draws).all(axis=1)]
    assert huber.failed_draws == 0
    assert len(draws) == 4000
    _, A, B, alpha, beta = draws.T
    found = {
        "alpha": np.std(alpha), "beta": np.std(beta), "E": np.std(draws[:, 0]),
        "log B": np.std(np.log(B)), "a": np.std(beta / (alpha + beta)),
    }  # fmt: skip
    expected = {"alpha": 0.0154, "beta": 0.0206, "E": 0.0264, "log B": 0.42, "a": 0.020}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=0.1), name
    assert np.isfinite(np.log(A)).all()


@pytest.mark.parametrize("factor", [1e-3, 1 / 240, 1e3])
def test_the_size_of_the_weights_does_not_move_the_optimum(table: pd.DataFrame, factor: float) -> None:
    x, log_y = table[["N", "D"]].to_numpy(), np.log(table["loss"].to_numpy())[None]
    data = [Data(log_y, np.full_like(log_y, w), np.zeros(log_y.shape, dtype=bool)) for w in (1.0, factor)]
    one, other = (solve(laws["chinchilla"], x, each, Loss("log_huber", 1e-3)) for each in data)
    np.testing.assert_allclose(one.parameters, other.parameters, rtol=1e-9)
