"""How counting rules of trained runs are called in figure, report and answer."""

from __future__ import annotations

from lawbook.analyses.counted_runs.counts import EXACT, MATRICES, NON_EMBEDDING, TOTAL

COUNTED = {
    TOTAL: "all parameters",
    NON_EMBEDDING: "without embeddings",
    MATRICES: "hidden matrices alone",
}


def compute_name(rule: str) -> str:
    """Return how a rule counts compute.

    >>> compute_name("exact"), compute_name("matrices")
    ('exactly', '6·N·D, N hidden matrices alone')
    """
    return "exactly" if rule == EXACT else f"6·N·D, N {COUNTED[rule]}"
