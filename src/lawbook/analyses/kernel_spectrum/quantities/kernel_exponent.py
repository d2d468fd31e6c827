"""The exponent of a learning curve that a kernel's spectrum foretells, or the measured one beside it."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.claims.quantities._foretold import foretold_exponent
from lawbook.results.reader import Results

OPTIONS = {
    "of": "`predicted`, from the spectrum of the sample, or `measured`, that of the law",
    "less": "`exact`: less that of the exact curve at the same samples; `predicted`: of `measured`, less the other",
}


def kernel_exponent(
    results: Results, runs: pd.DataFrame, of: str, less: str | None = None
) -> tuple[float, float, float, int]:
    """Return the exponent of the case that the runs belong to, with its interval; NaN where it is refused or not known.

    The interval of `measured` less `predicted` is that of two independent estimates. Raises LawbookError for runs of
    several cases, and for another exponent less `predicted`.
    """
    return foretold_exponent(results, runs, of, less)


quantity = Quantity(
    kernel_exponent,
    of="kernel_spectrum",
    options=OPTIONS,
    needed=("of",),
    values={"of": ("predicted", "measured"), "less": ("exact", "predicted")},
)
