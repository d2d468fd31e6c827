"""The section of spreads."""

from collections.abc import Mapping
from typing import Any

from lawbook.report.sections import Section


def _values(blocks: Mapping[str, Any], results: Any) -> Mapping[str, Any]:
    spreads = [results.analysis("spread", name).table("spreads")["spread"].max() for name in blocks]
    return {"largest": f"{max(spreads):.3g}"}


section = Section("Spread", _values)
