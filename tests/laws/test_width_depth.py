"""Acceptance: exponents of width, depth and data on the digitised runs of Chinchilla, as Liu et al. 2026 found them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.laws import fit

RUNS = (
    Path(os.environ.get("LAWBOOK_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "chinchilla_epoch_svg_extracted.csv"
)
# Millions of parameters, width and depth of the models: Hoffmann et al. 2022, arXiv:2203.15556, table A9.
MILLIONS = np.array([
    57, 74, 90, 106, 117, 140, 163, 175, 196, 217, 251, 278, 306, 425, 489, 509, 552, 587, 632, 664, 724, 816,
    893, 1018, 1143, 1266, 1424, 1429, 1593, 1609, 1731, 1794, 2007, 2283, 2298, 2639, 2980, 4516, 6796, 9293,
    11452, 12569, 16183,
])  # fmt: skip
WIDTH = np.array([
    576, 640, 640, 640, 768, 768, 768, 896, 896, 896, 1024, 1024, 1024, 1280, 1280, 1408, 1280, 1408, 1536,
    1408, 1536, 1536, 1792, 1792, 1792, 2048, 2176, 2048, 2048, 2176, 2304, 2176, 2304, 2304, 2560, 2560, 2560,
    3072, 3584, 4096, 4352, 4608, 5120,
])  # fmt: skip
DEPTH = np.array([
    9, 10, 13, 16, 12, 15, 18, 14, 16, 18, 16, 18, 20, 18, 21, 18, 24, 21, 19, 24, 22, 25, 20, 23, 26, 22, 22,
    25, 28, 25, 24, 28, 28, 32, 26, 30, 34, 36, 40, 42, 47, 47, 47,
])  # fmt: skip
# Estimates and standard errors; liuyz0/DepthScaling, Scaling/fit-5.ipynb, without the 40 highest losses.
PUBLISHED = {"alpha_m": (0.977, 0.083), "alpha_l": (1.201, 0.269), "alpha_D": (0.299, 0.0139)}


@pytest.mark.skipif(not RUNS.exists(), reason=f"no {RUNS.name} in {RUNS.parent}: set LAWBOOK_DATA")
def test_width_depth_and_data_have_the_published_exponents() -> None:
    runs = pd.read_csv(RUNS)
    size = runs["Model Size"].to_numpy()
    nearest = np.abs(np.log(size[:, None] / (1e6 * MILLIONS))).argmin(axis=1)
    assert np.abs(size / (1e6 * MILLIONS[nearest]) - 1).max() < 0.01
    runs = runs.assign(m=WIDTH[nearest], l=DEPTH[nearest], D=runs["Training FLOP"] / (6 * size))
    runs = runs[runs["loss"] < runs["loss"].nlargest(40).min()]
    assert len(runs) == 203

    found = fit(runs, "width_depth", y="loss", x=["m", "l", "D"], cluster=None, draws=50)

    assert found.status == "ok"
    for name, (value, error) in PUBLISHED.items():
        estimate = found.estimates[name]
        assert estimate.value == pytest.approx(value, abs=1.96 * error)
        assert estimate.low < value < estimate.high
