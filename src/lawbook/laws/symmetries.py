r"""Scaling symmetries of a positive function of positive numbers, found from its logarithmic derivatives.

A function L(x_1, …, x_p) has the scaling symmetry (a, c) if, for every x and every factor f,

    L(f^{a_1} x_1, …, f^{a_p} x_p) = f^c L(x_1, …, x_p),    that is    Σ_j a_j ∂ ln L / ∂ ln x_j = c   everywhere.

With a row [∂ ln L / ∂ ln x_1, …, ∂ ln L / ∂ ln x_p, −1] for each of many points, the symmetries are the null vectors
of the matrix of all rows: its singular values that are 0. Each leaves one argument fewer for L to depend on, which is
Buckingham's theorem, with the units found from the function itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.stats import t as student_t

from lawbook.laws.law import Array

SURE = 3.0
"""A singular value is told from 0 where it exceeds so many times the norm of the errors of the derivatives."""

GAP = 10.0
"""A value that is 0 within the errors is surely so where the next one is more than so many times larger."""

_INDEPENDENT = 0.05
_LARGEST_DENOMINATOR = 6
_EXACT_WITHIN = 0.02


@dataclass(frozen=True)
class Symmetries:
    """The null space of [G, −1], k vectors of p exponents and the weight c.

    singular: the singular values (p + 1,) over the largest, falling; bound: what the errors of the derivatives may
    move one by, on the same scale; few, many: the least and the greatest number of zeros that the errors allow; pivots:
    for each vector the argument whose exponent is 1, and 0 in the others; vectors: (k, p + 1), exponents and c.
    """

    singular: Array
    bound: float
    few: int
    many: int
    pivots: tuple[int, ...]
    vectors: Array

    @property
    def count(self) -> int:
        """Return the number of symmetries."""
        return len(self.pivots)


def slope_weights(places: Array, at: float) -> Array:
    """Compute the weights (m,) of values at `places` (m,), all different, in the slope at `at` of their polynomial.

    >>> slope_weights(np.array([-1.0, 0.0, 1.0]), 0.0)
    array([-0.5,  0. ,  0.5])
    """
    offsets = np.asarray(places, dtype=float) - at
    unit = np.abs(offsets).max()
    powers = np.vander(offsets / unit, increasing=True).T
    wanted = np.zeros(len(offsets))
    wanted[1] = 1 / unit
    return np.asarray(np.linalg.solve(powers, wanted))


def find(gradients: Array, errors: Array) -> Symmetries:
    """Find the scaling symmetries of logarithmic derivatives (n, p), with their errors (n, p), n > p.

    A singular value of the true derivatives differs from the measured one by no more than the norm of the errors
    (Weyl): what is within `SURE` times that counts as 0.
    """
    rows = np.column_stack([gradients, -np.ones(len(gradients))])
    _, values, right = np.linalg.svd(rows, full_matrices=False)
    bound = SURE * float(np.linalg.norm(errors, 2)) / values[0]
    singular = values / values[0]
    zeros = int((singular <= bound).sum())
    many = int((singular <= GAP * max(bound, np.finfo(float).eps)).sum())
    null = right[len(singular) - zeros :]
    pivots = _pivots(null)
    vectors = in_pivots(null, pivots)
    return Symmetries(singular, bound, min(zeros, many), max(zeros, many), pivots, vectors)


def in_pivots(null: Array, pivots: Sequence[int]) -> Array:
    """Return the basis of the space that the rows of `null` (k, p + 1) span with ones and zeros at the pivots (k)."""
    if not len(pivots):
        return np.zeros((0, null.shape[1]))
    found = np.asarray(np.linalg.solve(null[:, list(pivots)], null))
    found[:, list(pivots)] = np.eye(len(pivots))  # to the last bit
    return found


def null_vectors(gradients: Array, pivots: Sequence[int]) -> Array:
    """Return the vectors (k, p + 1) of the k smallest singular values of [G, −1], with given pivots (k)."""
    rows = np.column_stack([gradients, -np.ones(len(gradients))])
    _, _, right = np.linalg.svd(rows, full_matrices=False)
    return in_pivots(right[right.shape[0] - len(pivots) :], pivots)


def _pivots(null: Array) -> tuple[int, ...]:
    """Return as many arguments, the first that are independent, as there are rows in an orthonormal `null`."""
    chosen: list[int] = []
    rest = null.copy()
    for column in range(null.shape[1] - 1):
        if len(chosen) == len(null):
            break
        size = float(np.linalg.norm(rest[:, column]))
        if size > _INDEPENDENT:
            direction = rest[:, column] / size
            rest = rest - np.outer(direction, direction @ rest)
            chosen.append(column)
    while len(chosen) < len(null):  # what is left is small everywhere: the largest has to do
        sizes = np.linalg.norm(rest[:, :-1], axis=0)
        sizes[chosen] = -1.0
        column = int(np.argmax(sizes))
        direction = rest[:, column] / sizes[column]
        rest = rest - np.outer(direction, direction @ rest)
        chosen.append(column)
    return tuple(chosen)


def intervals(gradients: Array, found: Symmetries, clusters: Array) -> tuple[Array, Array]:
    """Return the low and high ends (k, p + 1) of 95 % intervals of the exponents.

    They are those of Student's t with the jackknife over clusters (n, labels of rows that belong together), of one
    cluster none, and wider by what the errors of the derivatives, over the smallest value that is not 0, can turn the
    null space by.
    """
    others = len(found.singular) - found.count
    turned = found.bound / found.singular[others - 1] if others else 0.0
    reach = turned * (1 + np.abs(found.vectors))
    labels = np.unique(clusters)
    if len(labels) > 1:
        without = np.stack([null_vectors(gradients[clusters != label], found.pivots) for label in labels])
        n = len(labels)
        errors = np.sqrt((n - 1) * without.var(axis=0))
        reach = reach + student_t.ppf(0.975, n - 1) * errors
    reach[:, list(found.pivots)] = 0.0
    return found.vectors - reach, found.vectors + reach


def fraction(value: float, low: float, high: float) -> Fraction | None:
    """Return the simplest fraction in an interval, up to sixths; None for an interval that is wide, or without one.

    >>> fraction(0.50001, 0.4998, 0.5002), fraction(0.3, 0.1, 0.5) is None, fraction(-2.0, -2.0, -2.0)
    (Fraction(1, 2), True, Fraction(-2, 1))
    """
    if not high - low < 2 * _EXACT_WITHIN:
        return None
    for denominator in range(1, _LARGEST_DENOMINATOR + 1):
        nearest = Fraction(round(value * denominator), denominator)
        if low <= nearest <= high:
            return nearest
    return None


def _factors(powers: Sequence[tuple[str, Fraction | float]]) -> Iterator[str]:
    for name, power in powers:
        if power == 1:
            yield name
        elif power == Fraction(1, 2):
            yield f"√{name}"
        elif isinstance(power, Fraction) and power.denominator == 1:
            yield name + str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
        elif isinstance(power, Fraction):
            yield f"{name}^({power})"
        else:
            yield f"{name}^{power:.3g}"


def product(powers: Sequence[tuple[str, Fraction | float]]) -> str:
    """Write a product of powers: fractions as such, other exponents with three digits, what is negative below.

    >>> product([("λ", Fraction(1)), ("s", Fraction(-1)), ("κ", Fraction(-2))])
    'λ/(s·κ²)'
    >>> product([("σ", Fraction(1)), ("s", Fraction(-1, 2))]), product([("η", Fraction(1)), ("κ", 1.234)])
    ('σ/√s', 'η·κ^1.23')
    """
    above = list(_factors([(name, power) for name, power in powers if power > 0]))
    below = list(_factors([(name, -power) for name, power in powers if power < 0]))
    over = "·".join(above) or "1"
    if not below:
        return over
    return f"{over}/{below[0]}" if len(below) == 1 else f"{over}/({'·'.join(below)})"
