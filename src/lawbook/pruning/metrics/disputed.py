"""Disputed labels: what probes that were trained on other examples say of a label."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Evidence, Metric, Scores


def disputed(evidence: Evidence) -> Scores:
    """Return the share of held-out probes that agree on one other class than the label, for each example, (n,).

    The votes for the likeliest wrong class, not all votes against the label: probes too weak to tell are of
    several minds, and dispute nothing.

    Source: held-out disagreement as in Northcutt et al. 2021, arXiv:1911.00068 (confident learning), by votes.

    >>> a, b, c = np.eye(3)
    >>> votes = np.array([[a, b, b], [a, b, c], [a, b, a]])
    >>> disputed(Evidence(np.zeros(3, dtype=int), heldout=votes)).round(2).tolist()
    [0.0, 1.0, 0.33]
    """
    assert evidence.heldout is not None
    predicted = np.asarray(evidence.heldout)
    votes = (predicted.argmax(axis=-1)[..., None] == np.arange(predicted.shape[-1])).mean(axis=0)
    votes[np.arange(len(evidence.labels)), evidence.labels] = 0.0
    return np.asarray(votes.max(axis=-1), dtype=np.float64)


metric = Metric(
    name="disputed",
    source="Northcutt et al. 2021, arXiv:1911.00068, by votes of held-out probes",
    score=disputed,
    needs=frozenset({"heldout"}),
    uses_labels=True,
)
