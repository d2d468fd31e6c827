"""M1, the power law under the names of its benchmark, y = β x^-c.

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[100.0]]), np.array([3.0, 0.5]))[0]).round(12))
0.3
"""

from __future__ import annotations

from dataclasses import replace

from lawbook.laws.forms.power import law as power

law = replace(
    power,
    name="m1",
    formula="y = β x^-c",
    source="Alabdulmohsin et al. 2022, arXiv:2209.06640, M1 (there with the opposite sign of c)",
    linear=("beta",),
    nonlinear=("c",),
    exponent="c",
)
