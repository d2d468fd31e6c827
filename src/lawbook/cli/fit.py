"""`lawbook fit`: one question about one table. What it means stands in lawbook.fitting.table."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from lawbook.errors import LawbookError

# Heavy modules are imported inside the command, so that `lawbook --help` answers at once.
Table = Annotated[
    Path, typer.Argument(help="A table of runs: CSV with a header row, or Parquet.", show_default=False)
]


def fit(
    table: Table,
    y: Annotated[str, typer.Option("--y", help="Column of the loss or error.", show_default=False)],
    x: Annotated[
        str, typer.Option("--x", help="Column(s) it depends on: samples, or N,D.", show_default=False)
    ],
    law: Annotated[str | None, typer.Option(help="Fit this law.")] = None,
    compare: Annotated[
        str | None, typer.Option(help="Fit these laws, power,bnsl_1,…, and say which predicts.")
    ] = None,
    holdout_largest: Annotated[
        int,
        typer.Option(min=0, help="Judge by so many largest scales, held out (with --compare at least 1)."),
    ] = 0,
    holdout_schedule: Annotated[
        str | None, typer.Option(help="Judge a law of schedules by this one, predicted from the others.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for JSON, draws, predictions, figure.")] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Column(s) of independent repeats. Default: fold where it varies, else seed, or row."
        ),
    ] = None,
    n_eval: Annotated[
        str | None, typer.Option(help="y is an error over so many test examples: a column or a number.")
    ] = None,
    loss: Annotated[
        str,
        typer.Option(
            help="One of log_least_squares, log_huber, log_absolute, log1p_least_squares, log1p_huber,"
            " log1p_absolute, least_squares, huber, absolute: of residuals in log y, log(1 + y) or y."
        ),
    ] = "log_least_squares",
    delta: Annotated[
        str | None, typer.Option(help="Where huber turns linear: a residual such as 1e-3, or auto.")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="Column of weights, ≥ 0.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="column=value: fit these rows only. Repeat for more columns.")
    ] = None,
    draws: Annotated[int, typer.Option(min=20, help="Refits of resampled data.")] = 1000,
    level: Annotated[float, typer.Option(min=0.5, max=0.999, help="Level of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resampling.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON instead of text.")] = False,
) -> None:
    """Fit a law to a table, or compare laws on it: estimates with intervals, and whether they can be believed.

    lawbook fit runs.csv --y loss --x N,D --law chinchilla --holdout-largest 2 --out fit/

    lawbook fit curve.csv --y error --x samples --compare power,bnsl_1,exponential,m4

    Exit code 0: the law fits; of several, one predicts best. 1: the law is refused (of several: all). 2: a mistake
    in the table or the options, one message, nothing written. 3: open: the data do not fix the parameters, or
    do not decide between the laws. The files of --out are written for 0, 1 and 3.
    """
    gc.disable()  # an import makes many objects and hardly any garbage
    from lawbook.fitting.table import Question, ask
    from lawbook.storage.user_table import read_source

    gc.freeze()
    gc.enable()
    if (law is None) == (compare is None):
        raise LawbookError("name one law with --law, or several with --compare a,b,c")
    question = Question(
        y=y,
        x=_names(x, "--x"),
        laws=(law,) if law is not None else _names(compare or "", "--compare"),
        compared=compare is not None,
        holdout=holdout_largest,
        held_schedule=holdout_schedule,
        cluster=None if cluster is None else _names(cluster, "--cluster"),
        n_eval=int(n_eval) if n_eval is not None and n_eval.lstrip("-").isdigit() else n_eval,
        loss=loss,
        delta=_threshold(delta),
        weights=weights,
        where=tuple(where or ()),
        draws=draws,
        level=level,
        seed=seed,
    )
    answer = ask(question, read_source(table))
    written = []
    if out is not None:
        from lawbook.cli.write_fit import write_answer

        written = write_answer(answer, out)
    if json:
        from lawbook.cli.write_fit import as_json

        typer.echo(as_json(answer), nl=False)
    else:
        from rich.console import Console

        from lawbook.cli.show_fit import show

        console = Console()
        show(answer, console)
        if written:
            console.print(f"Open {next(path for path in written if path.suffix == '.png')}", highlight=False)
        else:
            console.print(
                "[dim]--out FOLDER writes the figure, the JSON, the draws and the predictions.[/dim]"
            )
    raise typer.Exit(answer.exit_code)


def _threshold(text: str | None) -> float | str | None:
    """Return δ as a number if it is one; what else it may be, the fit knows."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _names(text: str, option: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise LawbookError(f"{option} {text!r} names nothing; write names with commas between")
    return names
