"""Two metrics at one level of planted curves, which one width does not reach, beside a column of the runs."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, content_of, written
from tests.analyses.test_at_level import BLOCK, planted

from lawbook.analyses.at_level.block import AtLevelBlock
from lawbook.analyses.at_level.compute import level_tables
from lawbook.storage.tables import write_table
from lawbook.studies.figure_block import FigureBlock


def drawn(folder: Path) -> Figures:
    block = AtLevelBlock.model_validate({**BLOCK, "read": ["sharpness", "train_loss"], "give": "growth"})
    runs, curves = planted()
    results = written("at_level", level_tables(block, runs, curves), folder)
    write_table(runs.assign(last_growth=3.0 + runs["seed"] / 4), folder / "runs.parquet")
    figure = FigureBlock(kind="at_level", of="planted", options={"beside": "last_growth"})
    return [(figure, results, content_of("at_level", block))]
