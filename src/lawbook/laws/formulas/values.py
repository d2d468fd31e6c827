"""The values of an expression over columns, such as what a run costs: 6*N*D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lawbook.laws.checks import numbers
from lawbook.laws.formulas.compiler import built
from lawbook.laws.formulas.evaluation import Evaluator
from lawbook.laws.law import Array


def columns_read(text: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that an expression reads. Raises FormulaError for what is none, or names anything else."""
    return built(text, tuple(columns))[1]


def values_of(text: str, table: pd.DataFrame) -> Array:
    """Return an expression of a table's columns for each row, (rows,).

    Raises FormulaError, with the place, for what is no expression or names what is no column.

    >>> values_of("6*N*D", pd.DataFrame({"N": [1.0, 2.0], "D": [10.0, 20.0]})).tolist()
    [60.0, 240.0]
    """
    root, inputs = built(text, tuple(map(str, table.columns)))
    x = np.stack([numbers(table, name) for name in inputs], axis=1) if inputs else np.zeros((len(table), 0))
    value = Evaluator(())([root], x, np.zeros((1, 0)))[0]
    return np.asarray(np.broadcast_to(value, (1, len(table)))[0])
