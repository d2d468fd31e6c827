"""Sobol points, where importing those of scipy.stats would cost longer than a whole fit."""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array

_DIRECTIONS = (
    (1, 0, (1,)), (2, 1, (1, 3)), (3, 1, (1, 3, 1)), (3, 2, (1, 1, 1)), (4, 1, (1, 1, 3, 3)), (4, 4, (1, 3, 5, 13)),
    (5, 2, (1, 1, 5, 5, 17)), (5, 4, (1, 1, 5, 5, 5)), (5, 7, (1, 1, 7, 11, 19)), (5, 11, (1, 1, 5, 1, 1)),
    (5, 13, (1, 1, 1, 3, 11)), (5, 14, (1, 3, 5, 5, 31)),
)  # fmt: skip
"""Degree and coefficients of the primitive polynomial and first direction numbers, from dimension 2 on."""

_BITS = 30


def sobol(dimensions: int, count: int, rng: np.random.Generator) -> Array:
    """Return the first `count` Sobol points in the unit cube, (count, dimensions), under a random digital shift.

    Dimensions beyond the 13th are random. Direction numbers: Joe and Kuo 2008, SIAM Journal on Scientific Computing
    30:2635.
    """
    if dimensions > len(_DIRECTIONS) + 1:
        first = sobol(len(_DIRECTIONS) + 1, count, rng)
        return np.concatenate([first, rng.random((count, dimensions - first.shape[1]))], axis=1)
    codes = np.arange(count)
    gray = codes ^ (codes >> 1)
    points = np.zeros((count, dimensions), dtype=np.int64)
    for d in range(dimensions):
        for bit, direction in enumerate(_direction_numbers(d)[: count.bit_length()]):
            points[:, d] ^= np.where(gray >> bit & 1, direction, 0)
    shift = rng.integers(0, 2**_BITS, size=dimensions)
    # Half a cell inward: no point lies on the edge of the cube.
    return np.asarray(((points ^ shift) + 0.5) / 2**_BITS)


def _direction_numbers(d: int) -> list[int]:
    """Return the direction numbers of dimension d (from 0), as integers of `_BITS` bits."""
    if d == 0:
        return [1 << (_BITS - 1 - i) for i in range(_BITS)]
    degree, coefficients, first = _DIRECTIONS[d - 1]
    numbers = [m << (_BITS - 1 - i) for i, m in enumerate(first)]
    for i in range(degree, _BITS):
        number = numbers[i - degree] ^ (numbers[i - degree] >> degree)
        for k in range(1, degree):
            if coefficients >> (degree - 1 - k) & 1:
                number ^= numbers[i - k]
        numbers.append(number)
    return numbers
