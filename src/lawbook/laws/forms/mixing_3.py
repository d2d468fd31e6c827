"""A loss by three shares of a mixture, y = E + K e^(t1 r1 + t2 r2 + t3 r3).

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[0.5, 0.0, 0.5]]), np.array([1.0, 2.0, -2.0, 0.5, 0.0]))[0]).round(12))
1.735758882343
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "mixing_3",
    "E + K*exp(t1*r1 + t2*r2 + t3*r3)",
    ["r1", "r2", "r3"],
    "Ye et al. 2024, arXiv:2403.16952",
    positive=(),
)
