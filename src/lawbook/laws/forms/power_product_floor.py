"""A product of powers above a floor, y = E + K/(N^α D^β).

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[4.0, 100.0]]), np.array([1.0, 3.0, 0.5, 0.5]))[0]).round(12))
1.15
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "power_product_floor",
    "E + K*N^-alpha*D^-beta",
    ["N", "D"],
    "Clark et al. 2022, arXiv:2202.01169, in one term",
)
