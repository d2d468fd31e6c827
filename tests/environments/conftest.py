"""Lawbook's wheel, built once for all tests of installations."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.environments.installing import clean_wheel

collect_ignore = ["cache_contexts.py", "read_exports.py"]
"""Scripts that run in environments of their own, and import what only those have."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that a clean copy of the repository gives."""
    return clean_wheel(tmp_path_factory.mktemp("distribution"))
