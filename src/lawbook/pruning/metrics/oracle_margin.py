"""Oracle margin: the distance from the boundary of a probe that the task knows."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Evidence, Metric, Scores


def oracle_margin(evidence: Evidence) -> Scores:
    """Return -|z|, z the field of the task's probe at each example, (n,): near the boundary is hard.

    Source: Sorscher et al. 2022, arXiv:2206.14486, section 2.

    >>> oracle_margin(Evidence(np.array([0, 1]), margins=np.array([0.1, 2.0]))).tolist()
    [-0.1, -2.0]
    """
    assert evidence.margins is not None
    return -np.asarray(evidence.margins, dtype=np.float64)


metric = Metric(
    name="oracle_margin",
    source="Sorscher et al. 2022, arXiv:2206.14486, section 2",
    score=oracle_margin,
    needs=frozenset({"margins"}),
)
