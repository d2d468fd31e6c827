"""By how much gradients align better within quanta than within clusters of words, in a run of another seed."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.text_quanta.section import gain
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def quanta_cosine_gain(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the difference of the mean cosine within clusters, clusters minus control, by a paired bootstrap."""
    return gain(results, "held_out_cosine")


quantity = Quantity(quanta_cosine_gain, of="text_quanta")
