"""The check of a law: its parameters and bounds, and that its slopes are the derivatives of its basis."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lawbook.laws.forms import laws


def check_law(name: str, x: ArrayLike, parameters: ArrayLike) -> None:
    """Hold a law to its contract at some inputs (n, d) and parameters (p,) inside its bounds. Raises AssertionError."""
    law, at, planted = laws[name], np.asarray(x, dtype=float), np.asarray(parameters, dtype=float)
    m, box = len(law.linear), law.box(at)
    assert law.name == name, "a law has the name of its file"
    assert law.formula, "a law says its formula"
    assert law.source, "a law names its source"
    assert law.exponent in law.nonlinear, "the exponent is one of the nonlinear parameters"
    assert len(planted) == len(law.parameters), "each parameter has a value"
    assert len(box) == len(law.nonlinear) == len(law.log_spaced), "each nonlinear parameter has bounds"
    theta = planted[None, m:]
    assert ((box[:, 0] < theta) & (theta < box[:, 1])).all(), "the parameters lie inside the bounds"
    assert (law.log_predict(at, planted) < np.inf).all(), "the law is finite there"
    exact = law.slopes(at, theta)
    for k in range(theta.shape[1]):
        step = np.zeros_like(theta)
        step[:, k] = 1e-6 * max(abs(theta[0, k]), 1e-3)
        ahead, behind = law.log_basis(at, theta + step), law.log_basis(at, theta - step)
        for j in range(m):
            with np.errstate(invalid="ignore"):
                numeric = np.nan_to_num((ahead[j] - behind[j]) / (2 * step[0, k]))
            found = np.broadcast_to(exact.get((j, k), 0.0), numeric.shape)
            assert np.allclose(found, numeric, rtol=1e-4, atol=1e-6), (
                f"slope of term {j} along {law.nonlinear[k]}"
            )
