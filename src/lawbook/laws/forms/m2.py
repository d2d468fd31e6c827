"""M2, the power law with a floor under the names of its benchmark, y = ε∞ + β x^-c.

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[100.0]]), np.array([1.0, 3.0, 0.5]))[0]).round(12))
1.3
"""

from __future__ import annotations

from dataclasses import replace

from lawbook.laws.forms.power_floor import law as power_floor

law = replace(
    power_floor,
    name="m2",
    formula="y = ε∞ + β x^-c",
    source="Alabdulmohsin et al. 2022, arXiv:2209.06640, M2 (there with the opposite sign of c)",
    linear=("err_inf", "beta"),
    nonlinear=("c",),
    exponent="c",
    floor="err_inf",
)
