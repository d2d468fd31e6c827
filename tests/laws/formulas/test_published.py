"""Published laws as formulas: equal to the same by hand, with exact derivatives, and fitted as well as by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares
from tests.laws.formulas.published import PUBLISHED, Published

from lawbook.laws import fit
from lawbook.laws.formulas import formula, law_of
from lawbook.laws.law import Law
from lawbook.laws.loss import Loss
from lawbook.laws.points import gather
from lawbook.laws.solver import solve
from lawbook.storage.status import FitStatus

each = pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.name)


def parameters_of(published: Published, law: Law) -> np.ndarray:
    return np.array([published.planted[name] for name in law.parameters], dtype=float)


def test_there_are_thirty_and_more() -> None:
    assert len({published.formula for published in PUBLISHED}) >= 30


@each
def test_a_formula_is_the_law_by_hand(published: Published) -> None:
    table = published.table(0.0)
    law = formula(published.formula, list(table.columns))
    x = table[list(law.inputs)].to_numpy()
    rng = np.random.default_rng(0)
    for _ in range(5):
        parameters = parameters_of(published, law) * np.exp(0.02 * rng.standard_normal(len(law.parameters)))
        by_hand = published.by_hand(
            {name: table[name].to_numpy() for name in table},
            dict(zip(law.parameters, parameters, strict=True)),
        )
        assert np.exp(law.log_predict(x, parameters)) == pytest.approx(by_hand, rel=1e-11)


@each
def test_derivatives_are_exact(published: Published) -> None:
    table = published.table(0.0)
    law = formula(published.formula, list(table.columns))
    x, m = table[list(law.inputs)].to_numpy(), len(law.linear)
    theta = parameters_of(published, law)[None, m:]
    exact = law.slopes(x, theta)
    for k in range(theta.shape[1]):
        step = np.zeros_like(theta)
        step[:, k] = 1e-6 * max(abs(theta[0, k]), 1e-3)
        ahead, behind = law.log_basis(x, theta + step), law.log_basis(x, theta - step)
        for j in range(len(ahead)):
            numeric = (ahead[j] - behind[j]) / (2 * step[0, k])
            found = np.broadcast_to(exact.get((j, k), 0.0), numeric.shape)
            assert np.abs(found - numeric).max() <= 1e-4 * max(np.abs(numeric).max(), 1e-3)


@each
def test_the_optimum_is_no_higher_than_by_hand_from_the_planted_truth(published: Published) -> None:
    """The same least squares in log y by SciPy, begun at the truth, finds nothing lower."""
    table = published.table(0.003)
    law = law_of(published.formula, table, y="y", x=None)
    points = gather(table, y="y", x=law.inputs, cluster=None)
    found = solve(law, points.x, points.data(), Loss())
    columns = {name: table[name].to_numpy() for name in table}
    log_y, truth = np.log(columns["y"]), parameters_of(published, law)
    scale = np.abs(truth)

    def residuals(q: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            log_fit = np.log(published.by_hand(columns, dict(zip(law.parameters, q * scale, strict=True))))
        return np.where(np.isfinite(log_fit), log_y - log_fit, 1e3)

    by_hand = least_squares(residuals, truth / scale, xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac")
    assert found.converged[0]
    assert found.objective[0] <= by_hand.cost * (1 + 1e-9)


def test_chinchilla_by_formula_is_the_shipped_law_to_ten_digits() -> None:
    table = (
        next(each for each in PUBLISHED if each.name == "Chinchilla")
        .table(0.003)
        .rename(columns={"y": "loss"})
    )
    shipped = fit(table, "chinchilla", y="loss", x=["N", "D"], draws=200)
    written = fit(table, "E + A*N^-alpha + B*D^-beta; a = beta/(alpha + beta)", y="loss", draws=200)
    assert written.status == shipped.status == FitStatus.OK
    for name in ("E", "A", "B", "alpha", "beta"):
        one, other = shipped.estimates[name], written.estimates[name]
        assert [other.value, other.low, other.high] == pytest.approx(
            [one.value, one.low, one.high], rel=1e-10
        )
    one, other = shipped.derived["a"], written.derived["a"]
    assert [other.value, other.low, other.high] == pytest.approx([one.value, one.low, one.high], rel=1e-10)
    assert written.objective == pytest.approx(shipped.objective, rel=1e-10)
