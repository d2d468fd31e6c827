"""Which law, and what it predicts: candidates chosen from the inputs, judged by held-out points towards the target."""

from lawbook.laws.automatic.library import Candidate, candidates
from lawbook.laws.automatic.next_runs import Suggestion, drawn_by_cost, next_runs
from lawbook.laws.automatic.selection import RULES, Automatic, automatic, automatic_points, candidates_on

__all__ = [
    "RULES", "Automatic", "Candidate", "Suggestion", "automatic", "automatic_points", "candidates", "candidates_on",
    "drawn_by_cost", "next_runs",
]  # fmt: skip
