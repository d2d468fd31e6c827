"""A curve that falls as the root of x."""

import pandas as pd


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Return x^{-1/2} for each run."""
    return runs[x].astype(float) ** -0.5
