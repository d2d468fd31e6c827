"""Contours of a law of two inputs lie where the planted law has them, and nothing is drawn of a law that is none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.fitting.study import fit_study
from lawbook.report.figures import Drawn, figures
from lawbook.report.style import styled
from lawbook.results.reader import Results
from lawbook.storage.tables import write_table
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.law_block import LawBlock


def drawn(folder: Path, loss: Any, x: list[str]) -> Drawn:
    """Draw the law `chinchilla`, or `power` of one input, fitted to losses over a grid of N and D."""
    n, d = (side.ravel() for side in np.meshgrid(np.geomspace(1e6, 1e9, 5), np.geomspace(1e8, 1e11, 5)))
    noise = 0.002 * np.random.default_rng(0).standard_normal(n.size)
    runs = pd.DataFrame({"run_id": [f"{i:03d}" for i in range(n.size)], "N": n, "D": d})
    runs = runs.assign(status="ok", reason=None)
    runs["loss"] = loss(n, d) * np.exp(noise)
    law = LawBlock.model_validate(
        {
            "sweep": None,
            "y": "loss",
            "x": x,
            "compare": ["chinchilla" if len(x) > 1 else "power"],
            "cluster": ["run_id"],
        }
    )
    write_table(runs, folder / "runs.parquet")
    for kind, table in fit_study({"surface": law}, runs, draws=40).items():
        write_table(table, folder / f"{kind}.parquet", kind)
    content: Any = SimpleNamespace(laws={"surface": law}, columns={}, task=None, table=object())
    with styled():
        return figures["contours"].draw(FigureBlock(kind="contours", of="surface"), Results(folder), content)


def test_the_landscape_is_the_planted_law(tmp_path: Path) -> None:
    def planted(n: Any, d: Any) -> Any:
        return 1.7 + 400 / n**0.34 + 400 / d**0.28

    shown = drawn(tmp_path, planted, ["N", "D"])
    law = shown.data[shown.data["part"] == "law"]
    assert law["y"].to_numpy() == pytest.approx(planted(law["x"], law["x2"]).to_numpy(), rel=0.02)
    assert law["x"].min() < 1e6 < 1e9 < law["x"].max(), "no point lies on the frame"
    assert (shown.data["part"] == "points").sum() == 25
    assert "Lines: equal loss by the chinchilla law" in shown.caption


def test_of_a_law_that_is_refused_the_points_alone_are_drawn(tmp_path: Path) -> None:
    shown = drawn(tmp_path, lambda n, _: np.full(n.size, 2.0), ["N", "D"])
    assert set(shown.data["part"]) == {"points"}
    assert "No form of this law stands" in shown.caption
    assert "REFUSED" in shown.figure.axes[0].get_title(loc="left")


def test_a_law_of_one_input_has_no_contours(tmp_path: Path) -> None:
    with pytest.raises(LawbookError, match="'surface' is no landscape over two inputs; name a law of two"):
        drawn(tmp_path, lambda n, _: 400 / n**0.34, ["N"])
