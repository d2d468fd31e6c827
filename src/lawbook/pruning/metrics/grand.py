"""GraNd of the last layer: the length of its gradient early in training, averaged over probes."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Evidence, Metric, Scores


def grand(evidence: Evidence) -> Scores:
    """Return E_probes ‖∂ℓ/∂(W, b)‖ = E ‖p - onehot(y)‖ √(‖h‖² + 1) for each example, (n,).

    W and b are the last layer, h what it reads, ℓ the cross-entropy. The definition takes the gradient in all
    parameters; that of the last layer is the usual approximation (Guo et al. 2022, DeepCore), and is exact for a
    linear model with a bias. At initialisation GraNd does not reproduce (Kirsch 2023, arXiv:2303.14753): it is
    read after `probe_steps`.

    Source: Paul, Ganguli & Dziugaite 2021, "Deep learning on a data diet", definition 2.1.

    >>> from lawbook.pruning.metrics import Probed
    >>> early = Probed(np.array([[[0.5, 0.5], [0.5, 0.5]]]), np.array([[[0.0], [3.0]]]))
    >>> grand(Evidence(np.array([0, 1]), early=early)).round(3).tolist()
    [0.707, 2.236]
    """
    assert evidence.early is not None
    wrong = np.array(evidence.early.probabilities, dtype=np.float64)
    wrong[:, np.arange(len(evidence.labels)), evidence.labels] -= 1.0
    reads = np.asarray(evidence.early.features, dtype=np.float64)
    lengths = np.linalg.norm(wrong, axis=-1) * np.sqrt(np.square(reads).sum(axis=-1) + 1.0)
    return np.asarray(lengths.mean(axis=0), dtype=np.float64)


metric = Metric(
    name="grand",
    source="Paul et al. 2021, arXiv:2107.07075, definition 2.1, of the last layer",
    score=grand,
    needs=frozenset({"early"}),
    uses_labels=True,
)
