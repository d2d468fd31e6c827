"""Exponents of planted students in two dimensions, one of whose sizes has not converged."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.planted_students import BLOCK, planted

from lawbook.analyses.manifold_dimension.compute import dimension_tables


def drawn(folder: Path) -> Figures:
    bare = BLOCK.model_copy(update={"known": None, "estimates": [], "by": []})
    runs = planted()
    return [
        *of_tables("manifold_dimension", BLOCK, dimension_tables(BLOCK, runs), folder / "known"),
        *of_tables(
            "manifold_dimension", bare, dimension_tables(bare, runs.query("dimension == 2")), folder / "bare"
        ),
    ]
