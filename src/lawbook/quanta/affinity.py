"""How alike two gradients are: cosines, and the affinities between 0 and 1 that clustering asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Affinity = Literal["angular", "relu_cos", "abs_cos"]


def unit_rows(vectors: Floats) -> Floats:
    """Return each row divided by its length, (n, d). Raises ValueError for a row that has none or is not finite."""
    lengths = np.linalg.norm(vectors, axis=1)
    bad = int((~np.isfinite(lengths) | (lengths == 0)).sum())
    if bad:
        raise ValueError(f"{bad} of {len(vectors)} gradients are zero or not finite and have no direction")
    units: Floats = vectors / lengths[:, None]
    return units


def cosines(vectors: Floats) -> Floats:
    """Return C_ij = ⟨x_i, x_j⟩ / ‖x_i‖‖x_j‖, (n, n), for vectors (n, d)."""
    units = unit_rows(vectors)
    return units @ units.T


def angular(c: Floats) -> Floats:
    """Return 1 - arccos(C)/π: the affinity of Michaud et al. 2023; it gives unrelated gradients 0.5."""
    return 1 - np.arccos(np.clip(c, -1, 1)) / np.pi


def relu_cos(c: Floats) -> Floats:
    """Return max(C, 0): unrelated and opposed gradients have nothing in common."""
    return np.clip(c, 0, 1)


def abs_cos(c: Floats) -> Floats:
    """Return |C|: opposed gradients are of one kind, as those of the two labels of one binary task are."""
    return np.minimum(np.abs(c), 1)


AFFINITIES: Mapping[str, Callable[[Floats], Floats]] = {
    "angular": angular,
    "relu_cos": relu_cos,
    "abs_cos": abs_cos,
}
