"""Of how many texts the statistics are power laws, so that an exponent of training is predicted."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results
from lawbook.storage.status import FitStatus


def texts_predicted(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the number of texts of the analysis with a prediction; it has no error of sampling."""
    exponents = results.table("exponents")
    predicted = exponents[exponents["quantity"] == "predicted"]
    n = float((predicted["status"] == FitStatus.OK).sum())
    return n, n, n, int(predicted["n_runs"].sum())


quantity = Quantity(texts_predicted, of="text_statistics")
