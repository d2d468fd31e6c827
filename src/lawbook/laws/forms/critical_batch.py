"""Steps to a loss by batch size, y = S_min (1 + B_noise/B).

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[100.0]]), np.array([3000.0, 900.0]))[0]).round(6))
30000.0
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "critical_batch", "S_min*(1 + B_noise/B)", ["B"], "McCandlish et al. 2018, arXiv:1812.06162, eq. 2.11"
)
