"""Forgetting: how often an example that was right becomes wrong again in training."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Evidence, Metric, Scores


def forgetting(evidence: Evidence) -> Scores:
    """Return E_probes of the number of steps t → t + 1 from right to wrong, for each example, (n,).

    An example that is right at none of the T recorded steps has never been learned: it counts T, more than any
    count of events. (As 0 it would pass for one that is never forgotten; as ∞, one probe would outvote all
    others.)

    Source: Toneva et al. 2019, arXiv:1812.05159, definition 1.

    >>> right, wrong = [0.9, 0.1], [0.1, 0.9]
    >>> learned, forgotten, never = [wrong, right, right], [right, wrong, right], [wrong] * 3
    >>> steps = np.array([learned, forgotten, never]).swapaxes(0, 1)[None]
    >>> forgetting(Evidence(np.zeros(3, dtype=int), trajectory=steps)).tolist()
    [0.0, 1.0, 3.0]
    """
    assert evidence.trajectory is not None
    right = np.asarray(evidence.trajectory).argmax(axis=-1) == evidence.labels
    events = (right[:, :-1] & ~right[:, 1:]).sum(axis=1)
    counts = np.where(right.any(axis=1), events, right.shape[1])
    return np.asarray(counts.mean(axis=0), dtype=np.float64)


metric = Metric(
    name="forgetting",
    source="Toneva et al. 2019, arXiv:1812.05159, definition 1; never learned is hardest",
    score=forgetting,
    needs=frozenset({"trajectory"}),
    uses_labels=True,
)
