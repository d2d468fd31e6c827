"""The answer of a study on the terminal, and its claims with their verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from lawbook.errors import LawbookError
from lawbook.storage.status import Verdict

COLOURS = {Verdict.HOLDS: "green", Verdict.FAILS: "red", Verdict.UNDECIDED: "yellow"}


def show_answer(folder: Path) -> None:
    """Print the answer of a finished study, wrapped to the terminal."""
    from rich.console import Console

    from lawbook.results.card import read_card

    Console(highlight=False).print(" ".join(read_card(folder).answer), markup=False, style="bold")
    typer.echo()


def show_claims(folder: Path) -> list[str]:
    """Print the claims of a results folder and return their verdicts."""
    from lawbook.storage.tables import read_table

    if not (folder / "claims.parquet").exists():
        raise LawbookError(
            f"{folder / 'claims.parquet'} is not there yet; `lawbook run {folder.name}` makes it"
        )
    claims: list[dict[Any, Any]] = read_table(folder / "claims.parquet").to_dict("records")
    for claim in claims:
        typer.secho(f"{claim['verdict']:<9}  {claim['text']}", fg=COLOURS[claim["verdict"]])
        measured = "not measured" if claim["estimate"] != claim["estimate"] else _interval(claim)
        typer.echo(f"           {measured}; expected {claim['expected']} ({claim['origin']})")
        if claim["verdict"] != Verdict.HOLDS and claim["reason"]:
            typer.echo(f"           {claim['reason']}")
    if not claims:
        typer.echo("The study makes no claims.")
    return [claim["verdict"] for claim in claims]


def _interval(claim: dict[Any, Any]) -> str:
    return f"measured {claim['estimate']:.4g}, 95 % {claim['low']:.4g} to {claim['high']:.4g}"
