"""From the cells of a column, as text, to its values: numbers, true and false, or the text itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "#na", "<na>", "#n/a n/a", "nan", "-nan", "null", "none", "-", "–",
     "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan")
)  # fmt: skip
"""Cells that say that nothing is there, as pandas and spreadsheets write them; in lower case."""
_FLAGS = {"true": True, "false": False}


def values_of(cells: Sequence[str]) -> np.ndarray:
    """Return cells as int64 if all are whole numbers, as float64 if all are numbers or empty, as bool if all are
    true or false, else as text; None or NaN where a cell is empty.

    A number is one that every program reads: `1e9`, not `1_000`.
    """
    lowered = [cell.lower() for cell in cells]
    if all(cell in _FLAGS for cell in lowered):
        return np.array([_FLAGS[cell] for cell in lowered])
    if not any("_" in cell for cell in cells):
        with suppress(ValueError, OverflowError):
            return np.array([int(cell) for cell in cells], dtype=np.int64)
        with suppress(ValueError):
            return np.array([np.nan if cell in MISSING else float(cell) for cell in lowered])
    missing = [cell in MISSING for cell in lowered]
    return np.array([None if none else cell for none, cell in zip(missing, cells, strict=True)], dtype=object)
