"""EL2N: the length of the error vector early in training, averaged over probes."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Evidence, Metric, Scores


def el2n(evidence: Evidence) -> Scores:
    """Return E_probes ‖softmax(f(x)) - onehot(y)‖₂ for each example, (n,).

    Source: Paul, Ganguli & Dziugaite 2021, "Deep learning on a data diet", definition 2.3.

    >>> from lawbook.pruning.metrics import Probed
    >>> sure, unsure = [[1.0, 0.0], [0.5, 0.5]]
    >>> early = Probed(np.array([[sure, sure, unsure]]), np.zeros((1, 3, 1)))
    >>> el2n(Evidence(np.array([0, 1, 0]), early=early)).round(3).tolist()
    [0.0, 1.414, 0.707]
    """
    assert evidence.early is not None
    wrong = np.array(evidence.early.probabilities, dtype=np.float64)
    wrong[:, np.arange(len(evidence.labels)), evidence.labels] -= 1.0
    return np.asarray(np.linalg.norm(wrong, axis=-1).mean(axis=0), dtype=np.float64)


metric = Metric(
    name="el2n",
    source="Paul et al. 2021, arXiv:2107.07075, definition 2.3",
    score=el2n,
    needs=frozenset({"early"}),
    uses_labels=True,
)
