"""What the answer of a study says of runs compared at one level: what is read, at both ends of x."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lawbook.analyses.at_level.block import AtLevelBlock
from lawbook.results.reader import Results
from lawbook.results.words import measured, name_of, number, plain
from lawbook.studies.schema import StudyFile

GIVEN = {
    "value": "{}",
    "growth": "{} over that before training",
    "change_after": "change of {} from there to the last step",
}


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis that goes along x: the first metric at the least and at the largest x."""
    for name, block in content.analyses.of("at_level").items():
        means = results.analysis("at_level", name).table("means")
        rows = means[(means["metric"] == block.read[0]) & means["y"].notna() & means["x"].notna()]
        if len(rows) > 1:
            ends = [rows.iloc[0], rows.iloc[-1]]
            told = " and ".join(f"{_told(row)} at {name_of(block.x)} {number(row['x'])}" for row in ends)
            yield f"where {reached(block)}, the {given(block, block.read[0])} is {told}"


def reached(block: AtLevelBlock) -> str:
    """Return what the runs have in common, in words."""
    falls = block.at_most is not None
    level = block.at_most if falls else block.at_least
    return f"the {plain(block.metric)} has {'fallen' if falls else 'risen'} to {number(level)}"


def given(block: AtLevelBlock, metric: str) -> str:
    """Return what is told of a metric, in words."""
    return GIVEN[block.give].format(plain(metric))


def _told(row: pd.Series) -> str:
    return measured(row["y"], row["low"], row["high"])
