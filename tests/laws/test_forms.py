"""Each law: its slopes, its box, its registry entry; and the published fits of M1 to M4."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.laws.designs import DESIGNS

from lawbook.errors import LawbookError
from lawbook.laws import laws
from lawbook.seeds import generator

NAMES = sorted(laws)


def test_every_law_has_a_design() -> None:
    assert sorted(DESIGNS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_slopes_are_the_derivatives_of_the_log_basis(name: str) -> None:
    law, (x, planted) = laws[name], DESIGNS[name]
    m, k = len(law.linear), len(law.nonlinear)
    theta = np.array(planted[m:]) * generator(0, "slopes").uniform(0.95, 1.05, (5, k))
    shape = (5, len(x))
    exact = law.slopes(x, theta)
    assert all(0 <= j < m and 0 <= at < k for j, at in exact)
    for at in range(k):
        step = np.zeros_like(theta)
        step[:, at] = 2e-6 * np.abs(theta[:, at])
        # Differences over two steps of each size cancel the error of third order.
        sides = [law.log_basis(x, theta + size * step) for size in (-2, -1, 1, 2)]
        for j in range(m):
            far_low, low, high, far_high = (np.broadcast_to(side[j], shape) for side in sides)
            alive = np.isfinite(high)  # a term that vanishes has slope 0
            change = np.zeros(shape)
            change[alive] = 8 * (high[alive] - low[alive]) - (far_high[alive] - far_low[alive])
            numeric = change / (12 * step[:, at, None])
            found = np.broadcast_to(exact.get((j, at), 0.0), shape)
            round_off = 1e-9 * (1 + np.abs(np.where(alive, high, 0.0)).max()) / np.abs(theta[:, at]).min()
            np.testing.assert_allclose(found, numeric, rtol=1e-6, atol=round_off)


@pytest.mark.parametrize("name", NAMES)
def test_a_law_is_whole(name: str) -> None:
    law, (x, planted) = laws[name], DESIGNS[name]
    m = len(law.linear)
    box = law.box(x)
    assert law.name == name
    assert law.formula
    assert law.source
    assert law.exponent in law.nonlinear
    assert law.floor is None or law.floor in law.linear
    assert len(law.inputs) == x.shape[1]
    assert len(law.sign) == m
    assert len(planted) == len(law.parameters) == len(set(law.parameters))
    assert len(law.log_spaced) == len(law.nonlinear) == len(box)
    assert (box[:, 0] < box[:, 1]).all()
    assert (box[list(law.log_spaced), 0] > 0).all()
    assert ((box[:, 0] < planted[m:]) & (planted[m:] < box[:, 1])).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_prediction_is_the_signed_sum_of_the_terms(name: str) -> None:
    law, (x, planted) = laws[name], DESIGNS[name]
    m = len(law.linear)
    log_basis = law.log_basis(x, np.array([planted[m:]]))
    assert len(log_basis) == m
    terms = [s * c * np.exp(term) for s, c, term in zip(law.sign, planted, log_basis, strict=False)]
    y = np.broadcast_to(sum(terms), (1, len(x)))[0]
    assert (y > 0).all()
    assert np.ptp(y) > 0
    np.testing.assert_allclose(np.exp(law.log_predict(x, np.array(planted))), y, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_derived_quantities_take_one_or_many_parameter_vectors(name: str) -> None:
    law, (x, planted) = laws[name], DESIGNS[name]
    with np.errstate(divide="ignore"):
        centre = np.exp(np.log(x).mean(axis=0))
    many = np.array([planted, planted])
    for quantity in law.derived.values():
        one = quantity(many[0], centre)
        assert np.isfinite(one)
        np.testing.assert_array_equal(quantity(many, centre), [one, one])


@pytest.mark.parametrize("name", [name for name in NAMES if laws[name].towards is not None])
def test_starts_moved_towards_the_data_stay_in_the_box(name: str) -> None:
    law, (x, planted) = laws[name], DESIGNS[name]
    assert law.towards is not None
    low, high = law.box(x).T
    unit = generator(0, "moved").uniform(size=(64, len(low)))
    spaced = np.array(law.log_spaced)
    theta = np.where(
        spaced,
        np.exp(np.log(np.where(spaced, low, 1)) * (1 - unit) + np.log(np.where(spaced, high, 1)) * unit),
        low + (high - low) * unit,
    )
    log_y = np.tile(law.log_predict(x, np.array(planted)), (64, 1))
    moved = law.towards(x, log_y, theta)
    assert (moved != theta).any()
    assert ((low <= moved) & (moved <= high)).all()


def test_breaks_in_their_places_give_the_exponents_of_bnsl() -> None:
    law, (x, planted) = laws["bnsl_1"], DESIGNS["bnsl_1"]
    assert law.towards is not None
    truth = np.array([0.0, *planted[1:]])
    start = np.array([[-4.0, 0.0, *planted[4:]]])  # the lowest c0: no floor
    moved = law.towards(x, law.log_predict(x, truth)[None], start)
    np.testing.assert_allclose(moved[0], truth[2:], rtol=2e-2)


def test_m4_solves_its_equation_over_the_whole_box() -> None:
    law, x = laws["m4"], np.geomspace(1e-3, 1e9, 60)[:, None]
    alpha = np.array([1e-8, 1e-3, 0.3, 1.0, 1.7, 5.0])
    d, c = np.array([1e-2, 30.0, 1e7]), np.array([0.03, 0.5, 4.0])
    theta = np.stack([column.ravel() for column in np.meshgrid(d, c, alpha)], axis=1)
    log_v, log_u = law.log_basis(x, theta)
    s = -theta[:, 1:2] * (np.log(x[:, 0]) - np.log(theta[:, :1]))
    np.testing.assert_allclose(log_u - theta[:, 2:] * log_v, s, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(np.exp(log_u) + np.exp(log_v), 1.0, rtol=1e-13)


def test_the_breaks_of_bnsl_may_be_given_in_any_order() -> None:
    x, planted = DESIGNS["bnsl_2"]
    swapped = (*planted[:3], *planted[6:], *planted[3:6])
    law = laws["bnsl_2"]
    np.testing.assert_allclose(law.log_predict(x, np.array(swapped)), law.log_predict(x, np.array(planted)))


def test_the_reference_optimum_of_bnsl_lies_in_its_box() -> None:
    x = np.array([160, 192, 256, 320, 384, 448, 480, 512, 544, 576, 608, 640, 672, 736], dtype=float)
    theta = np.array([0.0550774, 5.662909, 612.5837, 0.0591931])
    low, high = laws["bnsl_1"].box(x[:, None]).T
    assert ((low < theta) & (theta < high)).all()


def test_the_logarithmic_law_ends() -> None:
    predicted = laws["logarithmic"].log_predict(np.array([[10.0], [1e5], [1e6]]), np.array([0.1, 1e5]))
    assert np.isfinite(predicted[0])
    assert np.isnan(predicted[1:]).all()


def test_a_p_norm_with_p_one_is_chinchilla_and_with_gamma_its_inverse_the_same() -> None:
    x, (E, A, B, alpha, beta) = DESIGNS["chinchilla"]
    ratio = np.log(B / A)
    plain = laws["chinchilla"].log_predict(x, np.array([E, A, B, alpha, beta]))
    for name in ("chinchilla_pnorm", "chinchilla_gamma"):
        same = laws[name].log_predict(x, np.array([E, A, alpha, beta, 1.0, ratio]))
        np.testing.assert_allclose(same, plain, rtol=1e-12)
    p = 3.0
    norm = laws["chinchilla_pnorm"].log_predict(x, np.array([E, A, alpha, beta, p, ratio]))
    power = np.array([E, A, alpha * p, beta * p, 1 / p, ratio * p])
    np.testing.assert_allclose(laws["chinchilla_gamma"].log_predict(x, power), norm, rtol=1e-12)


def test_annealing_is_the_published_double_sum() -> None:
    rate = np.repeat([1.0, 0.7, 0.7, 0.2], [3, 2, 4, 6])
    T, steps = 5.0, np.arange(1, len(rate) + 1)
    falls = -np.diff(rate, prepend=rate[0])
    published = [
        sum(falls[k] * np.exp(-(i - k) / T) for i in range(step) for k in range(i + 1)) for step in steps
    ]
    C = 0.01
    at = np.array([3, 5, 9, 15])
    x = np.stack([np.zeros(4), at, rate[at - 1]], axis=1)
    ours = np.array([1.0, 2.0, C / (T * -np.expm1(-1 / T)), 0.5, T])
    y = 1 + 2 * np.cumsum(rate)[at - 1] ** -0.5 - C * np.array(published)[at - 1]
    np.testing.assert_allclose(np.exp(laws["annealing"].log_predict(x, ours)), y, rtol=1e-12)
    assert laws["annealing"].derived["C_per_step"](ours, at) == pytest.approx(C)


def test_multi_power_is_the_published_sum_step_by_step() -> None:
    rate = np.repeat([1.0, 0.7, 0.7, 0.2], [3, 2, 4, 6])
    falls = -np.diff(rate, prepend=rate[0])
    C, beta, gamma = 0.8, 0.4, 0.6
    at = np.array([3, 5, 9, 15])
    reduction = [
        sum(
            falls[k] * (1 - (1 + C * rate[k] ** -gamma * rate[k:step].sum()) ** -beta) for k in range(1, step)
        )
        for step in at
    ]
    x = np.stack([np.zeros(4), at, rate[at - 1]], axis=1)
    y = 1 + 2 * np.cumsum(rate)[at - 1] ** -0.5 - 0.3 * np.array(reduction)
    found = laws["multi_power"].log_predict(x, np.array([1.0, 2.0, 0.3, 0.5, C, beta, gamma]))
    np.testing.assert_allclose(np.exp(found), y, rtol=1e-12)


@pytest.mark.parametrize("name", ["annealing", "multi_power"])
def test_a_schedule_is_a_causal_history_in_any_row_order(name: str) -> None:
    x, planted = DESIGNS[name]
    whole = laws[name].log_predict(x, np.array(planted))
    order = generator(0, "order").permutation(len(x))
    np.testing.assert_allclose(laws[name].log_predict(x[order], np.array(planted)), whole[order], rtol=1e-12)
    early = x[:, 1] <= 2500
    np.testing.assert_allclose(laws[name].log_predict(x[early], np.array(planted)), whole[early], rtol=1e-12)


def test_a_warm_up_is_no_annealing_and_a_rate_of_zero_is_finite() -> None:
    for name in ("annealing", "multi_power"):
        law, m = laws[name], len(laws[name].linear)
        planted = np.array([DESIGNS[name][1]])
        warm = np.array([[0, 1, 1e-4], [0, 2, 1e-3], [0, 3, 3e-3]])
        assert (law.log_basis(warm, planted[:, m:])[2] == -np.inf).all()
        ended = np.array([[0, 100, 3e-3], [0, 200, 1e-3], [0, 300, 0.0]])
        assert np.isfinite(law.log_predict(ended, planted)).all()
        assert all(np.isfinite(slope).all() for slope in law.slopes(ended, planted[:, m:]).values())


def test_an_unknown_law_is_named_with_the_nearest_one() -> None:
    with pytest.raises(LawbookError, match="unknown law 'powr'; did you mean 'power'"):
        laws["powr"]


def test_the_page_on_laws_has_every_law() -> None:
    page = (Path(__file__).parents[2] / "docs" / "laws.md").read_text(encoding="utf-8")
    for name in laws:
        assert f"| `{name}` | {laws[name].formula} |" in page
