"""Training in few bits, y = E + A/N'^α + B/D^β with N' = N (1 - e^(-P/γ)), P the bits of the weights."""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "precision",
    "E + A*N^-alpha*(1 - exp(-P/gamma))^-alpha + B*D^-beta",
    ["N", "D", "P"],
    "Kumar et al. 2024, arXiv:2411.04330, eq. 3",
)
