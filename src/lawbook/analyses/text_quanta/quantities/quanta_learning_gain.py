"""By how much quanta explain learning times better than clusters of words do, in a run of another seed."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.text_quanta.section import gain
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def quanta_learning_gain(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the difference of the share of variance explained, clusters minus control, by a paired bootstrap."""
    return gain(results, "learning_time")


quantity = Quantity(quanta_learning_gain, of="text_quanta")
