"""EL2N: the length of the error vector early in training, averaged over probes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lawbook.pruning.metrics import Metric, Probed


def el2n(probed: Probed) -> NDArray[np.float64]:
    """Return E_probes ‖softmax(f(x)) - onehot(y)‖₂ for each example, (n,).

    Source: Paul, Ganguli & Dziugaite 2021, "Deep learning on a data diet", definition 2.3.

    >>> sure, unsure = [[1.0, 0.0], [0.5, 0.5]]
    >>> el2n(Probed(np.array([[sure, sure, unsure]]), np.array([0, 1, 0]))).round(3).tolist()
    [0.0, 1.414, 0.707]
    """
    wrong = probed.probabilities.copy()
    wrong[:, np.arange(len(probed.labels)), probed.labels] -= 1.0
    return np.asarray(np.linalg.norm(wrong, axis=-1).mean(axis=0), dtype=np.float64)


metric = Metric(name="el2n", source="Paul et al. 2021, arXiv:2107.07075, definition 2.3", score=el2n)
