"""A signed count-sketch: long vectors made short in one pass, their inner products kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lawbook.seeds import generator

Floats = NDArray[np.float32]


class CountSketch:
    """y_j = Σ_{i: h(i) = j} s_i x_i with random signs s, so that E ⟨y, y'⟩ = ⟨x, x'⟩ with variance ≤ 2 ‖x‖²‖x'‖²/d.

    The hash h cuts x into blocks of d and turns each block by a random angle of its own: two numbers of one block
    never meet, two of different blocks meet with probability 1/d, which is all that the bound asks of a hash, and
    memory is read in order. Vectors no longer than d keep their inner products exactly.

    Source: Charikar, Chen and Farach-Colton 2002, "Finding frequent items in data streams".
    """

    def __init__(self, n: int, dimension: int, seed: int = 0) -> None:
        rng = generator(seed, "count-sketch")
        self.n, self.dimension = n, dimension
        self._signs = (2 * rng.integers(2, size=n, dtype=np.int8) - 1).astype(np.float32)
        self._turns = rng.integers(dimension, size=-(-n // dimension))

    def __call__(self, vectors: Floats) -> Floats:
        """Return the sketches (m, d) of vectors (m, n)."""
        short = np.zeros((len(vectors), self.dimension), dtype=np.float32)
        for block, turn in enumerate(self._turns.tolist()):
            start = block * self.dimension
            stop = min(start + self.dimension, self.n)
            part = vectors[:, start:stop] * self._signs[start:stop]
            before = min(self.dimension - turn, part.shape[1])
            short[:, turn : turn + before] += part[:, :before]
            short[:, : part.shape[1] - before] += part[:, before:]
        return short
