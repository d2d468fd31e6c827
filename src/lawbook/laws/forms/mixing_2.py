"""A loss by two shares of a mixture, y = E + K e^(t1 r1 + t2 r2).

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[0.5, 0.0]]), np.array([1.0, 2.0, -2.0, 0.5]))[0]).round(12))
1.735758882343
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "mixing_2", "E + K*exp(t1*r1 + t2*r2)", ["r1", "r2"], "Ye et al. 2024, arXiv:2403.16952", positive=()
)
