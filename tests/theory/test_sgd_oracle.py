"""The recursion against a simulation and a dense oracle, the edge against eigenvalues, the frontier."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lawbook.theory.sgd_oracle import (
    constant_rate_loss,
    divergence_edge,
    doubling_edge,
    envelope,
    exact_curve,
    exact_loss,
    exponent,
    frontier,
    spectrum,
    tail,
)


def dense_loss(n_modes, rates, batch_size, a, b, noise):
    """The recursion of the whole matrix M = E e eᵀ, by Isserlis' theorem, in a rotated basis."""
    variances, target = spectrum(n_modes, a, b)
    rotation = np.linalg.qr(np.random.default_rng(5).normal(size=(n_modes, n_modes)))[0]
    covariance = rotation @ np.diag(variances) @ rotation.T
    moment = np.outer(rotation @ target, rotation @ target)
    floor = tail(n_modes, b) + noise
    losses = [np.trace(covariance @ moment) + floor]
    for rate in rates:
        seen = covariance @ moment @ covariance
        moment = (
            moment
            - rate * (covariance @ moment + moment @ covariance)
            + rate**2 * ((1 + 1 / batch_size) * seen + covariance * losses[-1] / batch_size)
        )
        losses.append(np.trace(covariance @ moment) + floor)
    return np.array(losses)


def simulated_loss(n_modes, rates, batch_size, a, b, noise, copies, n_tail):
    """Plain SGD on drawn examples whose unseen features are drawn too; each copy's loss."""
    random = np.random.default_rng(11)
    variances, target = spectrum(n_tail, a, b)
    weights = np.zeros((copies, n_modes))
    floor = np.sum((variances * target**2)[n_modes:]) + noise
    losses = []
    for step in range(len(rates) + 1):
        losses.append(((weights - target[:n_modes]) ** 2) @ variances[:n_modes] + floor)
        if step < len(rates):
            x = random.normal(size=(copies, batch_size, n_tail)) * np.sqrt(variances)
            y = x @ target + np.sqrt(noise) * random.normal(size=(copies, batch_size))
            seen = x[..., :n_modes]
            residual = np.einsum("cbn,cn->cb", seen, weights) - y
            weights -= rates[step] * np.einsum("cb,cbn->cn", residual, seen) / batch_size
    return np.stack(losses, axis=1)


@settings(max_examples=40, deadline=None)
@given(
    n_modes=st.integers(1, 12),
    batch_size=st.integers(1, 64),
    a=st.floats(0, 3),
    b=st.floats(1.1, 3),
    noise=st.floats(0, 2),
    rates=st.lists(st.floats(0, 1.5), min_size=1, max_size=20),
)
def test_recursion_matches_dense_oracle(n_modes, batch_size, a, b, noise, rates):
    got = exact_loss(n_modes, rates, batch_size, a, b, noise)
    np.testing.assert_allclose(got, dense_loss(n_modes, rates, batch_size, a, b, noise), rtol=1e-10)


def test_recursion_matches_simulation():
    rates = 0.5 * np.cos(np.linspace(0, np.pi / 2, 9))[:-1]
    # At b = 4 the features beyond 40 carry 5e-6 of the variance: far below the error of the mean.
    losses = simulated_loss(3, rates, 4, 1.0, 4.0, 0.3, copies=20_000, n_tail=40)
    error = losses.std(axis=0, ddof=1) / np.sqrt(len(losses))
    exact = exact_loss(3, rates, 4, 1.0, 4.0, 0.3)
    assert np.abs(losses[:, 0] / exact[0] - 1).max() < 1e-5
    assert (np.abs(losses.mean(axis=0) - exact)[1:] < 3.5 * error[1:]).all()
    assert (error[1:] / exact[1:]).max() < 0.01


@settings(max_examples=40, deadline=None)
@given(
    n_modes=st.integers(1, 40),
    batch_size=st.integers(1, 64),
    share=st.floats(0.05, 1.1),
    noise=st.floats(0, 1),
    total=st.integers(1, 200),
)
def test_closed_form_matches_recursion(n_modes, batch_size, share, noise, total):
    rate = share * divergence_edge(n_modes, batch_size)
    steps = np.arange(total + 1)
    got = constant_rate_loss(n_modes, rate, batch_size, steps, noise=noise)
    np.testing.assert_allclose(
        got, exact_loss(n_modes, np.full(total, rate), batch_size, noise=noise), rtol=1e-9
    )


