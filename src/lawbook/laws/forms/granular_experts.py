"""Mixtures of fine-grained experts, y = c + (g/G^γ + a)/N^α + b/D^β, G the granularity.

>>> import numpy as np
>>> x, parameters = np.array([[4.0, 100.0, 4.0]]), np.array([0.5, 2.0, 3.0, 5.0, 0.5, 0.5, 0.5])
>>> float(np.exp(law.log_predict(x, parameters)[0]).round(12))
3.0
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "granular_experts",
    "c + N^-alpha*(g*G^-gamma + a) + b*D^-beta",
    ["N", "D", "G"],
    "Krajewski et al. 2024, arXiv:2402.07871, eq. 9",
)
