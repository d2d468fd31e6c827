"""How the methods of predicting a held-out budget are called in figure, report and claims."""

from __future__ import annotations

from lawbook.analyses.held_out_budget.block import LAST, POWER, SURFACE

METHOD_NAMES = {
    SURFACE: "fitted surface of N and D",
    POWER: "power law of L* in C",
    LAST: "the budget before",
}
