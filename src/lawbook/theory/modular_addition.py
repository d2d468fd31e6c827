r"""Weights that add modulo p exactly: cosines of one frequency in each unit of a network with quadratic units.

Unit j has a frequency k and two phases, and with θ = 2πk/p reads and writes

    h_j(a, b) = (cos(θa + φ) + cos(θb + φ'))²,    f_c(a, b) = Σ_j cos(θc + φ + φ') h_j(a, b).

Of the product of cosines the term cos(θ(a + b - c))/2 is free of phases; all others carry the phase 2φ + 2φ', 3φ + φ',
φ + 3φ', φ + φ', φ - φ', 2φ or 2φ'. Where these cancel in the sum over units, m for each of the frequencies
1, …, (p-1)/2 of an odd p,

    f_c(a, b) = (m/4) (p [c = a + b mod p] - 1):

m/4 times p - 1 for the sum, and -m/4 for all other classes. Phases drawn at random cancel as 1/√m. They cancel exactly
for m = 6 with φ = 2πt/6 and φ' = 4φ, t = 0, …, 5, so that 3(p - 1) units suffice; of phases φ' = qφ with φ = 2πt/m no
smaller m does.

Source of the weights and of random phases: Gromov 2023, "Grokking modular arithmetic", arXiv:2301.02679. The phases
that cancel exactly follow from the list of terms above.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EVEN_PHASES = 6
"""Units for each frequency whose phases cancel exactly."""


def n_frequencies(modulus: int) -> int:
    """Return (p-1)/2, the number of frequencies above 0 of an odd modulus; an even one has one more, p/2.

    >>> n_frequencies(31)
    15
    """
    return (modulus - 1) // 2


def random_phases(modulus: int, width: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the frequency of each unit, 1 to (p-1)/2 in turn, and its two phases drawn from the circle, (2, h)."""
    frequencies = np.asarray(1.0 + np.arange(width) % n_frequencies(modulus), dtype=np.float64)
    return frequencies, rng.uniform(0.0, 2 * np.pi, (2, width))


def even_phases(modulus: int) -> tuple[Floats, Floats]:
    """Return the frequency of each of 3(p-1) units and its two phases, (2, 3(p-1)), which cancel exactly."""
    turns = 2 * np.pi * np.arange(EVEN_PHASES) / EVEN_PHASES
    frequencies = np.repeat(1.0 + np.arange(n_frequencies(modulus)), EVEN_PHASES)
    return frequencies, np.tile(np.stack([turns, 4 * turns]), n_frequencies(modulus))


def cosine_weights(modulus: int, frequencies: Floats, phases: Floats) -> tuple[Floats, Floats]:
    """Compute what units read, (h, 2p), and write, (p, h), from frequencies (h,) and phases (2, h)."""
    angles = 2 * np.pi * np.outer(frequencies, np.arange(modulus)) / modulus
    first, second = (np.cos(angles + phase[:, None]) for phase in phases)
    return np.hstack([first, second]), np.cos(angles + phases.sum(axis=0)[:, None]).T
