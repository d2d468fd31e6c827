"""The command line: fit a table; plan, run and watch studies, read their verdicts, pack them. Thin over the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from lawbook import __version__
from lawbook.cli.bundle import check_bundle, export
from lawbook.cli.claims import show_answer, show_claims
from lawbook.cli.doctor import doctor
from lawbook.cli.fit import fit
from lawbook.cli.gallery import gallery
from lawbook.cli.import_runs import import_runs
from lawbook.cli.new_study import new
from lawbook.errors import ExitCode, LawbookError, one_message
from lawbook.storage.status import Verdict
from lawbook.workflow.endings import interruptible, quiet_when_unread, unforeseen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandas import DataFrame
    from rich.console import Console
    from rich.table import Table

    from lawbook.studies import Plan
    from lawbook.workflow.settings import Settings


class _Commands(TyperGroup):
    """The commands; Ctrl-C ends them here, before Typer makes of it what differs from version to version."""

    def invoke(self, ctx: Any) -> Any:
        with interruptible():
            return super().invoke(ctx)


# Heavy modules are imported inside the commands, so that `lawbook --help` answers at once.
app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=__doc__,
    epilog="\n\n".join(["Exit codes:", *(f"{code:d}: {code.meaning}" for code in ExitCode)]),
)
cache_app = typer.Typer(no_args_is_help=True, help="The trained runs that are kept for good.")
app.add_typer(cache_app, name="cache")
app.command("fit")(fit)
app.command("new")(new)
app.command("gallery", context_settings={"ignore_unknown_options": True})(gallery)
app.command("export")(export)
app.command("check-bundle")(check_bundle)
app.command("doctor")(doctor)
app.command("import")(import_runs)

Study = Annotated[str, typer.Argument(help="A study: the name of a file in config/studies, without .yaml.")]
Preset = Annotated[
    str | None, typer.Option(metavar="NAME", help="The study at another size, from its key presets.")
]


def main() -> None:
    """Run the command line; in which ways it may end stands in lawbook.errors.ExitCode."""
    with quiet_when_unread(), unforeseen(), one_message():
        app()


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lawbook {__version__}")
        raise typer.Exit


@app.callback()
def _before(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def plan(
    study: Study,
    csv: Annotated[bool, typer.Option("--csv", help="Every run, as CSV.")] = False,
    preset: Preset = None,
) -> None:
    """Show what a study will train: its shards, what each run trains on, predicted seconds and bytes on each device.

    For a study that takes its runs from a table: which columns of it, and which runs each law will fit.
    """
    from lawbook.workflow.check import checked_plan

    settings = _settings()
    planned = checked_plan(_at_preset(study, preset, settings), settings.studies)
    if csv:
        typer.echo(_runs(planned).to_csv(index=False), nl=False)
    else:
        _show((_plan_table if planned.source is None else _source_table)(planned))


@app.command(context_settings={"ignore_unknown_options": True})
def run(
    study: Study,
    more: Annotated[list[str] | None, typer.Argument(help="After --: options for Snakemake.")] = None,
    cores: Annotated[str, typer.Option(metavar="N|all", help="Jobs at once; all: one for each core.")] = "2",
    preset: Preset = None,
) -> None:
    """Bring a study up to date: train what is missing, then fit, draw, judge and report."""
    from lawbook.results.card import FILE as CARD
    from lawbook.workflow.runner import DRY_RUN, checked_cores, run_study

    settings = _settings()
    planned = _planned(study := _at_preset(study, preset, settings), settings)
    new = run_study(planned, settings, checked_cores(cores), more or [])
    if DRY_RUN.intersection(more or []):
        return
    if not new:
        typer.echo(f"Nothing to be done: {study} is up to date.")
    report = _folder(study, settings) / "report.html"
    if not (report.exists() and report.with_name(CARD).exists()):  # Snakemake was told to stop before them
        typer.echo(f"{study} is not finished; `lawbook run {study}` goes on")
        return
    show_answer(report.parent)
    show_claims(report.parent)
    typer.echo(f"Report: {report}")


@app.command()
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

    settings = _settings()
    if study:
        study = _at_preset(study, preset, settings)
    if why is not None:
        for history in _histories(study, why, settings):
            _show(history)
        return
    table = _study_status if study else _all_status
    settings = settings if preset is None else settings.model_copy(update={"preset": preset})
    if not watch:
        _show(table(study or "", settings))
        return
    try:
        with Live(table(study or "", settings), console=_console()) as live:
            while True:
                time.sleep(1)
                live.update(table(study or "", settings))
    except KeyboardInterrupt:
        return


@app.command()
def report(
    study: Study,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Write the page anew from the tables there are.")
    ] = False,
) -> None:
    """Say where the report of a study lies."""
    settings = _settings()
    planned, folder = _planned(study, settings), _folder(study, settings)
    if rebuild:
        from lawbook.report.page import write_report
        from lawbook.storage.lock import writing

        with writing(settings.results):
            write_report(planned.study, folder)
    if not (folder / "report.html").exists():
        raise LawbookError(f"{folder / 'report.html'} is not there yet; `lawbook run {study}` makes it")
    typer.echo(str(folder / "report.html"))


@app.command()
def verify(study: Study, preset: Preset = None) -> None:
    """Print the claims of a study with their verdicts; exit code 1 if one fails, 3 if one is merely undecided."""
    settings = _settings()
    _planned(study := _at_preset(study, preset, settings), settings)
    verdicts = show_claims(_folder(study, settings))
    if Verdict.FAILS in verdicts:
        raise typer.Exit(ExitCode.FAILED)
    raise typer.Exit(ExitCode.UNDECIDED if Verdict.UNDECIDED in verdicts else ExitCode.OK)


@app.command()
def schema() -> None:
    """Write what is generated from the typed models: a study's JSON schema, for editors, and the tables of axes."""
    from pathlib import Path

    from lawbook.storage.files import write_text
    from lawbook.studies.json_schema import study_schema
    from lawbook.studies.reference import with_axis_tables

    write_text(path := "workflow/schemas/study.schema.json", study_schema())
    typer.echo(path)
    if (readme := Path("config/README.md")).exists():
        write_text(readme, with_axis_tables(readme.read_text(encoding="utf-8")))
        typer.echo(str(readme))


