"""A product of powers, y = k N^a D^b, of either sign: optimal rates and batches, transfer.

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[4.0, 100.0]]), np.array([3.0, 0.5, -0.5]))[0]).round(12))
0.6
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "power_product",
    "k*N^a*D^b",
    ["N", "D"],
    "Hernandez et al. 2021, arXiv:2102.01293; Li et al. 2025, arXiv:2503.04715",
)
