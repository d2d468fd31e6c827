"""Margin error: by how much the likeliest other class leads early in training, averaged over probes."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Evidence, Metric, Scores
from lawbook.pruning.metrics._lead import lead


def margin(evidence: Evidence) -> Scores:
    """Return E_probes (max_{j≠y} p_j - p_y) for each example, (n,), between -1 and 1.

    Source: the margin scores of the code of Paul et al. 2021, arXiv:2107.07075.

    >>> from lawbook.pruning.metrics import Probed
    >>> early = Probed(np.array([[[0.9, 0.1], [0.4, 0.6]]]), np.zeros((1, 2, 1)))
    >>> margin(Evidence(np.array([0, 0]), early=early)).round(2).tolist()
    [-0.8, 0.2]
    """
    assert evidence.early is not None
    return np.asarray(-lead(evidence.early.probabilities, evidence.labels).mean(axis=0), dtype=np.float64)


metric = Metric(
    name="margin",
    source="the margin scores of the code of Paul et al. 2021, arXiv:2107.07075",
    score=margin,
    needs=frozenset({"early"}),
    uses_labels=True,
)
