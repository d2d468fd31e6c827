"""How a suggestion's interval is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lawbook.results.words import number


def width_text(value: float, choice: Mapping[Any, Any]) -> str:
    """Write half an interval: in percent of y, or in the units of a y that is not positive.

    >>> width_text(0.0312, {"of_log": True}), width_text(0.0312, {"of_log": False}), width_text(float("nan"), {})
    ('± 3.12 %', '± 0.0312', '–')
    """
    if value is None or value != value:
        return "–"
    return f"± {number(100 * value)} %" if choice["of_log"] else f"± {number(value)}"
