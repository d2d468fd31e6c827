"""Least losses of a planted surface at six budgets, the largest predicted from the others."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.test_held_out_budget import BLOCK, planted

from lawbook.analyses.held_out_budget.compute import budget_tables


def drawn(folder: Path) -> Figures:
    return of_tables("held_out_budget", BLOCK, budget_tables(BLOCK, planted(), draws=20), folder)
