"""SGD on random features: the closed form against draws and the plain recursion, the exponents against the terms."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.shipped import load

from lawbook.theory.sgd_phases import exponents, features, inexpressible, mean_loss

STUDIES = Path(__file__).parents[2] / "config" / "studies"


def test_the_closed_form_is_the_recursion() -> None:
    of = features(np.random.default_rng(0).normal(size=(5, 40)) / np.sqrt(5), 1.0, [0.7])
    rate, moments, losses = 0.2, of.moments[0], []
    for _ in range(31):
        losses.append(of.variances @ moments + of.residuals[0])
        pull = rate * of.variances
        moments = ((1 - pull) ** 2 + pull**2) * moments + rate * pull * losses[-1]

    np.testing.assert_allclose(mean_loss(of, rate, [0, 1, 30])[0], np.array(losses)[[0, 1, 30]], rtol=1e-9)
    assert losses[0] == pytest.approx((np.arange(1, 41) ** -3.4).sum()), "zero weights leave the whole target"
    with pytest.raises(ValueError, match="grows at the rate"):
        mean_loss(of, 5.0, [1])


def test_the_mean_is_that_of_many_runs() -> None:
    rng, v, d, rate, runs = np.random.default_rng(1), 30, 3, 0.1, 100_000
    j = np.arange(1, v + 1.0)
    w = rng.normal(size=(d, v)) / np.sqrt(d)
    theta = np.zeros((runs, d))
    for _ in range(4):
        x = rng.normal(size=(runs, v)) * j**-1.0
        phi = x @ w.T
        theta -= rate * (np.einsum("rd,rd->r", phi, theta) - x @ j**-0.3)[:, None] * phi
    off = theta @ w - j**-0.3
    each = np.square(off) @ j**-2.0

    found = mean_loss(features(w, 1.0, [0.7, 0.3]), rate, [4])
    assert abs(found[1, 0] - each.mean()) < 4 * each.std() / np.sqrt(runs)


@pytest.mark.parametrize(("alpha", "beta", "ratio"), [(1.0, 0.3, 10), (0.4, 0.4, 4), (0.4, 1.0, 4)])
def test_what_features_cannot_express_is_that_of_draws(alpha: float, beta: float, ratio: int) -> None:
    rng, d = np.random.default_rng(2), 150
    drawn = [
        features(rng.normal(size=(d, ratio * d)) / np.sqrt(d), alpha, [beta]).residuals[0] for _ in range(20)
    ]

    assert inexpressible(alpha, beta, d, ratio * d) == pytest.approx(np.mean(drawn), rel=0.06)


@pytest.mark.parametrize(
    ("alpha", "beta"),
    [
        (1.0, 0.3),
        (1.0, 0.7),
        (0.7, 0.7),
        (0.7, 1.2),
        (0.6, 0.2),
        (0.4, 0.4),
        (0.3, 0.3),
        (0.4, 1.0),
        (0.31, 0.6),
        (0.27, 1.0),
        (0.26, 0.6),
        (0.2, 1.0),
        (0.1, 0.7),
    ],
)
def test_the_exponents_are_those_of_the_least_sum_of_terms(alpha: float, beta: float) -> None:
    log_d = np.linspace(0, 400, 40_001)

    def best(log_f: float) -> tuple[float, float]:
        log_rate = min(2 * alpha - 1, 0) * log_d
        log_s = log_f - log_d + log_rate
        terms = [
            -(2 * alpha + min(2 * beta, 1) - 1) * log_d,
            -(2 * alpha + 2 * beta - 1) / (2 * alpha) * log_s,
        ]
        if 4 * alpha > 1:
            terms.append(log_rate - (4 * alpha - 1) / (2 * alpha) * log_s)
        if 2 * beta > 1 and 2 * alpha > 1:
            terms.append(-log_d - (2 * alpha - 1) / (2 * alpha) * log_s)
        total = np.logaddexp.reduce(terms)
        return log_d[total.argmin()], total.min()

    (low_d, low), (high_d, high) = best(200.0), best(400.0)
    found = exponents(alpha, beta)
    assert (low - high) / 200 == pytest.approx(found.loss, abs=2e-3)
    assert (high_d - low_d) / 200 == pytest.approx(found.size, abs=2e-3)


def test_outside_of_these_phases_nothing_is_said() -> None:
    for alpha, beta in ((0.5, 1.0), (0.25, 0.7), (0.24, 0.4), (0.7, 0.0)):
        with pytest.raises(ValueError, match="needs beta > 0 and alpha > "):
            exponents(alpha, beta)


def test_the_study_expects_the_exponents_and_has_the_table_of_its_program() -> None:
    spec = importlib.util.spec_from_file_location("phases", STUDIES / "phases.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    where = {name: (alpha, beta) for alpha, points in program.POINTS.items() for name, beta in points.items()}

    content = load("phases").content
    for claim in content.claims:
        point = content.analyses.of("compute_frontier")[claim.analysis].where["point"]
        expected = exponents(*where[point])
        of_loss = claim.options.get("of") == "loss"
        assert claim.expected == pytest.approx(-expected.loss if of_loss else expected.size, abs=1e-4)
    shipped = pd.read_csv(STUDIES / "phases.csv")
    made = program.table(seeds=dict.fromkeys(program.SIZES, (3,)), sizes=dict.fromkeys(program.SIZES, (40,)))
    again = shipped[(shipped["seed"] == 3) & (shipped["d"] == 40)].reset_index(drop=True)
    np.testing.assert_allclose(made["loss"].astype(float), again["loss"], rtol=1e-4)
    np.testing.assert_allclose(made["t"].astype(float), again["t"], rtol=1e-8)
