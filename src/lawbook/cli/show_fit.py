"""An answer as a page of text: the law, its numbers with intervals, what could not be told, what predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.markup import escape

from lawbook.fitting.table import Answer
from lawbook.laws import Estimate, Fit
from lawbook.laws.note import Note, Severity, codes_of
from lawbook.storage.status import UNDECIDED, FitStatus

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SHOWN = {
    FitStatus.OK: ("green", "the law fits"),
    FitStatus.REFUSED: ("red", "REFUSED"),
    FitStatus.NOT_IDENTIFIED: ("yellow", "NOT IDENTIFIED"),
}
"""Colour and words of a status."""
_MISSES = {"lack_of_fit", "systematic_residuals"}
_FIRST = {"unnamed_column", "outlier"}
"""Doubts of what was fitted at all, told before any number."""
_SYMBOLS = {"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ"}


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


def _print_notes(notes: Sequence[Note], console: Console) -> None:
    for note in notes:
        console.print(f"[yellow]![/yellow] {note.code}: {escape(note.message)}", highlight=False)


def _data_line(answer: Answer) -> str:
    fitted, question = answer.fit, answer.question
    loss = fitted.loss.name if fitted.loss.delta is None else f"{fitted.loss.name}, δ = {fitted.loss.delta:g}"
    ranges = ", ".join(
        f"{name} {low:.4g} to {high:.4g}" + (f" ({decades:.2g} decades)" if np.isfinite(decades) else "")
        for name, (low, high), decades in zip(fitted.inputs, fitted.x_range, fitted.decades, strict=True)
    )
    kept = f", where {' and '.join(question.where)}" if question.where else ""
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
        table.add_row(_SYMBOLS.get(name, name), f"{estimate.value:.6g}", _between(estimate), estimate.method)
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
