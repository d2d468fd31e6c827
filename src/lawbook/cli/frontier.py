"""`lawbook frontier`: the best size and data for each budget, from a table of runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lawbook.errors import ExitCode, LawbookError

if TYPE_CHECKING:
    from rich.console import Console

    from lawbook.laws.frontier import Frontier


def frontier(
    table: Annotated[Path, typer.Argument(help="A table of runs, a row each.", show_default=False)],
    y: Annotated[str, typer.Option("--y", help="Column of the loss.", show_default=False)],
    size: Annotated[str, typer.Option(help="Column of the size: N.", show_default=False)],
    compute: Annotated[
        str | None, typer.Option(help="Column of the compute that a run was meant for.")
    ] = None,
    samples: Annotated[str | None, typer.Option(help="Column of the data D, where compute is k N D.")] = None,
    per: Annotated[float, typer.Option(help="k of compute = k N D.")] = 6.0,
    budgets: Annotated[
        str | None, typer.Option(help="Budgets, 1e21,1e22: default those that the runs share.")
    ] = None,
    method: Annotated[str, typer.Option(help="akima, parabola or envelope.")] = "akima",
    cluster: Annotated[str | None, typer.Option(help="Column of independent repeats. Default: seed.")] = None,
    where: Annotated[list[str] | None, typer.Option(help="column=value, D >= 1e9: these rows only.")] = None,
    rename: Annotated[list[str] | None, typer.Option(help="new=old: call column old new.")] = None,
    draws: Annotated[int, typer.Option(min=20, help="Redraws of the noise.")] = 1000,
    level: Annotated[float, typer.Option(min=0.5, max=0.999, help="Level of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the redraws.")] = 0,
    csv: Annotated[bool, typer.Option("--csv", help="Print the table as CSV, with all digits.")] = False,
) -> None:
    """Print the best size and data for each budget, and the exponents along the frontier, with intervals.

    lawbook frontier runs.csv --y loss --size N --samples D --budgets 1e18,1e19,1e20

    Exit code 0: a frontier with its exponents. 1: refused. 3: the runs do not fix the exponents.
    """
    from lawbook.cli.fit import names_in, renaming
    from lawbook.fitting.question import Question, cluster_of, selected
    from lawbook.laws.frontier import frontier as found_by
    from lawbook.storage.status import FitStatus
    from lawbook.storage.user_table import read_source
    from lawbook.storage.user_table.numbers import number_in

    at = None
    if budgets is not None:
        at = [value for text in budgets.split(",") if (value := number_in(text)) is not None]
        if len(at) <= budgets.count(","):
            raise LawbookError(f"--budgets {budgets!r}: write numbers with commas between, 1e21,1e22")
    columns = tuple(name for name in (size, compute, samples) if name is not None)
    question = Question(
        y=y, x=columns, laws=(), where=tuple(where or ()), rename=renaming(rename or ()),
        cluster=None if cluster is None else names_in(cluster, "--cluster"),
    )  # fmt: skip
    source = read_source(table)
    try:
        rows, _ = selected(question, source)
        made = found_by(
            rows, y=y, size=size, compute=compute, samples=samples, flops=per, budgets=at, method=method,
            cluster=cluster_of(question, rows), draws=draws, level=level, seed=seed,
        )  # fmt: skip
    except LawbookError as error:
        raise LawbookError(f"{table}: {error}") from None
    if csv:
        typer.echo(made.table.to_csv(index=False), nl=False)
    else:
        from rich.console import Console

        _show(made, level, Console())
    codes = {FitStatus.OK: ExitCode.OK, FitStatus.REFUSED: ExitCode.FAILED}
    raise typer.Exit(codes.get(made.status, ExitCode.UNDECIDED))


def _show(made: Frontier, level: float, console: Console) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    console.print(
        f"[bold]{made.method}[/bold]  {str(made.status).replace('_', ' ')} {escape(made.reason)}",
        highlight=False,
    )
    if len(made.table):
        names = {"size": "N*", "samples": "D*", "samples_per_size": "D*/N*", "loss": "loss"}
        shown = Table("compute", box=box.SIMPLE_HEAD, pad_edge=False)
        for name in names.values():
            shown.add_column(name, justify="right")
            shown.add_column(f"{100 * level:g} %", justify="right")
        for row in made.table.to_dict("records"):
            cells = [f"{row['compute']:.4g}"]
            for name in names:
                low, high = row[f"{name}_low"], row[f"{name}_high"]
                cells += [f"{row[name]:.4g}", f"{low:.4g} to {high:.4g}" if low == low else "–"]
            shown.add_row(*cells)
        console.print(shown)
    for name, estimate in made.exponents.items():
        ends = f" [{estimate.low:.3f}, {estimate.high:.3f}]" if estimate.low == estimate.low else ""
        console.print(
            f"{name} grows as C^a with a = {estimate.value:.4f}{ends} ({estimate.method})", highlight=False
        )
    for row in made.edges.to_dict("records"):
        text = f"at compute {row['compute']:.4g} the best size is the {row['edge']} one, {row['size']:.4g}: left out"
        console.print(f"[yellow]![/yellow] edge: {text}", highlight=False)
    for note in made.notes:
        if note.message != made.reason:
            console.print(f"[yellow]![/yellow] {note.code}: {escape(note.message)}", highlight=False)
