"""AUM: the area under the margin over the whole of training, with its sign turned."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Evidence, Metric, Scores
from lawbook.pruning.metrics._lead import lead


def aum(evidence: Evidence) -> Scores:
    """Return -E_probes mean_t (p_y - max_{j≠y} p_j) for each example, (n,), between -1 and 1.

    A low area is hard, so that its sign is turned. Of probabilities, as Zheng et al. take them, not of logits.

    Source: Pleiss et al. 2020, arXiv:2001.10528, equation 2; of probabilities, Zheng et al. 2023,
    arXiv:2210.15809.

    >>> probes = np.array([[[[0.5, 0.5], [0.5, 0.5]], [[0.9, 0.1], [0.3, 0.7]]]])
    >>> aum(Evidence(np.array([0, 0]), trajectory=probes)).round(2).tolist()
    [-0.4, 0.2]
    """
    assert evidence.trajectory is not None
    return np.asarray(-lead(evidence.trajectory, evidence.labels).mean(axis=(0, 1)), dtype=np.float64)


metric = Metric(
    name="aum",
    source="Pleiss et al. 2020, arXiv:2001.10528, with its sign turned",
    score=aum,
    needs=frozenset({"trajectory"}),
    uses_labels=True,
)
