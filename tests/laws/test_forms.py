"""Each law: its Jacobian, its box, its registry entry."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.errors import LawbookError
from lawbook.laws import laws

X = np.geomspace(3.0, 900.0, 7)[:, None]


@pytest.mark.parametrize("name", list(laws))
def test_jacobian_is_the_derivative_of_the_log_basis(name: str) -> None:
    law = laws[name]
    box = law.box(X)
    theta = box[:, 0] + (box[:, 1] - box[:, 0]) * np.random.default_rng(0).uniform(0.1, 0.4, (5, len(box)))
    exact = law.log_basis_jacobian(X, theta)
    for k in range(theta.shape[1]):
        step = np.zeros_like(theta)
        step[:, k] = 1e-6 * (1e-3 + np.abs(theta[:, k]))
        above, below = law.log_basis(X, theta + step), law.log_basis(X, theta - step)
        numeric = (above - below) / (2 * step[:, k])[:, None, None]
        np.testing.assert_allclose(exact[..., k], numeric, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", list(laws))
def test_a_law_is_whole(name: str) -> None:
    law = laws[name]
    assert law.name == name
    assert law.exponent in law.nonlinear
    assert law.floor is None or law.floor in law.linear
    assert len(law.log_spaced) == len(law.nonlinear) == len(law.box(X))
    assert (law.box(X)[:, 0] < law.box(X)[:, 1]).all()
    assert law.source
    parameters = np.concatenate([np.ones(len(law.linear)), law.box(X).mean(axis=1)])
    terms = np.exp(law.log_basis(X, parameters[None, len(law.linear) :]))[0].sum(axis=1)
    np.testing.assert_allclose(np.exp(law.log_predict(X, parameters)), terms, rtol=1e-12)


def test_an_unknown_law_is_named_with_the_nearest_one() -> None:
    with pytest.raises(LawbookError, match="unknown law 'powr'; did you mean 'power'"):
        laws["powr"]
