"""An answer as a page of text: the law, its numbers with intervals, what could not be told, what predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.markup import escape

from lawbook.fitting.table import Answer
from lawbook.laws import Estimate, Fit
from lawbook.laws.note import Note, Severity, codes_of
from lawbook.results.words import enumerate_words, symbol
from lawbook.storage.status import UNDECIDED, FitStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from lawbook.fitting.crossing import GroupsCrossed
    from lawbook.laws.automatic import Automatic

_SHOWN = {
    FitStatus.OK: ("green", "the law fits"),
    FitStatus.REFUSED: ("red", "REFUSED"),
    FitStatus.NOT_IDENTIFIED: ("yellow", "NOT IDENTIFIED"),
}
"""Colour and words of a status."""
_MISSES = {"lack_of_fit", "systematic_residuals"}
_FIRST = {"unnamed_column", "outlier"}
"""Doubts of what was fitted at all, told before any number."""


def show(answer: Answer, console: Console) -> None:
    """Print an answer."""
    fitted = answer.fit
    law = fitted.law
    console.print(f"[bold]{law.name}[/bold]  {escape(law.formula)}", highlight=False)
    console.print(escape(_data_line(answer)), highlight=False)
    console.print(_status_line(fitted), highlight=False)
    first = [note for note in fitted.notes if note.code in _FIRST and note.severity == Severity.WARNING]
    _print_notes(first, console)
    if np.isfinite(fitted.objective):
        console.print(_parameters(fitted))
        console.print(_solver_line(fitted), highlight=False)
    # The status line has what refuses.
    _print_notes([n for n in fitted.notes if n.severity != Severity.REFUSAL and n not in first], console)
    if answer.held is not None:
        held = answer.held
        told = f"R² = {held.r2:.6g}, mean absolute error {held.mae:.3g} over {len(held.table)} rows"
        console.print(
            f"\nSchedule {escape(held.schedule)}, predicted from the others: {told}", highlight=False
        )
    if answer.automatic is not None:
        _show_choice(answer.automatic, fitted.level, console)
    if answer.comparison is not None:
        count = max(answer.question.holdout, 1)
        scales = f"the {count} largest scales" if count > 1 else "the largest scale"
        console.print(
            f"\nRMS log error in %, held out: at {scales}, fitted to the others; rolling: at every scale in turn,"
            " fitted to those below it",
            highlight=False,
        )
        console.print(_laws(answer))
        for line in _verdict_lines(answer):
            console.print(line, highlight=False)


def _show_choice(found: Automatic, level: float, console: Console) -> None:
    """Print every candidate with its errors at the held-out points, and what the best of them predict together."""
    from rich import box
    from rich.table import Table

    console.print(
        "\nRMS error of log y in %, held out: the quarter of the points furthest towards the target, and the quarter"
        " before it; ● predicts",
        highlight=False,
    )
    table = Table("", "candidate", "loss", "outer", "inner", "source", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[3:5]:
        column.justify = "right"
    for row in found.table.drop_duplicates("formula").to_dict("records"):
        errors = _percent(float(row["error_outer"])), _percent(float(row["error_inner"]))
        named = escape(str(row["law"])), str(row["loss"]).replace("_", " ")
        table.add_row("●" if row["used"] else "", *named, *errors, escape(str(row["source"])))
    console.print(table)
    rules = ", ".join(f"{name} {_percent(error)}" for name, error in found.rules.items())
    text = f"Put together: the {found.rule} of the five best. Outer error of each way: {rules}."
    console.print(text, highlight=False)
    inputs = map(escape, found.predictions.columns[:-5])
    shown = Table(*inputs, "y", f"{100 * level:g} %", "the laws", box=box.SIMPLE_HEAD, pad_edge=False)
    for values in found.predictions.to_numpy():
        *at, estimate, low, high, least, most = values
        numbers = [f"{value:.5g}" for value in at] + [f"{estimate:.6g}"]
        shown.add_row(*numbers, f"{low:.5g} to {high:.5g}", f"{least:.5g} to {most:.5g}")
    console.print(shown)
    if not found.decided:
        text = "[yellow]Undecided[/yellow]: the laws disagree by more than the interval of each"
        console.print(text, highlight=False)


def show_groups(answers: Sequence[Answer], console: Console) -> None:
    """Print a row per group: its values, its points, whether the law fits, and its numbers with their intervals."""
    from rich import box
    from rich.table import Table

    by = answers[0].question.by
    laws = {answer.headline for answer in answers}
    parameters = list(dict.fromkeys(name for answer in answers for name in _numbers_of(answer.fit)))
    named = [*map(escape, by), "points", *(["law"] if len(laws) > 1 else []), "status"]
    named += [escape(symbol(name)) for name in parameters]
    table = Table(*named, box=box.SIMPLE_HEAD, pad_edge=False)
    for answer in answers:
        numbers = _numbers_of(answer.fit)
        table.add_row(
            *(escape(answer.group[column]) for column in by),
            str(answer.fit.n_points),
            *([answer.headline] if len(laws) > 1 else []),
            str(answer.fit.status).replace("_", " "),
            *(numbers.get(name, "") for name in parameters),
        )
    law = answers[0].fit.law
    console.print(
        f"[bold]{law.name}[/bold]  {escape(law.formula)}" if len(laws) == 1 else "", highlight=False
    )
    console.print(table)
    said: dict[tuple[str, str], list[str]] = {}
    for answer in answers:
        at = ", ".join(f"{column} = {value}" for column, value in answer.group.items())
        if answer.fit.reason:
            console.print(f"[red]{escape(at)}[/red]: {escape(answer.fit.reason)}", highlight=False)
        for note in answer.fit.notes:
            if note.severity != Severity.REFUSAL:
                said.setdefault((note.code, note.message), []).append(at)
    for (code, message), groups in said.items():  # what holds for all groups is said once
        at = "" if len(groups) == len(answers) else f"{'; '.join(groups)}: "
        console.print(f"[yellow]![/yellow] {escape(at)}{code}: {escape(message)}", highlight=False)


def show_crossing(crossed: GroupsCrossed, y: str, x: str, console: Console) -> None:
    """Print beyond which x the law of one group lies below that of the other, or that this is not resolved."""
    found = crossed.found
    if found is None:
        console.print(f"[yellow]No crossing[/yellow]: {escape(crossed.why)}", highlight=False)
        return
    if not found.resolved:
        text = f"the exponents differ by {found.exponent_difference:.3g}, t = {found.t:.3g}, and {found.needed:.3g}"
        console.print(
            f"[yellow]No crossing resolved[/yellow]: {text} is needed for an interval with two ends",
            highlight=False,
        )
        return
    ends = f"{found.low:.5g} to {found.high:.5g}"
    where = "" if found.inside else "; that lies beyond the points"
    text = (
        f"{crossed.below} falls below {crossed.above} from {x} = {found.x:.5g} on, where {y} is {found.y:.5g}"
    )
    text += f" ({100 * found.level:g} %: {ends}, Fieller; t = {found.t:.3g}){where}"
    console.print(escape(text), highlight=False)


def _numbers_of(fitted: Fit) -> dict[str, str]:
    """Return the parameters of a law with their intervals below."""
    estimates = fitted.estimates if np.isfinite(fitted.objective) else {}
    return {name: f"{estimate.value:.4g}\n{_between(estimate)}" for name, estimate in estimates.items()}


def _print_notes(notes: Sequence[Note], console: Console) -> None:
    for note in notes:
        console.print(f"[yellow]![/yellow] {note.code}: {escape(note.message)}", highlight=False)


def _data_line(answer: Answer) -> str:
    fitted, question = answer.fit, answer.question
    loss = fitted.loss.name if fitted.loss.delta is None else f"{fitted.loss.name}, δ = {fitted.loss.delta:g}"
    index = fitted.law.index
    ranges = ", ".join(
        f"{name} {enumerate_words(index.values)}"
        if index is not None and name == index.column
        else f"{name} {low:.4g} to {high:.4g}" + (f" ({decades:.2g} decades)" if np.isfinite(decades) else "")
        for name, (low, high), decades in zip(fitted.inputs, fitted.x_range, fitted.decades, strict=True)
    )
    conditions = [*question.where, *(f"{column} = {value}" for column, value in answer.group.items())]
    kept = f", where {' and '.join(conditions)}" if conditions else ""
    return (
        f"{answer.source.file}{kept}: {fitted.n_points} points from {fitted.n_runs} runs,"
        f" {fitted.n_seeds} independent; {ranges}; loss {loss}"
    )


def _status_line(fitted: Fit) -> str:
    colour, words = _SHOWN[fitted.status]
    misfit = ""
    if np.isfinite(fitted.lack_of_fit):
        misfit = f" (lack of fit against seed noise: p = {fitted.lack_of_fit:.2g})"
    reason = f": {escape(fitted.reason)}" if fitted.reason else misfit
    if fitted.status == FitStatus.OK and codes_of(fitted.notes) & _MISSES:
        return f"[yellow]the law misses the points, yet not by so much as to be refused[/yellow]{misfit}"
    return f"[{colour}]{words}[/{colour}]{reason}"


def _parameters(fitted: Fit) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        "", "estimate", f"{100 * fitted.level:g} % interval", "method", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for column in table.columns[1:3]:
        column.justify = "right"
    for name, estimate in {**fitted.estimates, **fitted.derived}.items():
        table.add_row(escape(symbol(name)), f"{estimate.value:.6g}", _between(estimate), estimate.method)
    return table


def _between(estimate: Estimate) -> str:
    if not np.isfinite([estimate.low, estimate.high]).any():
        return "–"
    return f"{estimate.low:.5g} to {estimate.high:.5g}"


def _solver_line(fitted: Fit) -> str:
    lost = (
        f"; {fitted.failed_draws} of {len(fitted.draws)} draws did not converge"
        if fitted.failed_draws
        else ""
    )
    return (
        f"{fitted.starts_at_best} of {fitted.starts} starts reached the optimum:"
        f" objective {fitted.objective:.10g}, gradient {fitted.gradient:.1g}{lost}"
    )


def _laws(answer: Answer) -> Table:
    """Return the laws by their error on the held-out scales, the best first."""
    from rich import box
    from rich.table import Table

    assert answer.comparison is not None
    columns = ("law", "status", "held out", f"{100 * answer.fit.level:g} %", "of power", "rolling", "ΔBIC")
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    table.columns[0].no_wrap = table.columns[3].no_wrap = True
    for row in answer.comparison.table.to_dict("records"):
        error, power = row["heldout_error"], row["heldout_error_power"]
        table.add_row(
            str(row["form"]),
            str(row["status"]).replace("_", " "),
            _percent(error),
            f"{_percent(row['heldout_low'])}–{_percent(row['heldout_high'])}" if np.isfinite(error) else "–",
            f"× {error / power:.3g}" if power > 0 and np.isfinite(error) else "–",
            _percent(row["rolling_error"]),
            f"{row['delta_bic']:.1f}" if np.isfinite(row["delta_bic"]) else "–",
        )
    return table


def _percent(error: float) -> str:
    return f"{100 * error:.3g}" if np.isfinite(error) else "–"


def _verdict_lines(answer: Answer) -> list[str]:
    assert answer.comparison is not None
    found = answer.comparison
    if found.preferred == UNDECIDED:
        lines = [f"[yellow]Undecided[/yellow]: {escape(found.reason)}"]
    else:
        lines = [f"Preferred: [bold]{found.preferred}[/bold]: {escape(found.reason)}"]
    others = (
        row for row in found.table.to_dict("records") if row["reason"] and row["form"] != answer.headline
    )
    return lines + [f"[dim]{row['form']}: {escape(str(row['reason']))}[/dim]" for row in others]
