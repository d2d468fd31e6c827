"""How often a cause is found that is not the planted one."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.breakdown.quantities.diagnosed_share import PLANTED, share_of
from lawbook.claims.quantities import Quantity
from lawbook.laws.breakdown import CAUSES
from lawbook.results.reader import Results
from lawbook.storage.status import UNDECIDED


def misdiagnosed_share(
    results: Results, runs: pd.DataFrame, planted: str | None = None
) -> tuple[float, float, float, int]:
    """Compute k/n, of n cases that were decided those with another cause than the planted one, with Wilson's interval.

    A case of no cause that is found to have one counts, and so does the reverse. Raises LawbookError where no cause is
    known. Source: Wilson 1927, JASA 22:209.
    """
    return share_of(
        results,
        planted,
        lambda cases: cases["found"] != cases["planted"],
        lambda cases: cases["found"] != UNDECIDED,
    )


quantity = Quantity(misdiagnosed_share, of="breakdown", options=PLANTED, values={"planted": CAUSES})
