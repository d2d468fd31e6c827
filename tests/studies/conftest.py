"""Studies written into a folder by a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lawbook.studies import Plan, plan_study

SMALL: dict[str, Any] = {
    "title": "Small",
    "question": "What is planned?",
    "task": {"name": "digits"},
    "model": {"name": "mlp", "width": 8},
    "training": {"steps": 20, "batch_size": 16},
    "sweeps": {"data": {"axes": {"samples": [64, 128], "seed": {"count": 3}}}},
}


@pytest.fixture
def planned(tmp_path: Path) -> Callable[..., Plan]:
    """Return a function that plans the small study with some top-level keys replaced."""

    def plan(**keys: Any) -> Plan:
        (tmp_path / "small.yaml").write_text(yaml.safe_dump(SMALL | keys, sort_keys=False))
        return plan_study("small", tmp_path)

    return plan
