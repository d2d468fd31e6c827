"""`lawbook import`: runs that others have tracked, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lawbook.errors import LawbookError, printable, suggest
from lawbook.registry import modules_of


def import_runs(
    kind: Annotated[
        str,
        typer.Argument(
            help=f"What is imported from: {', '.join(modules_of('lawbook.imports'))}.", show_default=False
        ),
    ],
    source: Annotated[
        str,
        typer.Argument(
            help="wandb: ENTITY/PROJECT; mlflow: a server's address or a folder mlruns; the others: a folder.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="The table: .parquet or .csv. What else is written lies beside it.", show_default=False
        ),
    ],
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map",
            help="Which values become columns (YAML). Default: guessed, and written beside the table.",
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder of what a service answered. Default: beside the table, NAME.cache."),
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the service anew.")] = False,
) -> None:
    """Make a table of the runs of a tracker, a row per run, for `lawbook fit`.

    Exit code 2, and no table: the source or the mapping has a mistake, or only you can choose between two values.
    """
    from lawbook.imports import imports
    from lawbook.imports._write import import_runs as write
    from lawbook.workflow.settings import CONFIG, read_settings

    if CONFIG.exists():
        read_settings()  # which may name a folder of one's own kinds

    if kind not in imports:
        raise LawbookError(f"there is no kind {kind!r} of import; {suggest(kind, imports)}")
    for line in write(kind, source, out, map_file, cache, refresh):
        typer.echo(printable(line))
