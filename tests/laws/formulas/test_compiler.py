"""From a formula to a law: linear parts, signs, bounds, starts, derived quantities, and y of either sign."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.laws import compare, fit
from lawbook.laws.formulas import formula
from lawbook.storage.status import FitStatus

COLUMNS = ["N", "D", "r1", "r2"]


@pytest.mark.parametrize(
    ("text", "linear", "free", "floor"),
    [
        ("E + A*N^-alpha", ("E", "A"), (False, False), "E"),
        ("E - A*N^-alpha", ("E", "A"), (False, False), "E"),
        ("a + b*log(N)", ("a", "b"), (True, True), None),
        ("a + b*N", ("a", "b"), (True, True), None),
        ("E + A*N^-alpha*(1 + c*D^-beta)", ("E", "A"), (False, False), "E"),
        ("E + (A + B*D^-beta)*N^-alpha", ("E", "A", "B"), (False, False, False), "E"),
        ("E + A*N^-alpha; A in [-inf, inf]", ("E", "A"), (True, True), None),
        ("E + A*N^-alpha; E in [0, 1]", ("A",), (False,), None),
        ("c + k*exp(t1*r1 + t2*r2)", ("c", "k"), (False, False), "c"),
        ("(A/N)^alpha + (B/D)^beta", (), (), None),
    ],
)
def test_the_linear_part_is_found(
    text: str, linear: tuple[str, ...], free: tuple[bool, ...], floor: str | None
) -> None:
    law = formula(text, COLUMNS)
    assert law.linear == linear
    assert tuple(law.free) == free
    assert law.floor == floor


def test_a_definition_that_the_formula_does_not_use_is_a_derived_quantity() -> None:
    law = formula("E + A*N^-alpha + B*D^-beta; a = beta/(alpha + beta); twice = 2*a", COLUMNS)
    values = np.array([[1.0, 2.0, 3.0, 0.4, 0.6], [1.0, 2.0, 3.0, 0.5, 0.5]])
    assert law.derived["a"](values, np.ones(2)) == pytest.approx([0.6, 0.5])
    assert law.derived["twice"](values, np.ones(2)) == pytest.approx([1.2, 1.0])


def test_bounds_and_starts_are_those_that_are_given() -> None:
    x = np.column_stack([np.geomspace(1, 1e3, 5)])
    law = formula("E + A*N^-alpha; alpha in [0.1, 0.2]", COLUMNS)
    assert law.box(x).tolist() == [[0.1, 0.2]]
    near = formula("A*(N + s)^-alpha; s in [1, 1e6] near 40", COLUMNS)
    starts = np.tile([[7.0, 0.5]], (8, 1))
    assert near.nonlinear == ("s", "alpha")
    moved = near.towards(x, np.zeros((8, 5)), starts)
    assert moved[0, 0] == 40
    assert (moved[1:, 0] != 40).all()


def test_a_parameter_on_its_given_bound_is_no_answer() -> None:
    N = np.geomspace(10, 1e5, 12)
    table = pd.DataFrame({"N": N, "y": 3 * N**-0.5})
    found = fit(table, "A*N^-alpha; alpha in [0.1, 0.3]", y="y")
    assert found.status != FitStatus.OK


def test_a_formula_of_linear_parameters_alone_is_fitted() -> None:
    x = np.repeat(np.geomspace(2, 1e4, 12), 4)
    noise = np.exp(0.01 * np.random.default_rng(0).standard_normal(len(x)))
    table = pd.DataFrame({"x": x, "seed": np.tile(range(4), 12), "y": (3 - 0.8 / np.log(x + 1)) * noise})
    found = fit(table, "tau - delay/log(x + 1)", y="y")
    assert found.status == FitStatus.OK
    for name, planted in {"tau": 3, "delay": 0.8}.items():
        assert found.estimates[name].low < planted < found.estimates[name].high


def test_a_y_of_either_sign_is_fitted_on_its_own_scale() -> None:
    rng = np.random.default_rng(0)
    N = np.repeat(np.geomspace(10, 1e5, 12), 3)
    table = pd.DataFrame({"N": N, "reward": -2 + 3 * N**-0.5 + 0.01 * rng.standard_normal(len(N))})
    found = fit(table, "E + A*N^-alpha", y="reward", cluster=None)
    assert found.status == FitStatus.OK
    for name, planted in {"E": -2, "A": 3, "alpha": 0.5}.items():
        assert found.estimates[name].low < planted < found.estimates[name].high
    at = found.predict([[1e7]])
    assert at["low"][0] < -2 + 3 * 1e7**-0.5 < at["high"][0]
    assert found.points["y"].to_numpy() == pytest.approx(table.groupby("N")["reward"].mean().to_numpy())
    assert "own_scale" in {note.code for note in found.notes}
    with pytest.raises(LawbookError, match="not positive"):
        fit(table, "E + A*N^-alpha", y="reward", loss="log_huber", delta=0.1)


def test_x_must_be_what_the_formula_reads() -> None:
    table = pd.DataFrame({"N": [1.0, 2, 3], "D": [1.0, 2, 4], "y": [3.0, 2, 1]})
    with pytest.raises(LawbookError, match="the formula reads N"):
        fit(table, "A*N^-alpha", y="y", x=["N", "D"])
    with pytest.raises(LawbookError, match="it says loss, and y is 'y'"):
        fit(table, "loss = A*N^-alpha", y="y")


def test_formulas_and_shipped_laws_are_compared_over_the_same_columns() -> None:
    rng = np.random.default_rng(1)
    N = np.repeat(np.geomspace(10, 1e6, 14), 4)
    y = (0.2 + 3 * N**-0.5) * np.exp(0.01 * rng.standard_normal(len(N)))
    table = pd.DataFrame({"N": N, "y": y, "seed": np.tile(range(4), 14)})
    found = compare(table, ["E + A*N^-alpha", "power", "A*exp(-k*log(N))"], y="y", x="N", draws=100)
    assert set(found.fits) == {"formula", "power", "formula_2"}
    assert found.fits["formula"].status == FitStatus.OK
    assert found.fits["power"].bic == pytest.approx(found.fits["formula_2"].bic, rel=1e-9)
    with pytest.raises(LawbookError, match="the same columns"):
        compare(table.assign(D=N), ["E + A*N^-alpha", "E + A*D^-alpha"], y="y")


@pytest.mark.parametrize("text", ["E + A*z^-a", "E + A*log(z)", "E + A*sqrt(-x)", "E + A*(x - x)^-a"])
def test_a_formula_that_is_no_number_at_some_points_is_refused(text: str) -> None:
    x = np.geomspace(1, 1e3, 12)
    table = pd.DataFrame({"x": x, "z": np.where(x > 100, 0, x), "y": 1 + x**-0.5})
    found = fit(table, text, y="y")
    assert found.status == FitStatus.REFUSED
    assert "infinite or not positive" in found.reason
