"""Chinchilla's law with a third size, y = E + A/N^α + B/D^β + C/V^γ: vocabulary, experts, context.

>>> import numpy as np
>>> x, parameters = np.array([[4.0, 100.0, 16.0]]), np.array([1.0, 3.0, 5.0, 8.0, 0.5, 0.5, 0.25])
>>> float(np.exp(law.log_predict(x, parameters)[0]).round(12))
7.0
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "additive_three",
    "E + A*N^-alpha + B*D^-beta + C*V^-gamma",
    ["N", "D", "V"],
    "Tao et al. 2024, arXiv:2407.13623, eq. 4",
)