@cache_app.command("list")
def cache_list() -> None:
    """List the cache: a row per kind of run (code, numbers, shape), with its files and bytes."""
    from datetime import datetime

    table = _table("kind", "files", "checkpoints", "bytes", "last written")
    total = 0
    for kind, files in sorted(_cached().items()):
        size = sum(file.stat().st_size for file in files)
        last = datetime.fromtimestamp(max(file.stat().st_mtime for file in files))
        finished = sum(file.suffix == ".parquet" for file in files)
        table.add_row(kind, f"{finished}", f"{len(files) - finished}", f"{size:,}", f"{last:%Y-%m-%d %H:%M}")
        total += size
    _show(table)
    typer.echo(f"{total:,} bytes in {_settings().cache}")


@cache_app.command("clear")
def cache_clear(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Empty the cache: every study then trains from nothing when it is next run."""
    import shutil
    from pathlib import Path

    from lawbook.storage.lock import writing

    settings = _settings()
    kinds = _cached()
    if not yes:
        typer.confirm(f"Delete {sum(map(len, kinds.values()))} files in {settings.cache}?", abort=True)
    with writing(settings.results):
        for kind in kinds:
            shutil.rmtree(Path(settings.cache) / kind)
    typer.echo(f"{settings.cache} is empty")


def _settings() -> Settings:
    from lawbook.workflow.settings import read_settings

    return read_settings()


def _at_preset(study: str, preset: str | None, settings: Settings) -> str:
    """Return the name of a study at a preset, by the option, else by config.yaml."""
    from lawbook.workflow.check import said_name_at

    return said_name_at(study, preset or settings.preset, settings.studies)


def _planned(study: str, settings: Settings) -> Plan:
    from lawbook.studies import plan_study

    return plan_study(study, settings.studies)


def _folder(study: str, settings: Settings) -> Path:
    from pathlib import Path

    return Path(settings.results) / study


def _cached() -> dict[str, list[Path]]:
    """Return the files of the cache by kind."""
    from pathlib import Path

    folder = Path(_settings().cache)
    kinds = {kind.name: [file for file in kind.iterdir() if file.is_file()] for kind in folder.glob("*/")}
    return {name: files for name, files in kinds.items() if files}


def _table(*columns: str, title: str = "") -> Table:
    from rich.table import Table

    table = Table(title=title or None, title_justify="left")
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left")
    return table


def _show(table: Table) -> None:
    _console().print(table)


def _console() -> Console:
    """Return a console that shows brackets in a study's own words as they are."""
    from rich.console import Console

    return Console(markup=False, highlight=False)


def _plan_table(planned: Plan) -> Table:
    from lawbook.studies.cost import placement, run_cost, stack_size
    from lawbook.workflow.quick import predicted_seconds

    table = _table("shard", "runs", "stack", "on", "seconds", "bytes", title=planned.study.content.title)
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
    table = _table("law", "y", "x", "forms", "runs", title=title)
    for name, law in planned.study.content.laws.items():
        forms, fitted = ", ".join(law.compare), len(select(law, runs))
        table.add_row(name, law.y, ", ".join(law.inputs), forms, f"{fitted:,}")
    return table


def _histories(study: str | None, wanted: str, settings: Settings) -> Iterator[Table]:
    """Yield how a run came to be, a table per study that plans it; a study that cannot be planned is passed over."""
    from pathlib import Path

    from lawbook.studies import study_names
    from lawbook.workflow.explain import find_run, why

    plans = []
    for name in [study] if study else study_names(settings.studies):
        try:
            plans.append(_planned(name, settings))
        except LawbookError:
            if study:
                raise
    for plan, run in find_run(plans, wanted):
        table = _table("what", "value")
        table.columns[1].justify = "left"
        for row in why(plan, run, _folder(plan.study.name, settings), Path(settings.cache)):
            table.add_row(*row)
        yield table


def _study_status(study: str, settings: Settings) -> Table:
    from lawbook.workflow.progress import study_progress

    table = _table("shard", "state", "done", title=study)
    for job, progress in study_progress(_planned(study, settings), _folder(study, settings)).items():
        table.add_row(job, progress.state, f"{progress.share:.0%}")
    return table


def _all_status(_: str, settings: Settings) -> Table:
    from lawbook.studies import study_names
    from lawbook.studies.study import names_at
    from lawbook.workflow.progress import study_progress

    table = _table("study", "runs", "trained", "report")
    for name in names_at(study_names(settings.studies), settings.preset, settings.studies):
        folder = _folder(name, settings)
        try:
            planned = _planned(name, settings)
        except LawbookError as error:
            table.add_row(name, "", "", str(error))
            continue
        jobs = study_progress(planned, folder).values()
        share = sum(job.done for job in jobs) / sum(job.total for job in jobs)
        page = folder / "report.html"
        runs = f"{len(planned.runs):,}" if planned.source is None else "a table"
        table.add_row(name, runs, f"{share:.0%}", str(page) if page.exists() else "")
    return table
