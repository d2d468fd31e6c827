"""The values of an axis: a list, a log-spaced range, a count, or a union of these."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

FORMS = {
    "log2": "{log2: [lo, hi]}",
    "log10": "{log10: [lo, hi, n]}",
    "count": "{count: n}",
    "union": "{union: [axis, axis, …]}",
}


LARGEST_AXIS = 100_000


def expand_axis(spec: Any) -> list[Any]:
    """Return the values of an axis, in order. Raises ValueError with what to write.

    >>> expand_axis({"log2": [2, 16]})
    [2, 4, 8, 16]
    >>> expand_axis({"union": [{"log2": [32, 64]}, [1297]]})
    [32, 64, 1297]
    >>> expand_axis({"count": 3})
    [0, 1, 2]
    >>> expand_axis({"log10": [0.01, 1.0, 3]})
    [0.01, 0.1, 1.0]
    """
    if isinstance(spec, list):
        values = spec
    else:
        if not isinstance(spec, dict) or len(spec) != 1 or next(iter(spec)) not in FORMS:
            raise ValueError(f"an axis is a list or one of {', '.join(FORMS.values())}")
        ((form, argument),) = spec.items()
        values = _expand(form, argument)
    if not values:
        raise ValueError("the axis has no values")
    if len(values) > LARGEST_AXIS:
        raise ValueError(f"the axis has more than {LARGEST_AXIS:,} values; sweep fewer")
    if any(isinstance(value, list | dict) for value in values):
        raise ValueError("the values of an axis are numbers or words, not lists of them")
    return values


def _budgets(values: list[float]) -> list[float]:
    if len(set(values)) < 2 or min(values) <= 0:
        raise ValueError("an exponent needs two budgets above 0; write at least two")
    return sorted(values)


Spaced = Annotated[
    list[float],
    BeforeValidator(expand_axis),
    WithJsonSchema({"anyOf": [{"type": "array"}, {"type": "object"}]}),
]
"""Numbers of a block that are written as the values of an axis are."""
Budgets = Annotated[Spaced, AfterValidator(_budgets)]
"""Budgets of compute to read an exponent from, at least two, from the least to the largest."""


def _expand(form: str, argument: Any) -> list[Any]:
    if form == "count":
        if not isinstance(argument, int) or isinstance(argument, bool) or not 1 <= argument <= LARGEST_AXIS:
            raise ValueError(f"count is a whole number of at least 1 and at most {LARGEST_AXIS}")
        return list(range(argument))
    if form == "union":
        if not isinstance(argument, list):
            raise ValueError(f"write {FORMS['union']}")
        joined: list[Any] = []
        for part in argument:
            joined += expand_axis(part)
            if len(joined) > LARGEST_AXIS:
                break  # it is refused as too long, before memory is full
        return joined
    n_expected = 2 if form == "log2" else 3
    numbers = argument if isinstance(argument, list) else []
    if len(numbers) != n_expected or not all(isinstance(number, int | float) for number in numbers):
        raise ValueError(f"write {FORMS[form]}")
    low, high = numbers[:2]
    if not 0 < low <= high < np.inf:
        raise ValueError(
            f"the range from {low} to {high} is empty or inverted; write the smaller, positive end first"
        )
    if form == "log2":
        doublings = int(np.floor(np.log2(high / low) + 1e-9))
        return [low * 2**k for k in range(doublings + 1)]
    n = numbers[2]
    if not isinstance(n, int) or not 1 <= n <= LARGEST_AXIS:
        raise ValueError(
            f"n in {{log10: [lo, hi, n]}} is a whole number of at least 1 and at most {LARGEST_AXIS}"
        )
    # Rounded to 12 digits, so that a value is the same number however its range is written.
    return [float(f"{value:.12g}") for value in np.geomspace(low, high, n)]
