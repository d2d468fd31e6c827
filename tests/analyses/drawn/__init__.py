"""Figures of each analysis, drawn of planted tables: what the tests of all figures know an analysis by.

NAME.py defines `drawn`: a function of an empty folder, in which its tables may be written, that returns the figures of
the analysis NAME, each as its block, the results, and the content of the study.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd

from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table
from lawbook.studies.analysis import analyses
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

Figures = list[tuple[FigureBlock, Results, StudyFile]]


def drawn_of_analyses(folder: Path) -> Iterator[tuple[FigureBlock, Results, StudyFile]]:
    """Yield the figures of all analyses."""
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):
        into = folder / file.stem
        into.mkdir()
        yield from importlib.import_module(f"{__name__}.{file.stem}").drawn(into)


def of_tables(
    analysis: str, block: Any, tables: dict[str, pd.DataFrame], folder: Path, kinds: tuple[str, ...] = ()
) -> Figures:
    """Return figures of one analysis, named `planted`, with these tables: of its own kind, or of those named."""
    results, content = written(analysis, tables, folder), content_of(analysis, block)
    figures = (FigureBlock(kind=kind, of="planted") for kind in kinds or (analysis,))
    return [(figure, results, content) for figure in figures]


def written(analysis: str, tables: dict[str, pd.DataFrame], folder: Path) -> Results:
    """Return the results folder of one analysis, named `planted`, with these tables."""
    for name, table in tables.items():
        columns = analyses[analysis].tables[name]
        write_table(conform(table, columns), folder / analysis / "planted" / f"{name}.parquet")
    return Results(folder)


def content_of(analysis: str, block: Any) -> StudyFile:
    """Return as much of a study as figures and answers read, with one analysis, named `planted`."""
    of = {analysis: {"planted": block}}.__getitem__
    content = SimpleNamespace(
        analyses=SimpleNamespace(of=of),
        task=None,
        sweeps={},
        laws={},
        table=None,
        measure=[],
        columns={},
        claims=[],
    )
    return cast(StudyFile, content)
