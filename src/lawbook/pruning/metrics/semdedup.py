"""SemDeDup: how new an example is beside those that come before it."""

from __future__ import annotations

from lawbook.pruning.duplicates import earlier_cosine
from lawbook.pruning.metrics import Evidence, Metric, Scores


def semdedup(evidence: Evidence) -> Scores:
    """Return 1 - the largest cosine to an earlier example, (n,), in an embedding made without labels.

    Examples come in an order drawn from the pool's seed: the first of several copies is new, and the others go
    first under `keep: hard`, which is SemDeDup with an ε that the keep fraction sets.

    Source: Abbas et al. 2023, arXiv:2303.09540, algorithm 1.

    >>> import numpy as np
    >>> copies = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    >>> sorted(semdedup(Evidence(np.zeros(3, dtype=int), embedding=copies)).tolist())
    [0.0, 1.0, 2.0]
    """
    assert evidence.embedding is not None
    return 1.0 - earlier_cosine(evidence.embedding, evidence.seed)


metric = Metric(
    name="semdedup",
    source="Abbas et al. 2023, arXiv:2303.09540, algorithm 1",
    score=semdedup,
    needs=frozenset({"embedding"}),
)
