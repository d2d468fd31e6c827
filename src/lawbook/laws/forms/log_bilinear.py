"""Two sizes whose exponents depend on each other, y = K N^a X^b e^(c log N log X).

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[np.e, np.e**2]]), np.array([2.0, -1.0, -0.5, 0.25]))[0]).round(12))
0.446260320297
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "log_bilinear",
    "K*exp(a*log(N) + b*log(X) + c*log(N)*log(X))",
    ["N", "X"],
    "Clark et al. 2022, arXiv:2202.01169, eq. 4",
)
