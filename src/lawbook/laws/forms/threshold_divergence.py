"""A time that diverges at a threshold, y = A (f - f_c)^-g.

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[0.5]]), np.array([3.0, 0.25, 0.5]))[0]).round(12))
6.0
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "threshold_divergence",
    "A*(f - f_c)^-g",
    ["f"],
    "a power law of the distance to a critical value, as in Power et al. 2022, arXiv:2201.02177",
)
