"""`lawbook fit`: one question about one table. What it means stands in lawbook.fitting.table."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lawbook.errors import ExitCode, LawbookError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lawbook.fitting.question import Question
    from lawbook.storage.user_table import Source

# Heavy modules are imported inside the command, so that `lawbook --help` answers at once.
Table = Annotated[
    Path,
    typer.Argument(
        help="A table of runs: CSV and its kin, JSON Lines, Parquet, Feather; .gz of any.",
        show_default=False,
    ),
]


def fit(
    table: Table,
    y: Annotated[str, typer.Option("--y", help="Column of the loss or error.", show_default=False)],
    x: Annotated[
        str | None,
        typer.Option("--x", help="Column(s) it depends on: samples, or N,D. A formula names its own."),
    ] = None,
    law: Annotated[
        str | None, typer.Option(help="Fit this law; auto: choose one among many, and predict --target.")
    ] = None,
    formula: Annotated[
        list[str] | None,
        typer.Option(help="Fit this law in one line over columns: 'E + A*N^-alpha'. Repeat to compare."),
    ] = None,
    compare: Annotated[
        str | None, typer.Option(help="Fit these laws, power,bnsl_1,…, and say which predicts.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="With --law auto: where y is to be predicted, N=7e10,D=1.4e12, or a table. Repeat."
        ),
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
        list[str] | None,
        typer.Option(
            help="column=value, or with >=, <=, >, <, !=, `in a,b`, =1e9..1e10: fit these rows only. Repeat: all hold."
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Column(s): the same question for the rows of each of their values.")
    ] = None,
    cross: Annotated[
        bool, typer.Option("--cross", help="With --by and two groups: where one law falls below the other.")
    ] = False,
    best_over: Annotated[
        str | None,
        typer.Option(help="Swept column(s), lr,batch: fit the best row at each x (and seed) only."),
    ] = None,
    best_by: Annotated[
        str | None, typer.Option(help="With --best-over: the column whose lowest value is best. Default: y.")
    ] = None,
    rename: Annotated[
        list[str] | None, typer.Option(help="new=old: call column old of the table new. Repeat for more.")
    ] = None,
    draws: Annotated[int, typer.Option(min=20, help="Refits of resampled data.")] = 1000,
    level: Annotated[float, typer.Option(min=0.5, max=0.999, help="Level of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resampling.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON instead of text.")] = False,
) -> None:
    """Fit a law to a table, or compare laws on it: estimates with intervals, and whether they can be believed.

    lawbook fit runs.csv --y loss --x N,D --law chinchilla --holdout-largest 2 --out fit/

    lawbook fit curve.csv --y error --x samples --compare power,bnsl_1,exponential,m4

    lawbook fit runs.csv --y loss --formula "E + A*N^-alpha + B*D^-beta; a = beta/(alpha + beta)"

    lawbook fit runs.csv --y loss --x N,D --law auto --target "N=7e10,D=1.4e12"

    lawbook fit sweep.csv --y val_loss --x N,D --law chinchilla --best-over lr --by dataset --where "D >= 1e9"

    lawbook fit optimizers.csv --y loss --x steps --law power --by optimizer --cross

    Exit code 0: the law fits; of several, one predicts best. 1: the law is refused (of several: all). 2: a mistake
    in the table or the options, one message, nothing written. 3: open: the data do not fix the parameters, or
    do not decide between the laws. The files of --out are written for 0, 1 and 3. With
    --by it is the code of the worst group, 1 before 3; with --cross 3, too, where no crossing is resolved.
    """
    gc.disable()  # an import makes many objects and hardly any garbage
    from lawbook.fitting.question import Question
    from lawbook.storage.user_table import read_source

    gc.freeze()
    gc.enable()
    named = (law,) if law is not None else () if compare is None else names_in(compare, "--compare")
    asked = (*named, *(formula or ()))
    if (law is not None and compare is not None) or not asked:
        raise LawbookError("name one law with --law or --formula, or several with --compare a,b,c")
    if x is None and named:
        raise LawbookError(f"name the column(s) that {named[0]} depends on: --x samples, or --x N,D")
    question = Question(
        y=y,
        x=None if x is None else names_in(x, "--x"),
        laws=asked,
        compared=compare is not None or len(asked) > 1,
        holdout=holdout_largest,
        held_schedule=holdout_schedule,
        cluster=None if cluster is None else names_in(cluster, "--cluster"),
        n_eval=int(n_eval) if n_eval is not None and n_eval.lstrip("-").isdigit() else n_eval,
        loss=loss,
        delta=_threshold(delta),
        weights=weights,
        rename=renaming(rename or ()),
        where=tuple(where or ()),
        by=() if by is None else tuple(dict.fromkeys(names_in(by, "--by"))),
        best_over=() if best_over is None else names_in(best_over, "--best-over"),
        best_by=best_by,
        target=tuple(target or ()),
        draws=draws,
        level=level,
        seed=seed,
    )
    if target and law != "auto":
        raise LawbookError(
            "--target goes with --law auto; other laws are asked by lawbook predict, after --out"
        )
    if best_by is not None and best_over is None:
        raise LawbookError("--best-by says by what --best-over chooses; give both")
    if by is None:
        if cross:
            raise LawbookError("--cross is of the laws of two groups; name their column with --by")
        raise typer.Exit(_one_answer(question, read_source(table), out, json))
    raise typer.Exit(_answers_by_group(question, read_source(table), out, json, cross))


def _one_answer(question: Question, source: Source, out: Path | None, json: bool) -> ExitCode:
    """Answer a question, write and print the answer, and return its exit code."""
    from lawbook.fitting.table import ask

    answer = ask(question, source)
    written = []
    if out is not None:
        from lawbook.cli.write_fit import write_answer

        written = write_answer(answer, out)
    if json:
        from lawbook.cli.write_fit import as_json

        typer.echo(as_json(answer), nl=False)
        return answer.exit_code
    from rich.console import Console

    from lawbook.cli.show_fit import show

    console = Console()
    show(answer, console)
    if written:
        console.print(f"Open {next(path for path in written if path.suffix == '.png')}", highlight=False)
    else:
        console.print("[dim]--out FOLDER writes the figure, the JSON, the draws and the predictions.[/dim]")
    return answer.exit_code


def _answers_by_group(
    question: Question, source: Source, out: Path | None, json: bool, cross: bool
) -> ExitCode:
    """Answer a question for each group, write and print the answers, and return the exit code of the worst."""
    from lawbook.fitting.table import ask_by_group, worst_of

    answers = ask_by_group(question, source)
    crossed = None
    if cross:
        from lawbook.fitting.crossing import groups_crossed

        crossed = groups_crossed(answers)
    code = worst_of(answers, crossed)
    if out is not None:
        from lawbook.cli.write_fit import write_groups

        write_groups(answers, out, crossed)
    if json:
        from lawbook.cli.write_fit import groups_as_json

        typer.echo(groups_as_json(answers, crossed), nl=False)
        return code
    from rich.console import Console

    from lawbook.cli.show_fit import show_groups

    console = Console()
    show_groups(answers, console)
    if crossed is not None:
        from lawbook.cli.show_fit import show_crossing

        show_crossing(crossed, question.y, answers[0].fit.inputs[0], console)
    said = (
        f"{out} has the answer of each group" if out else "--out FOLDER writes the whole answer of each group"
    )
    console.print(f"[dim]{said}: figure, JSON, draws, predictions.[/dim]", highlight=False)
    return code


def _threshold(text: str | None) -> float | str | None:
    """Return δ as a number if it is one; what else it may be, the fit knows."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def names_in(text: str, option: str) -> tuple[str, ...]:
    """Return the names of an option, with commas between. Raises LawbookError where there is none."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise LawbookError(f"{option} {text!r} names nothing; write names with commas between")
    return names


def renaming(pairs: Sequence[str]) -> dict[str, str]:
    """Return {old: new} of texts new=old."""
    names = {}
    for pair in pairs:
        new, equals, old = (part.strip() for part in pair.partition("="))
        if not (new and equals and old):
            raise LawbookError(f"--rename {pair!r}: write it as new=old, old being a column of the table")
        if old in names:
            raise LawbookError(f"--rename: column {old!r} is renamed twice; give it one name")
        names[old] = new
    return names
