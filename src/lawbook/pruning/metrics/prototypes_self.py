"""Self-supervised prototypes: the distance from the nearest of the clusters of an embedding made without labels."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Evidence, Metric, Scores
from lawbook.seeds import generator

EXAMPLES_PER_CLUSTER = 20
"""The number of clusters follows the pool: the paper finds it of no consequence within a factor of ten."""


def prototypes_self(evidence: Evidence) -> Scores:
    """Return ‖e - c(e)‖₂ for each example, (n,), c(e) the nearest of the k = n / 20 centroids of k-means.

    Source: Sorscher et al. 2022, arXiv:2206.14486, section 5.

    >>> two_groups = np.array([[0.0], [0.2], [0.4], [9.0]])
    >>> prototypes_self(Evidence(np.zeros(4, dtype=int), embedding=two_groups)).round(1).tolist()
    [2.4, 2.2, 2.0, 6.6]
    """
    assert evidence.embedding is not None
    from sklearn.cluster import KMeans

    embedding = np.asarray(evidence.embedding, dtype=np.float64)
    k = max(1, len(embedding) // EXAMPLES_PER_CLUSTER)
    state = int(generator(evidence.seed, "prototypes").integers(1 << 31))
    distances = KMeans(k, n_init=3, random_state=state).fit(embedding).transform(embedding)
    return np.asarray(distances.min(axis=1), dtype=np.float64)


metric = Metric(
    name="prototypes_self",
    source="Sorscher et al. 2022, arXiv:2206.14486, section 5",
    score=prototypes_self,
    needs=frozenset({"embedding"}),
)
