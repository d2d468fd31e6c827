"""What a coordinate check found, in words: of each case the layer that follows the size most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.results.cases import case_name
from lawbook.results.words import measured
from lawbook.storage.status import FitStatus


def furthest(slopes: pd.DataFrame) -> list[str]:
    """Return the exponent furthest from 0 of each case that has any, with its interval, case and layer."""
    told = []
    for case, rows in slopes[slopes["status"] == FitStatus.OK].groupby("case", sort=False):
        row = rows.iloc[int(np.argmax(rows["slope"].abs()))]
        at = f" at {case_name(str(case))}" if case else ""
        told.append(f"{measured(row['slope'], row['low'], row['high'])}{at} ({row['layer']})")
    return told
