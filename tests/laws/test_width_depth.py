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
SHAPES = np.array(
    """
    57 576 9    74 640 10    90 640 13    106 640 16   117 768 12   140 768 15   163 768 18   175 896 14
    196 896 16  217 896 18   251 1024 16  278 1024 18  306 1024 20  425 1280 18  489 1280 21  509 1408 18
    552 1280 24 587 1408 21  632 1536 19  664 1408 24  724 1536 22  816 1536 25  893 1792 20  1018 1792 23
    1143 1792 26  1266 2048 22  1424 2176 22  1429 2048 25  1593 2048 28  1609 2176 25  1731 2304 24
    1794 2176 28  2007 2304 28  2283 2304 32  2298 2560 26  2639 2560 30  2980 2560 34  4516 3072 36
    6796 3584 40  9293 4096 42  11452 4352 47  12569 4608 47  16183 5120 47
    """.split(),
    dtype=float,
).reshape(-1, 3)
# Estimates and standard errors; liuyz0/DepthScaling, Scaling/fit-5.ipynb, without the 40 highest losses.
PUBLISHED = {"alpha_m": (0.977, 0.083), "alpha_l": (1.201, 0.269), "alpha_D": (0.299, 0.0139)}


@pytest.mark.skipif(not RUNS.exists(), reason=f"no {RUNS.name} in {RUNS.parent}: set LAWBOOK_DATA")
def test_width_depth_and_data_have_the_published_exponents() -> None:
    runs = pd.read_csv(RUNS)
    size = runs["Model Size"].to_numpy()
    nearest = np.abs(np.log(size[:, None] / (1e6 * SHAPES[:, 0]))).argmin(axis=1)
    assert np.abs(size / (1e6 * SHAPES[nearest, 0]) - 1).max() < 0.01
    runs = runs.assign(m=SHAPES[nearest, 1], l=SHAPES[nearest, 2], D=runs["Training FLOP"] / (6 * size))
    runs = runs[runs["loss"] < runs["loss"].nlargest(40).min()]
    assert len(runs) == 203

    found = fit(runs, "width_depth", y="loss", x=["m", "l", "D"], cluster=None, draws=50)

    assert found.status == "ok"
    for name, (value, error) in PUBLISHED.items():
        estimate = found.estimates[name]
        assert estimate.value == pytest.approx(value, abs=1.96 * error)
        assert estimate.low < value < estimate.high
