"""One-pass SGD on power-law regression: the frontier of the exact surface, and of laws fitted to it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from lawbook.laws import Fit, fit
from lawbook.laws.frontier import exponent, frontier
from lawbook.theory import sgd_oracle

BATCH, RATE = 64, 0.3
BUDGETS = np.geomspace(1e6, 1e8, 9)
NOISES = [0.0, 0.05]


@cache
def surface(noise: float, per_octave: int, n_steps: int = 40) -> pd.DataFrame:
    """Return the exact loss of sizes 4…609 after 8…40,000 steps."""
    sizes = np.unique(np.round(2.0 ** np.arange(2, 9.26, 1 / per_octave)).astype(int))
    steps = np.round(np.geomspace(8, 40_000, n_steps))
    return pd.concat(
        pd.DataFrame(
            {
                "N": n,
                "D": BATCH * steps,
                "loss": sgd_oracle.constant_rate_loss(int(n), RATE, BATCH, steps, noise=noise),
            }
        )
        for n in sizes
    ).reset_index(drop=True)


@cache
def fitted(law: str, noise: float) -> Fit:
    return fit(surface(noise, 2, 20), law, y="loss", x=("N", "D"), cluster=None, draws=50)


def exact(compute: pd.Series, noise: float) -> tuple[np.ndarray, float]:
    """Return the exact curve's N* at each budget, and its exponent over them."""
    sizes = 2.0 ** np.arange(1, 10.01, 1 / 4)
    _, best, _ = sgd_oracle.frontier(compute, BATCH, RATE, noise=noise, sizes=sizes)
    return best, exponent(compute, best).value


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(("method", "within"), [("akima", 0.005), ("envelope", 0.005), ("parabola", 0.01)])
def test_exponent_is_that_of_the_exact_curve(method: str, within: float, noise: float) -> None:
    budgets = None if method == "envelope" else BUDGETS
    found = frontier(surface(noise, 4), method=method, samples="D", cluster=None, budgets=budgets)
    best, truth = exact(found.table["compute"], noise)
    assert found.exponents["size"].value == pytest.approx(truth, abs=within)
    if method == "parabola":
        assert found.notes[-1].code == "parabola_bias"
        assert (found.table["size"] > 1.05 * best).all()
    else:
        np.testing.assert_allclose(found.table["size"], best, rtol=0.04)
    if method == "envelope":
        assert found.table["compute"].max() / found.table["compute"].min() > 1e4
        assert found.notes[-1].code == "edge_optimum"


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("law", ["chinchilla_gamma", "chinchilla_pnorm"])
def test_max_like_laws_give_the_exact_exponent(law: str, noise: float) -> None:
    found = frontier(fitted(law, noise), budgets=BUDGETS)
    assert found.status == "ok"
    _, truth = exact(found.table["compute"], noise)
    assert found.exponents["size"].value == pytest.approx(truth, abs=0.01)


@pytest.mark.parametrize("noise", NOISES)
def test_the_additive_law_is_misspecified_and_its_frontier_refused(noise: float) -> None:
    additive = fitted("chinchilla", noise)
    found = frontier(additive, budgets=BUDGETS)
    assert found.status == "refused"
    assert "misspecified" in found.reason
    assert found.table.empty
    assert np.isnan(found.exponents["size"].value)
    # It would have been wrong by more than the max-like laws may be.
    a = additive.law.derived["a"](additive.parameters, np.ones(2))
    _, truth = exact(pd.Series(BUDGETS), noise)
    assert abs(a - truth) > 0.02


def test_with_seeds_the_same_laws_are_told_apart() -> None:
    runs = pd.concat([surface(0.05, 1, 20).assign(seed=s) for s in range(5)], ignore_index=True)
    runs["loss"] *= np.exp(0.02 * np.random.default_rng(0).standard_normal(len(runs)))
    additive, joint = (
        frontier(fit(runs, law, y="loss", x=("N", "D"), draws=50), budgets=BUDGETS)
        for law in ("chinchilla", "chinchilla_gamma")
    )
    assert additive.status == "refused"
    assert "misspecified" in additive.reason
    a = joint.exponents["size"]
    assert a.value == pytest.approx(exact(pd.Series(BUDGETS), 0.05)[1], abs=0.01)
    assert 0 < a.high - a.low < 0.05
