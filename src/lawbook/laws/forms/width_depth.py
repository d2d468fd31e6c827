"""Width m and depth l in place of the size N, y = E + c_m/m^α_m + c_l/l^α_l + c_D/D^α_D.

With N ≈ 12 m² l its optimal shape is that of both terms together: at α_m = α_l = 1 depth grows as width, and the sum
falls as N^(-1/3), though neither is a law of N. It is the sum of `additive_three` by other names.
"""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "width_depth",
    "E + c_m*m^-alpha_m + c_l*l^-alpha_l + c_D*D^-alpha_D",
    ["m", "l", "D"],
    "Liu et al. 2026, arXiv:2602.05970",
)
