"""Input norm: the length of an input, the baseline that a metric with probes has to beat."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Evidence, Metric, Scores


def input_norm(evidence: Evidence) -> Scores:
    """Return ‖x‖₂ of each example, (n,).

    GraNd at initialisation is little else (Kirsch 2023, arXiv:2303.14753).

    >>> input_norm(Evidence(np.array([0, 1]), inputs=np.array([[3.0, 4.0], [0.0, 1.0]]))).tolist()
    [5.0, 1.0]
    """
    assert evidence.inputs is not None
    return np.asarray(np.linalg.norm(np.asarray(evidence.inputs, dtype=np.float64), axis=1))


metric = Metric(
    name="input_norm", source="Kirsch 2023, arXiv:2303.14753", score=input_norm, needs=frozenset({"inputs"})
)
