"""Figures, one kind a file: `NAME.py` defines `figure`, the kind NAME.

A kind turns the tables of a results folder into a drawing, the data that it shows, and a caption.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.figure import Figure

from lawbook.errors import LawbookError, suggest
from lawbook.registry import Registry
from lawbook.report.interactive import Interactive, as_json
from lawbook.report.style import save, styled
from lawbook.results.words import plain
from lawbook.storage.files import write_text
from lawbook.storage.tables import write_csv

if TYPE_CHECKING:
    from lawbook.axes import Config
    from lawbook.results.reader import Results
    from lawbook.storage.provenance import Provenance
    from lawbook.studies.figure_block import FigureBlock
    from lawbook.studies.identity import Run
    from lawbook.studies.schema import StudyFile


@dataclass(frozen=True)
class Drawn:
    """A drawing with the data behind it, its title and its caption; in the page it may answer a reader."""

    figure: Figure
    data: pd.DataFrame
    title: str
    caption: str
    answers: Interactive | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of figure: how it is drawn, what its `of` names, and the options that it takes.

    shows: `sweep`, `law`, or a kind of analysis, of which `of` names one. Each option is {name: what it does}; `check`
    raises LawbookError if it cannot be drawn of the configurations that are planned for it.
    """

    draw: Callable[[FigureBlock, Results, StudyFile], Drawn]
    shows: str
    options: dict[str, str]
    check: Callable[[FigureBlock, Sequence[Config]], None] | None = None


figures: Registry[Kind] = Registry("lawbook.report.figures", "figure", "figure")


def check_figure(block: FigureBlock, content: StudyFile, runs: Sequence[Run] = ()) -> None:
    """Raise LawbookError if a study cannot draw this figure: its kind, what it shows, an option, or its runs.

    runs: those that are planned; without them what is planned is not looked at.
    """
    kind = figures[block.kind]
    named: dict[str, Collection[str]] = {"sweep": content.sweeps, "law": content.laws}
    known = named.get(kind.shows, content.analyses.of(kind.shows))
    if kind.shows == "sweep" and content.table is not None:
        raise LawbookError(
            f"figure {block.kind}: it shows a sweep, and a table has none; write {{law: NAME}}"
        )
    if not known:
        raise LawbookError(f"figure {block.kind}: the study has no {plain(kind.shows)}; leave it out")
    if block.of is not None and block.of not in known:
        raise LawbookError(f"figure {block.kind}: no {kind.shows} {block.of!r}; {suggest(block.of, known)}")
    if block.of is None and len(known) != 1 and kind.shows != "sweep":
        raise LawbookError(f"figure {block.kind}: no {kind.shows} is named; write {{{block.kind}: NAME}}")
    for option in block.options:
        if option not in kind.options:
            fix = suggest(option, kind.options) if kind.options else "it takes none"
            raise LawbookError(f"figure {block.kind}: no option {option!r}; {fix}")
    if kind.check is not None and runs:
        sweep = block.of or next(iter(content.sweeps))
        kind.check(block, [run.config for run in runs if sweep in run.sweeps and _shown(block, run.config)])


def analysis_shown(
    block: FigureBlock, kind: str, results: Results, content: StudyFile
) -> tuple[Any, Results]:
    """Return the block of the analysis that a figure shows, by default the only one of its kind, and its tables."""
    blocks = content.analyses.of(kind)
    name = block.of or next(iter(blocks))
    return blocks[name], results.analysis(kind, name)


def _shown(block: FigureBlock, config: Config) -> bool:
    wanted = block.options.get("where", {})
    return all(
        config.get(axis) in (value if isinstance(value, list | tuple) else [value])
        for axis, value in wanted.items()
    )


def draw_figure(
    block: FigureBlock, results: Path, content: StudyFile, out: Path, made: Provenance | None = None
) -> None:
    """Draw one figure of a study into out/{name}.svg, .pdf, .png, its data as .csv, its answers in the page as .json.

    made: how the figure came to be, which its files then carry. The same tables give the same bytes. Raises
    LawbookError as `check_figure` does, and for tables that are not there.
    """
    from lawbook.results.reader import Results

    check_figure(block, content)
    with styled():
        drawn = figures[block.kind].draw(block, Results(results), content)
        write_csv(drawn.data, out / f"{block.name}.csv")
        write_text(out / f"{block.name}.json", as_json(drawn.answers))
        about = None if made is None else made.as_json()
        save(drawn.figure, out, block.name, drawn.title, drawn.caption, about)
