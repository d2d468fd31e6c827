"""JSON Lines: an object per line, whose keys are the columns; lists and objects in them are left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lawbook.storage.user_table.cells import values_of
from lawbook.storage.user_table.problem import TableError


def read_json_lines(file: Path, text: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a table whose index is the lines' numbers, and the columns left out, {name: what they hold}.

    A key that an object lacks is missing there. Raises TableError, naming the line, for one that is no object, or has
    a key twice.
    """
    objects = {
        row: _object(file, row, line) for row, line in enumerate(text.split("\n"), start=1) if line.strip()
    }
    if not objects:
        raise TableError(file, "is empty", "give a line per run")
    names = list(dict.fromkeys(name for found in objects.values() for name in found))
    columns: dict[str, np.ndarray] = {}
    nested: dict[str, str] = {}
    for name in names:
        values = [found.get(name) for found in objects.values()]
        if any(isinstance(value, list | dict) for value in values):
            nested[name] = "lists or objects"
        else:
            columns[name] = _column(values)
    return pd.DataFrame(columns, index=list(objects)), nested


def _object(file: Path, row: int, line: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise TableError(file, f"row {row} has {twice!r} twice", "rename or remove one")
        return found

    try:
        value = json.loads(line, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        why = (
            str(error)
            if isinstance(error, json.JSONDecodeError)
            else "it goes too deep, or has too long a number"
        )
        raise TableError(file, f"row {row} is no JSON ({why})", "write a JSON object per line") from None
    if not isinstance(value, dict):
        raise TableError(file, f"row {row} is no JSON object", 'write one per line, {"N": 1e6, "loss": 2.1}')
    return value


def _column(values: list[Any]) -> np.ndarray:
    """Return values as a column; texts among them are read as the cells of a CSV file are."""
    if all(isinstance(value, bool) for value in values):
        return np.array(values)
    if all(value is None or type(value) in (int, float) for value in values):
        whole = all(isinstance(value, int) and abs(value) < 2**63 for value in values)
        return np.array(values) if whole else np.array([np.nan if v is None else float(v) for v in values])
    return values_of(["" if value is None else str(value).strip() for value in values])
