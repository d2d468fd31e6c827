"""The command `lawbook status`: how far the training of studies has come, and how a run came to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lawbook.cli.study import Preset, at_preset, planned_study, results_of, settings_here
from lawbook.cli.tables import new_console, new_table, show
from lawbook.errors import LawbookError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from lawbook.workflow.settings import Settings


def status(
    study: Annotated[str | None, typer.Argument(help="A study; without one, all of them.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Redraw every second until it is interrupted.")
    ] = False,
    why: Annotated[
        str | None, typer.Option(help="A run_id, or how it begins: how that run came to be.")
    ] = None,
    preset: Preset = None,
) -> None:
    """Show how far the training of a study, or of all, has come; or how one run came to be."""
    import time

    from rich.live import Live

    settings = settings_here()
    if study:
        study = at_preset(study, preset, settings)
    if why is not None:
        for history in _histories(study, why, settings):
            show(history)
        return
    table = _study_status if study else _all_status
    settings = settings if preset is None else settings.model_copy(update={"preset": preset})
    if not watch:
        show(table(study or "", settings))
        return
    try:
        with Live(table(study or "", settings), console=new_console()) as live:
            while True:
                time.sleep(1)
                live.update(table(study or "", settings))
    except KeyboardInterrupt:
        return


def _histories(study: str | None, wanted: str, settings: Settings) -> Iterator[Table]:
    """Yield how a run came to be, a table per study that plans it; a study that cannot be planned is passed over."""
    from pathlib import Path

    from lawbook.studies import study_names
    from lawbook.workflow.explain import find_run, why

    plans = []
    for name in [study] if study else study_names(settings.studies):
        try:
            plans.append(planned_study(name, settings))
        except LawbookError:
            if study:
                raise
    for plan, run in find_run(plans, wanted):
        table = new_table("what", "value")
        table.columns[1].justify = "left"
        for row in why(plan, run, results_of(plan.study.name, settings), Path(settings.cache)):
            table.add_row(*row)
        yield table


def _study_status(study: str, settings: Settings) -> Table:
    from lawbook.workflow.progress import study_progress

    table = new_table("shard", "state", "done", title=study)
    for job, progress in study_progress(planned_study(study, settings), results_of(study, settings)).items():
        table.add_row(job, progress.state, f"{progress.share:.0%}")
    return table


def _all_status(_: str, settings: Settings) -> Table:
    from lawbook.studies import study_names
    from lawbook.studies.study import names_at
    from lawbook.workflow.progress import study_progress

    table = new_table("study", "runs", "trained", "report")
    for name in names_at(study_names(settings.studies), settings.preset, settings.studies):
        folder = results_of(name, settings)
        try:
            planned = planned_study(name, settings)
        except LawbookError as error:
            table.add_row(name, "", "", str(error))
            continue
        jobs = study_progress(planned, folder).values()
        share = sum(job.done for job in jobs) / sum(job.total for job in jobs)
        page = folder / "report.html"
        runs = f"{len(planned.runs):,}" if planned.source is None else "a table"
        table.add_row(name, runs, f"{share:.0%}", str(page) if page.exists() else "")
    return table
