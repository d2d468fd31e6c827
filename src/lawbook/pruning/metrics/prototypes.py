"""Supervised prototypes: the distance from the mean feature of the own class."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Evidence, Metric, Scores


def prototypes(evidence: Evidence) -> Scores:
    """Return E_probes ‖h - mean of h over the own class‖ / s for each example, (n,).

    h is what a probe's last layer reads, s the root mean square of these distances over the pool, so that no
    probe counts for more than another.

    Source: Sorscher et al. 2022, arXiv:2206.14486, section 5: the prototypes metric with classes as clusters.

    >>> from lawbook.pruning.metrics import Probed
    >>> early = Probed(np.zeros((1, 4, 2)), np.array([[[0.0], [2.0], [4.0], [9.0]]]))
    >>> prototypes(Evidence(np.array([0, 0, 0, 1]), early=early)).round(2).tolist()
    [1.41, 0.0, 1.41, 0.0]
    """
    assert evidence.early is not None
    classes, own = np.unique(evidence.labels, return_inverse=True)
    member = (own == np.arange(len(classes))[:, None]) / np.bincount(own)[:, None]
    total = np.zeros(len(own))
    for reads in evidence.early.features:
        features = np.asarray(reads, dtype=np.float64)
        distance = np.linalg.norm(features - (member @ features)[own], axis=1)
        scale = np.sqrt(np.square(distance).mean())
        total += distance / scale if scale > 0 else 0.0
    return np.asarray(total / len(evidence.early.features))


metric = Metric(
    name="prototypes",
    source="Sorscher et al. 2022, arXiv:2206.14486, section 5, with classes as clusters",
    score=prototypes,
    needs=frozenset({"early"}),
    uses_labels=True,
)
