"""Which law predicts: the true one where the data can tell, 'undecided' where they cannot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.laws import compare

Simulate = Callable[..., pd.DataFrame]


@pytest.mark.parametrize("form", ["power", "exponential"])
@pytest.mark.parametrize("seeds", [5, 10])
def test_power_and_exponential_are_told_apart(form: str, seeds: int, simulate: Simulate) -> None:
    table = simulate(form, seeds, rng=np.random.default_rng(0), points=10, noise=0.01)
    found = compare(table, ["power", "exponential"], y="y", x="x", draws=200)
    assert found.preferred == form
    assert found.table["form"][0] == form


def test_a_floor_is_found_where_there_is_one(simulate: Simulate) -> None:
    table = simulate("power_floor", 10, rng=np.random.default_rng(1), points=10, noise=0.01)
    found = compare(table, ["power_floor", "exponential_floor"], y="y", x="x", draws=200)
    assert found.preferred == "power_floor"
    assert set(found.fits) == {"power_floor", "exponential_floor", "power"}  # the baseline is always there


def test_half_a_decade_of_noise_decides_nothing() -> None:
    rng = np.random.default_rng(2)
    x = np.geomspace(10, 30, 6)
    y = 2 * x**-0.4 * np.exp(0.05 * rng.standard_normal((3, 6)))
    table = pd.DataFrame({"x": np.tile(x, 3), "seed": np.repeat(np.arange(3), 6), "y": y.ravel()})
    found = compare(table, ["power", "exponential"], y="y", x="x", draws=200)
    assert found.preferred == "undecided"
    assert "held-out errors differ by" in found.reason


def test_the_held_out_error_is_that_of_a_fit_without_the_largest_x(simulate: Simulate) -> None:
    from lawbook.laws import fit

    table = simulate("power_floor", 9, rng=np.random.default_rng(3))
    found = compare(table, ["power"], y="y", x="x", draws=50)
    last = table.x.max()
    alone = fit(table[table.x < last], "power", y="y", x="x", draws=20).predict([last])["estimate"][0]
    observed = table[table.x == last].y.mean()
    assert found.table["heldout_error"][0] == pytest.approx(abs(np.log(observed / alone)), rel=1e-8)
    assert found.table["heldout_error_power"][0] == found.table["heldout_error"][0]


def test_forms_with_too_few_points_are_refused(simulate: Simulate) -> None:
    table = simulate("power", 6, rng=np.random.default_rng(4), points=4)
    found = compare(table, ["power", "power_floor"], y="y", x="x", draws=50)
    rows = found.table.set_index("form")
    assert rows.loc["power_floor", "status"] == "refused"
    assert np.isnan(rows.loc["power_floor", "heldout_error"])
    assert found.preferred == "power"


def test_a_null_prefers_nothing(simulate: Simulate) -> None:
    found = compare(
        simulate("null", 8, rng=np.random.default_rng(1)), ["power", "exponential"], y="y", x="x", draws=50
    )
    assert (found.preferred, found.reason) == ("undecided", "every form is refused")


def test_a_floor_that_is_not_identified_is_no_rival(simulate: Simulate) -> None:
    table = simulate("power", 10, rng=np.random.default_rng(0), points=10, noise=0.01)
    found = compare(table, ["power_floor", "power"], y="y", x="x", draws=200)
    assert any(notice.kind == "floor_not_identified" for notice in found.fits["power_floor"].warnings)
    assert found.preferred == "power"
    assert "the floor of power_floor is not told apart from 0" in found.reason


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(LawbookError, match="did you mean 'exponential'"):
        compare(pd.DataFrame({"x": [1.0], "y": [1.0], "seed": [0]}), ["exponentail"], y="y", x="x")
