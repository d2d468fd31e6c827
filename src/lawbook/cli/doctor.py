"""`lawbook doctor`: whether this machine is fit for Lawbook, a line for each thing looked at."""

from __future__ import annotations

import typer

from lawbook.errors import ExitCode, printable


def doctor() -> None:
    """Look at Python, packages, cores, memory, GPU, folders, disk and clock: ok or problem, and the fix.

    Exit code 0: nothing is wrong. 1: something is.
    """
    from lawbook.doctor import CHECKS

    problems = 0
    for check in CHECKS:
        found = check()
        problems += not found.ok
        typer.secho("ok     " if found.ok else "problem", fg="green" if found.ok else "red", nl=False)
        typer.echo(printable(f"  {found.name:<10} {found.text}" + (f"; {found.fix}" if found.fix else "")))
    typer.echo("Nothing is wrong." if not problems else f"{problems} of {len(CHECKS)} are not in order.")
    raise typer.Exit(ExitCode.FAILED if problems else ExitCode.OK)
