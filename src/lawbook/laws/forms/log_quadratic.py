"""A surface of second order in logarithms, log y = log K + a log N + b log D + c log N log D + d log² N + e log² D."""

from __future__ import annotations

from lawbook.laws.forms._written import written

law = written(
    "log_quadratic",
    "K*exp(a*log(N) + b*log(D) + c*log(N)*log(D) + d*log(N)^2 + e*log(D)^2)",
    ["N", "D"],
    "Clark et al. 2022, arXiv:2202.01169, eq. 4, with squares",
)
