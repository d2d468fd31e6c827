"""Tables on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def new_table(*columns: str, title: str = "") -> Table:
    """Return an empty table; its first column is of words, the others are of numbers."""
    from rich.table import Table

    table = Table(title=title or None, title_justify="left")
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left")
    return table


def show(table: Table) -> None:
    """Print a table."""
    new_console().print(table)


def new_console() -> Console:
    """Return a console that shows brackets in a study's own words as they are."""
    from rich.console import Console

    return Console(markup=False, highlight=False)
