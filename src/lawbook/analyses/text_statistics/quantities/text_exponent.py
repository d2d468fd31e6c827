"""An exponent of a text before training, or that of training beside it."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.text_statistics.words import SYMBOLS
from lawbook.claims.quantities import Quantity
from lawbook.claims.quantities._foretold import foretold_exponent
from lawbook.results.reader import Results

OPTIONS = {
    "of": "`beta`, `gamma`, `predicted` (γ/2β) or `measured`, that of the law",
    "less": "`exact`: less that of the exact statistics over the same places; `predicted`: of `measured`, less γ/2β",
}


def text_exponent(
    results: Results, runs: pd.DataFrame, of: str, less: str | None = None
) -> tuple[float, float, float, int]:
    """Return the exponent of the text that the runs read, with its interval; NaN where it is refused or not known.

    The interval of `measured` less `predicted` is that of two independent estimates. Raises LawbookError for runs of
    several texts, and for another exponent less `predicted`.
    """
    return foretold_exponent(results, runs, of, less)


quantity = Quantity(
    text_exponent,
    of="text_statistics",
    options=OPTIONS,
    needed=("of",),
    values={"of": SYMBOLS, "less": ("exact", "predicted")},
)
