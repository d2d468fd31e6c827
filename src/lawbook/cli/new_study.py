"""`lawbook new`: a study to begin from."""

from __future__ import annotations

from typing import Annotated

import typer


def new(
    name: Annotated[str, typer.Argument(help="The new study: lower-case letters, digits and underscores.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="STUDY", help="Copy this study, comments and all.")
    ] = None,
) -> None:
    """Write a new study, with a comment on how to choose each value, that can be planned at once."""
    from lawbook.studies.new import write_new_study
    from lawbook.workflow.settings import read_settings

    file = write_new_study(name, read_settings().studies, source)
    typer.echo(f"{file}\nNext: change what you like in it, and ask what it would train: lawbook plan {name}")
