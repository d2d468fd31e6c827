"""Downstream error by loss, y = ε - k e^(-γ L): it saturates where the loss says nothing.

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[2.0]]), np.array([0.8, 1.0, 0.5]))[0]).round(12))
0.432120558829
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "saturating_error", "epsilon - k*exp(-gamma*L)", ["L"], "Gadre et al. 2024, arXiv:2403.08540, eq. 5"
)
