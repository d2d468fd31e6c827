"""Which law, and what it predicts: candidates chosen from the inputs, judged by held-out points towards the target."""

from lawbook.laws.automatic.library import Candidate, candidates
from lawbook.laws.automatic.selection import RULES, Automatic, automatic, automatic_points

__all__ = ["RULES", "Automatic", "Candidate", "automatic", "automatic_points", "candidates"]
