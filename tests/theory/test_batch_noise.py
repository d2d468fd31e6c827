"""What batches leave of the loss: the fixed points against recursions and draws that share no code with them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from tests.shipped import load

from lawbook.theory.batch_noise import (
    data_set,
    divergence_edge,
    exact_curve,
    excess_along,
    excess_of_set,
    langevin_excess,
    noise_share,
    stationary_excess,
    variances,
)


@pytest.mark.parametrize(("exponent", "batch_size", "rate"), [(0.0, 4, 0.1), (1.0, 1, 0.3)])
def test_the_recursion_comes_to_the_fixed_point(exponent: float, batch_size: int, rate: float) -> None:
    lambdas = variances(6, exponent)
    found = excess_along(rate, batch_size, lambdas, 0.5, 1.0, [0, 5000])

    assert found[0] == pytest.approx(lambdas.mean())
    assert found[1] == pytest.approx(stationary_excess(rate, batch_size, lambdas, 0.5), rel=1e-10)


def test_the_recursion_is_that_of_many_draws() -> None:
    rng, rate, batch_size, copies = np.random.default_rng(0), 0.2, 3, 200_000
    lambdas = variances(2, 1.0)
    delta = np.full((copies, 2), 1.0 / np.sqrt(2))
    for _ in range(3):
        x = rng.normal(size=(copies, batch_size, 2)) * np.sqrt(lambdas)
        residual = np.einsum("cbk,ck->cb", x, delta) - np.sqrt(0.5) * rng.normal(size=(copies, batch_size))
        delta -= rate * np.einsum("cb,cbk->ck", residual, x) / batch_size
    each = np.square(delta) @ lambdas

    error = each.std() / np.sqrt(copies)
    assert abs(excess_along(rate, batch_size, lambdas, 0.5, 1.0, [3])[0] - each.mean()) < 4 * error


def test_the_mean_diverges_where_the_share_of_noise_is_one() -> None:
    for d, batch_size in ((1, 1), (16, 4), (100, 64)):
        assert divergence_edge(batch_size, np.ones(d)) == pytest.approx(
            2 * batch_size / (batch_size + 1 + d), rel=1e-12
        )
    edge = divergence_edge(4, variances(16, 1.0))
    assert noise_share(edge, 4, variances(16, 1.0)) == pytest.approx(1, rel=1e-9)
    assert stationary_excess(1.01 * edge, 4, variances(16, 1.0)) == np.inf


def test_small_rates_are_those_of_the_langevin_equation() -> None:
    lambdas = variances(5, 1.0)
    ratio = [stationary_excess(r, 2, lambdas) / langevin_excess(r, 2, lambdas) - 1 for r in (1e-4, 5e-5)]

    assert ratio[0] < 1e-3
    assert ratio[0] / ratio[1] == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_a_set_has_the_moments_of_all_its_batches(batch_size: int) -> None:
    x, r = data_set(2, 5, 0.5, 0.7, 3)
    rate, moments = 0.5, np.zeros((2, 2))
    batches = [list(batch) for batch in combinations(range(5), batch_size)]
    for _ in range(300):
        total = np.zeros((2, 2))
        for batch in batches:
            kept = np.eye(2) - rate * x[batch].T @ x[batch] / batch_size
            pushed = rate * x[batch].T @ r[batch] / batch_size
            total += kept @ moments @ kept.T + np.outer(pushed, pushed)
        moments = total / len(batches)

    assert excess_of_set(rate, batch_size, x, r) == pytest.approx(
        float(np.trace(x.T @ x / 5 @ moments)), rel=1e-6
    )
    assert np.allclose(x.T @ r, 0), "the residuals are those at the least loss"


def test_small_rates_have_the_factor_of_draws_without_replacement() -> None:
    x, r = data_set(3, 12, 0.0, 1.0, 0)
    for batch_size in (1, 4, 12):
        ratio = excess_of_set(1e-4, batch_size, x, r) / excess_of_set(
            1e-4, batch_size, x, r, replacement=True
        )
        assert ratio == pytest.approx((12 - batch_size) / 11, abs=1e-3)
    assert excess_of_set(10.0, 1, x, r) == np.inf
    with pytest.raises(ValueError, match="more examples"):
        data_set(4, 4, 0.0, 1.0, 0)


RUN = {
    "task": "batch_noise", "optimizer": "sgd", "schedule": "constant", "gradient_clip": None, "weight_decay": 0.0,
    "momentum": 0.0, "warmup": 0.0, "dimension": 16, "input_exponent": 0.0, "noise_variance": 0.5,
    "start_distance": 0.0, "samples": np.nan, "replacement": "without", "batch_size": 4, "learning_rate": 0.05,
    "steps": 3000, "seed": 0,
}  # fmt: skip


def test_of_runs_that_it_does_not_cover_nothing_is_said() -> None:
    runs = pd.DataFrame(
        [RUN, RUN | {"momentum": 0.9}, RUN | {"samples": 32}, RUN | {"learning_rate": 0.5}],
        index=[5, 6, 7, 8],
    )

    late = exact_curve(runs, "steps", "excess")
    assert late[5] == pytest.approx(0.0575539568)
    assert late.isna().tolist() == [False, True, False, True]
    assert exact_curve(runs.iloc[:3], "steps", "test_loss").isna().tolist() == [False, True, True]
    assert exact_curve(runs[:1], "steps", "test_loss")[5] == pytest.approx(late[5], rel=1e-9)
    assert exact_curve(runs, "steps", "train_loss").isna().all()


def test_the_study_expects_what_the_formulas_give() -> None:
    claims, one = load("temperature").content.claims, np.ones(16)

    def excess(run: Mapping[str, float]) -> float:
        return stationary_excess(run["learning_rate"], int(run["batch_size"]), one, 0.5)

    over = [claim for claim in claims if claim.column == "over_langevin"]
    assert len(over) == 2
    for claim in over:
        langevin = langevin_excess(claim.where["learning_rate"], claim.where["batch_size"], one, 0.5)
        assert claim.expected == pytest.approx(excess(claim.where) / langevin, abs=1e-4)
    (same,) = [claim for claim in claims if claim.name == "same_rate_per_example"]
    assert same.expected == pytest.approx(excess(same.options["of"]) / excess(same.options["over"]), abs=1e-4)
    drawn = [claim for claim in claims if claim.options.get("of") == {"replacement": "without"}]
    assert len(drawn) == 4
    for claim in drawn:
        assert claim.expected == pytest.approx((32 - claim.where["batch_size"]) / 31, abs=1e-4)
