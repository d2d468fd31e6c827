"""The commands `lawbook cache list` and `lawbook cache clear`: the trained runs that are kept for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lawbook.cli.study import settings_here
from lawbook.cli.tables import new_table, show

if TYPE_CHECKING:
    from pathlib import Path

cache = typer.Typer(no_args_is_help=True, help="The trained runs that are kept for good.")


@cache.command("list")
def cache_list() -> None:
    """List the cache: a row per kind of run (code, numbers, shape), with its files and bytes."""
    from datetime import datetime

    table = new_table("kind", "files", "checkpoints", "bytes", "last written")
    total = 0
    for kind, files in sorted(_cached().items()):
        size = sum(file.stat().st_size for file in files)
        last = datetime.fromtimestamp(max(file.stat().st_mtime for file in files))
        finished = sum(file.suffix == ".parquet" for file in files)
        table.add_row(kind, f"{finished}", f"{len(files) - finished}", f"{size:,}", f"{last:%Y-%m-%d %H:%M}")
        total += size
    show(table)
    typer.echo(f"{total:,} bytes in {settings_here().cache}")


@cache.command("clear")
def cache_clear(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Empty the cache: every study then trains from nothing when it is next run."""
    import shutil
    from pathlib import Path

    from lawbook.storage.lock import writing

    settings = settings_here()
    kinds = _cached()
    if not yes:
        typer.confirm(f"Delete {sum(map(len, kinds.values()))} files in {settings.cache}?", abort=True)
    with writing(settings.results):
        for kind in kinds:
            shutil.rmtree(Path(settings.cache) / kind)
    typer.echo(f"{settings.cache} is empty")


def _cached() -> dict[str, list[Path]]:
    """Return the files of the cache by kind."""
    from pathlib import Path

    folder = Path(settings_here().cache)
    kinds = {kind.name: [file for file in kind.iterdir() if file.is_file()] for kind in folder.glob("*/")}
    return {name: files for name, files in kinds.items() if files}
