"""How many claims would fail although they are true, at most, for the width of their intervals alone."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import NormalDist

from lawbook.results.card import ClaimCard

COVERAGE = 0.95
Z = NormalDist().inv_cdf(0.5 + COVERAGE / 2)

RULE = (
    "A claim fails if its 95 % interval lies whole outside the expected range. A true claim does so only by chance:"
    " most often where the true value stands at an edge of that range, and the interval beyond it, in 2.5 of 100 cases;"
    " it fails at the other edge, too, where the range is narrow beside the interval, and in 5 of 100 if it is a point."
    " So a claim counts Φ(−1.96) + Φ(−1.96 − w/s), with w the width of its range, without end for “at least” and “at"
    " most”, and s its standard error, a quarter of its interval or a little more. Counted are the claims that were"
    " measured, with an interval, and written before it was: an exploratory claim was written after looking, and tests"
    " nothing. It is at most so many, since a claim that is untrue, or true by a margin, fails falsely less often or"
    " never; and only if intervals cover as they should."
)
"""The rule, as the page states it."""


def false_fails(claims: Iterable[ClaimCard]) -> tuple[float, int]:
    """Return how many claims are expected to fail falsely, at most, and how many claims that counts.

    The sum of their rates, which needs no independence: claims of a study share runs.
    """
    rates = [rate for claim in claims if (rate := false_fail_rate(claim)) is not None]
    return sum(rates), len(rates)


def false_fail_rate(claim: ClaimCard) -> float | None:
    """Return how often a claim fails at most if it is true; None for one that cannot, or that tests nothing.

    The supremum over true values in the expected range, with normal errors of known size, is at an edge of it: the
    interval lies beyond that edge with probability Φ(-z), and beyond the other with Φ(-z - width / standard error).
    """
    if claim.origin == "exploratory" or claim.low is None or claim.high is None:
        return None
    normal, width = NormalDist(), claim.high - claim.low
    if claim.expected_low is None or claim.expected_high is None:
        return normal.cdf(-Z)
    if width <= 0:
        return normal.cdf(-Z)
    standard_error = width / (2 * Z)
    return normal.cdf(-Z) + normal.cdf(-Z - (claim.expected_high - claim.expected_low) / standard_error)
