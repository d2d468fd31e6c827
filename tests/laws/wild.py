"""Where the tables from the wild lie, if they do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

WILD = Path(os.environ.get("LAWBOOK_DATA", Path(__file__).parents[3] / "shared" / "data")) / "wild"

needs_wild = pytest.mark.skipif(not WILD.exists(), reason=f"no tables in {WILD}: set LAWBOOK_DATA")
