"""What the answer of a study says of a held-out budget: how far off the surface is there."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.held_out_budget.block import POWER, SURFACE
from lawbook.analyses.held_out_budget.words import rows_by
from lawbook.results.reader import Results
from lawbook.results.words import measured, number
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis: the surface's error at the held-out budget, beside those of the others."""
    for name in content.analyses.of("held_out_budget"):
        rows = results.analysis("held_out_budget", name).table("predictions")
        methods = rows_by(rows, "method")
        surface = methods[SURFACE]
        if surface["status"] != FitStatus.OK:
            yield f"the surface predicts no loss at the largest budget: {surface['reason']}"
            continue
        value, low, high = (100 * float(surface[end]) for end in ("error", "error_low", "error_high"))
        yield (
            f"fitted to the smaller budgets, the surface predicts the least loss at the largest with an error of "
            f"{measured(value, low, high)} %, where a power law is off by {number(100 * methods[POWER]['error'])} %"
        )