def test_closed_form_at_the_edge_and_at_rate_zero():
    edge = divergence_edge(8, 4)
    for rate in (0.0, edge, np.nextafter(edge, 2)):
        np.testing.assert_allclose(
            constant_rate_loss(8, rate, 4, [0, 100], noise=0.1),
            exact_loss(8, np.full(100, rate), 4, noise=0.1, steps=[0, 100]),
            rtol=1e-9,
        )


def test_schedules_and_noises_broadcast():
    rates = np.random.default_rng(0).uniform(0, 0.5, (2, 1, 30))
    noise = np.array([0.0, 0.1, 1.0])
    steps = [30, 3, 0]
    got = exact_loss(16, rates, 8, noise=noise, steps=steps)
    assert got.shape == (2, 3, 3)
    for i in range(2):
        for j in range(3):
            alone = exact_loss(16, rates[i, 0], 8, noise=noise[j], steps=steps)
            np.testing.assert_allclose(got[i, j], alone, rtol=1e-13)


def test_divergence_overflows_to_infinity():
    assert exact_loss(4, np.full(5000, 3.0), 2)[-1] == np.inf
    assert constant_rate_loss(4, 3.0, 2, 5000) == np.inf


@pytest.mark.parametrize(("batch_size", "published"), [(4, 1.257), (64, 1.939)])
def test_edge_has_its_published_value(batch_size, published):
    assert divergence_edge(256, batch_size) == pytest.approx(published, abs=5e-4)


@settings(max_examples=60, deadline=None)
@given(n_modes=st.integers(1, 60), batch_size=st.integers(1, 256), a=st.floats(0, 3))
def test_edge_is_where_the_spectral_radius_is_one(n_modes, batch_size, a):
    edge = divergence_edge(n_modes, batch_size, a)
    pull = edge * spectrum(n_modes, a)[0]
    step = np.diag(1 - 2 * pull + pull**2 * (batch_size + 1) / batch_size) + np.outer(pull, pull) / batch_size
    assert np.abs(np.linalg.eigvals(step)).max() == pytest.approx(1, abs=1e-10)


@pytest.mark.parametrize("batch_size", [4, 64])
def test_loss_turns_at_the_edge(batch_size):
    edge = divergence_edge(32, batch_size)
    for share, grows in ((0.99, False), (1.01, True)):
        late = constant_rate_loss(32, share * edge, batch_size, [4000, 8000])
        assert (late[1] > 1.01 * late[0]) == grows


@pytest.mark.parametrize("batch_size", [4, 64])
def test_doubling_edge_stands_in_for_the_edge(batch_size):
    edge = divergence_edge(256, batch_size)
    for step in (4, 4096):
        turn = doubling_edge(256, batch_size, step, b=2.0)
        before, after = exact_loss(256, np.full(2 * step, turn), batch_size, b=2.0, steps=[step, 2 * step])
        assert before == pytest.approx(after, rel=1e-9)
        assert turn == pytest.approx(edge, rel=4e-3)


def test_frontier_has_its_published_exponents():
    compute = np.geomspace(1e5, 1e9, 17)
    loss, size, samples = frontier(compute, batch_size=64, learning_rate=0.3)
    assert 0.401 <= exponent(compute, size) <= 0.405
    assert exponent(compute, loss) == pytest.approx(-0.239, abs=0.001)
    np.testing.assert_allclose(6 * size * samples, compute, rtol=1e-12)
    steps = np.array([50, 100, 200, 400])
    assert exponent(steps, constant_rate_loss(1024, 0.3, 64, steps)) == pytest.approx(-0.399, abs=0.001)


def test_frontier_is_the_smallest_loss_of_any_size():
    compute = np.array([2e6])
    loss, size, _ = frontier(compute, 64, 0.3)
    every = np.arange(8, 128)
    losses = [constant_rate_loss(n, 0.3, 64, compute / (6 * n * 64))[0] for n in every]
    assert abs(every[np.argmin(losses)] - size[0]) <= 0.51
    assert loss[0] == pytest.approx(min(losses), rel=1e-4)


def test_frontier_does_not_depend_on_its_sizes():
    compute = np.geomspace(1e6, 1e7, 5)
    coarse = frontier(compute, 64, 0.3, sizes=2.0 ** np.arange(2, 9, 0.25))
    fine = frontier(compute, 64, 0.3, sizes=np.arange(4, 257))
    np.testing.assert_allclose(coarse[0], fine[0], rtol=1e-4)
    np.testing.assert_allclose(coarse[1], fine[1], rtol=2e-3)


