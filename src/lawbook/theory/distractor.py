r"""What is known of a label from a distractor that agrees with it in a share ρ of the examples, exactly.

The best that a predictor can do that sees the distractor alone is to give what it says the probability ρ. Its loss is
the entropy -ρ ln ρ - (1 - ρ) ln(1 - ρ), below the ln 2 of a guess; on the examples in which the distractor is wrong it
is -ln(1 - ρ), above ln 2, and all of these are told wrong.

Source: elementary; the use of it as an account of inverse scaling is Wei et al. 2022, arXiv:2211.02011.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def distracted_loss(agreement: ArrayLike) -> Floats:
    """Compute -ρ ln ρ - (1 - ρ) ln(1 - ρ), the least loss of what sees the distractor alone, in nats.

    >>> distracted_loss([0.5, 0.8]).round(4).tolist()
    [0.6931, 0.5004]
    """
    rho = np.asarray(agreement, dtype=np.float64)
    return np.asarray(-rho * np.log(rho) - (1 - rho) * np.log1p(-rho))


def conflict_loss(agreement: ArrayLike) -> Floats:
    """Compute -ln(1 - ρ), the loss of the same predictor where the distractor is wrong, in nats.

    >>> conflict_loss([0.5, 0.8]).round(4).tolist()
    [0.6931, 1.6094]
    """
    return np.asarray(-np.log1p(-np.asarray(agreement, dtype=np.float64)))
