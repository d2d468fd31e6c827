"""The command `lawbook plan`: what a study will train, or which runs of a table it will fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lawbook.cli.study import Preset, Study, at_preset, settings_here
from lawbook.cli.tables import new_table, show

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.table import Table

    from lawbook.studies import Plan


def plan(
    study: Study,
    csv: Annotated[bool, typer.Option("--csv", help="Every run, as CSV.")] = False,
    preset: Preset = None,
) -> None:
    """Show what a study will train: its shards, what each run trains on, predicted seconds and bytes on each device.

    For a study that takes its runs from a table: which columns of it, and which runs each law will fit.
    """
    from lawbook.workflow.check import checked_plan

    settings = settings_here()
    planned = checked_plan(at_preset(study, preset, settings), settings.studies)
    if csv:
        typer.echo(_runs(planned).to_csv(index=False), nl=False)
    else:
        show((_plan_table if planned.source is None else _source_table)(planned))


def _plan_table(planned: Plan) -> Table:
    from lawbook.studies.cost import placement, run_cost, stack_size
    from lawbook.workflow.quick import predicted_seconds

    table = new_table("shard", "runs", "stack", "on", "seconds", "bytes", title=planned.study.content.title)
    for shard, runs in planned.shards.items():
        costs, size = [run_cost(run.config) for run in runs], stack_size(runs[0].config)
        memory = max(cost.bytes for cost in costs) * min(size, len(runs))
        on, expected = placement(runs[0].config), f"{sum(cost.seconds for cost in costs):,.0f}"
        table.add_row(shard, f"{len(runs):,}", f"{size}", on, expected, f"{memory:,.0f}")
    probes = [run_cost(run.config).seconds for pool in planned.pools for run in pool.every_probe]
    if probes:
        table.add_row("probes", f"{len(probes):,}", "", "", f"{sum(probes):,.0f}", "")
    table.add_section()
    table.add_row("total", f"{len(planned.runs):,}", "", "", f"{predicted_seconds(planned):,.0f}", "")
    return table


def _runs(planned: Plan) -> DataFrame:
    """Return a row per run: those that will be trained, or those of the study's table."""
    from lawbook.results.from_table import import_table

    return planned.table() if planned.source is None else import_table(planned)[0]


def _source_table(planned: Plan) -> Table:
    """Return a row per law: what it fits, and to how many runs of the table."""
    from lawbook.results.selection import select

    runs = _runs(planned)
    title = f"{planned.study.content.title}: {len(runs):,} runs"
    if planned.source is not None:
        title += f" from {planned.source.file}"
    table = new_table("law", "y", "x", "forms", "runs", title=title)
    for name, law in planned.study.content.laws.items():
        forms, fitted = ", ".join(law.compare), len(select(law, runs))
        table.add_row(name, law.y, ", ".join(law.inputs), forms, f"{fitted:,}")
    return table