def test_exact_curve_of_a_table_of_runs():
    plain = {
        "task": "sgd_oracle", "modes": 8, "batch_size": 4, "input_exponent": 1.5, "target_exponent": 1.6,
        "noise_variance": 0.1, "steps": 20, "schedule": "constant", "warmup": 0.0, "learning_rate": 0.3,
        "optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "gradient_clip": np.nan,
    }  # fmt: skip
    changes = [{}, {"schedule": "linear"}, {"modes": 16}, {"momentum": 0.9}, {"optimizer": "adamw"},
               {"weight_decay": 0.1}, {"gradient_clip": 1.0}, {"task": "digits"}, {}]  # fmt: skip
    runs = pd.DataFrame([plain | change for change in changes]).sample(frac=1, random_state=0)
    exact = exact_curve(runs, "steps", "test_loss")
    assert list(exact.index) == list(runs.index)
    linear = 0.3 * (1 - np.arange(20) / 20)
    want = [
        exact_loss(n_modes, rates, 4, noise=0.1, steps=[20])[0]
        for n_modes, rates in ((8, np.full(20, 0.3)), (8, linear), (16, np.full(20, 0.3)))
    ]
    np.testing.assert_allclose(exact.sort_index(), [*want, *[np.nan] * 5, want[0]], rtol=1e-12)
    assert exact_curve(runs, "steps", "train_loss").isna().all()
    along = pd.DataFrame([plain | {"schedule": "linear", "step": step} for step in (20, 3, 7)])
    np.testing.assert_allclose(
        exact_curve(along, "samples_seen", "test_loss"),
        exact_loss(8, linear, 4, noise=0.1, steps=[20, 3, 7]), rtol=1e-12,
    )  # fmt: skip


def test_exact_frontier_of_a_table_of_runs():
    plain = {
        "task": "sgd_oracle", "batch_size": 64, "input_exponent": 1.5, "target_exponent": 1.6, "noise_variance": 0.0,
        "schedule": "constant", "warmup": 0.0, "learning_rate": 0.5, "copies": 4, "optimizer": "sgd", "momentum": 0.0,
        "weight_decay": 0.0, "gradient_clip": np.nan,
    }  # fmt: skip
    runs = pd.DataFrame([plain | {"modes": modes, "seed": seed} for modes in (4, 16, 64) for seed in (0, 1)])
    compute = np.array([4e5, 4e6])
    size, loss = exact_curve.frontier(runs, "n_params", "test_loss", compute)
    want, best, _ = frontier(compute / 4, 64, 0.5, sizes=2.0 ** np.arange(1, 7, 1 / 8))
    np.testing.assert_allclose(size, 4 * best, rtol=1e-3)
    np.testing.assert_allclose(loss, want, rtol=1e-5)
    np.testing.assert_allclose(
        exact_curve.frontier(runs, "modes", "test_loss", compute)[0], size / 4, rtol=1e-12
    )
    mixed = runs.assign(learning_rate=np.where(runs["seed"] == 0, 0.5, 0.3))
    for other, column, y in (
        (mixed, "modes", "test_loss"), (runs.assign(schedule="cosine"), "modes", "test_loss"),
        (runs, "width", "test_loss"), (runs, "modes", "train_loss"), (runs.assign(momentum=0.9), "modes", "test_loss"),
    ):  # fmt: skip
        assert np.isnan(exact_curve.frontier(other, column, y, compute)).all()
    assert np.isnan(exact_curve.frontier(runs, "modes", "test_loss", [1e12])).all()


def test_refusals():
    with pytest.raises(ValueError, match="b > 1"):
        spectrum(4, b=1.0)
    with pytest.raises(ValueError, match="batch_size"):
        divergence_edge(4, 0)
    with pytest.raises(ValueError, match="rates"):
        exact_loss(4, [-0.1], 4)
    with pytest.raises(ValueError, match="variance"):
        exact_loss(4, [0.1], 4, noise=-1)
    with pytest.raises(ValueError, match=r"0…1"):
        exact_loss(4, [0.1], 4, steps=[2])
    with pytest.raises(ValueError, match="negative"):
        constant_rate_loss(4, 0.1, 4, [-1])
    with pytest.raises(ValueError, match="at least 1"):
        doubling_edge(4, 4, 0)
    with pytest.raises(ValueError, match="does not turn"):
        doubling_edge(64, 1, 1, noise=50.0)
    with pytest.raises(ValueError, match="end of the sizes"):
        frontier([1e6], 64, 0.3, sizes=[2, 3, 4, 5])
    with pytest.raises(ValueError, match="at least 4"):
        envelope([1, 2, 3], np.ones((3, 1)))
