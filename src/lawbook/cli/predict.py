"""`lawbook predict`: what a law that was fitted says elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lawbook.errors import ExitCode, LawbookError


def predict(
    folder: Annotated[
        Path, typer.Argument(help="A folder that lawbook fit --out wrote.", show_default=False)
    ],
    at: Annotated[
        list[str],
        typer.Option(help="Where: N=7e10,D=1.4e12, or a table with the inputs. Repeat.", show_default=False),
    ],
    law: Annotated[str | None, typer.Option(help="Another of the laws that were fitted.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print as CSV, with all digits.")] = False,
) -> None:
    """Print what a fitted law predicts at other places, with the interval of the law over its refits.

    lawbook predict fit/ --at "N=7e10,D=1.4e12"

    Of a law with an index a place names one of its values, too: N=7e10,domain=code.

    The exit code is 3 where the law was refused or its parameters are not identified.
    """
    from lawbook.fitting.places import places_of
    from lawbook.fitting.stored import read_stored

    stored = read_stored(folder, law)
    try:
        places = places_of(at, stored.law.inputs, "--at", stored.law.index)
    except LawbookError as error:
        raise LawbookError(f"{folder}: {error}") from None
    assert places is not None
    table = stored.predict(places)
    if csv:
        typer.echo(table.to_csv(index=False), nl=False)
    else:
        from rich import box
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        console = Console()
        console.print(f"[bold]{stored.law.name}[/bold]  {escape(stored.law.formula)}", highlight=False)
        columns = [*map(escape, stored.law.inputs), "y", f"{100 * stored.level:g} %"]
        shown = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
        for *place, estimate, low, high in table.to_numpy():
            named = (escape(value) if isinstance(value, str) else f"{value:.6g}" for value in place)
            shown.add_row(*named, f"{estimate:.6g}", f"{low:.5g} to {high:.5g}")
        console.print(shown)
        if not stored.is_sound:
            said = f"[yellow]{stored.status.replace('_', ' ')}[/yellow]: {escape(stored.reason)}"
            console.print(said, highlight=False)
    raise typer.Exit(ExitCode.OK if stored.is_sound else ExitCode.UNDECIDED)
