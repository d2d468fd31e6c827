"""The command line: fit a table; plan, run and watch studies, read their verdicts, pack them. Thin over the library."""

from __future__ import annotations

import os
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lawbook import __version__
from lawbook.cli.bundle import check_bundle, export
from lawbook.cli.cache import cache
from lawbook.cli.claims import show_answer, show_claims
from lawbook.cli.doctor import doctor
from lawbook.cli.fit import fit
from lawbook.cli.frontier import frontier
from lawbook.cli.gallery import gallery
from lawbook.cli.import_runs import import_runs
from lawbook.cli.new_study import new
from lawbook.cli.plan import plan
from lawbook.cli.predict import predict
from lawbook.cli.status import status
from lawbook.cli.study import Preset, Study, at_preset, planned_study, results_of, settings_here
from lawbook.cli.suggest import suggest
from lawbook.errors import ExitCode, LawbookError, one_message
from lawbook.storage.status import Verdict
from lawbook.workflow.endings import interruptible, quiet_when_unread, unforeseen


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
app.command("fit")(fit)
app.command("frontier")(frontier)
app.command("new")(new)
app.command("plan")(plan)
app.command("status")(status)
app.command("gallery", context_settings={"ignore_unknown_options": True})(gallery)
app.command("export")(export)
app.command("check-bundle")(check_bundle)
app.command("doctor")(doctor)
app.command("import")(import_runs)
app.command("predict")(predict)
app.command("suggest")(suggest)
app.add_typer(cache, name="cache")


def main() -> None:
    """Run the command line; in which ways it may end stands in lawbook.errors.ExitCode."""
    # Matrices of a fit are small: with more threads it takes half as long again, and other last digits.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
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


@app.command(context_settings={"ignore_unknown_options": True})
def run(
    study: Study,
    more: Annotated[
        list[str] | None, typer.Argument(help="More studies. After --: options for Snakemake.")
    ] = None,
    cores: Annotated[str, typer.Option(metavar="N|all", help="Jobs at once; all: one for each core.")] = "2",
    preset: Preset = None,
) -> None:
    """Bring studies up to date: train what is missing, then fit, draw, judge and report."""
    from lawbook.workflow.runner import DRY_RUN, checked_cores, run_studies

    settings = settings_here()
    others = list(takewhile(lambda word: not word.startswith("-"), more or []))
    extra = (more or [])[len(others) :]
    names = [at_preset(name, preset, settings) for name in dict.fromkeys([study, *others])]
    plans = [planned_study(name, settings) for name in names]
    new = run_studies(plans, settings, checked_cores(cores), extra)
    if DRY_RUN.intersection(extra):
        return
    if not new:
        typer.echo(f"Nothing to be done: {', '.join(names)} {'is' if len(names) == 1 else 'are'} up to date.")
    for name in names:
        _tell(name, results_of(name, settings))


def _tell(study: str, folder: Path) -> None:
    """Print the answer of a study, its claims and where its report lies, or that it is not finished."""
    from lawbook.results.card import FILE as CARD

    report = folder / "report.html"
    if not (report.exists() and (folder / CARD).exists()):  # Snakemake was told to stop before them
        typer.echo(f"{study} is not finished; `lawbook run {study}` goes on")
        return
    show_answer(folder)
    show_claims(folder)
    typer.echo(f"Report: {report}")


@app.command()
def report(
    study: Study,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Write the page anew from the tables there are.")
    ] = False,
) -> None:
    """Say where the report of a study lies."""
    settings = settings_here()
    planned, folder = planned_study(study, settings), results_of(study, settings)
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
    settings = settings_here()
    planned_study(study := at_preset(study, preset, settings), settings)
    verdicts = show_claims(results_of(study, settings))
    if Verdict.FAILS in verdicts:
        raise typer.Exit(ExitCode.FAILED)
    raise typer.Exit(ExitCode.UNDECIDED if Verdict.UNDECIDED in verdicts else ExitCode.OK)


@app.command()
def schema() -> None:
    """Write what is generated: a study's JSON schema, and the tables of axes, analyses, laws and studies."""
    from pathlib import Path

    from lawbook.cli.reference import PAGES
    from lawbook.storage.files import write_text
    from lawbook.studies.json_schema import study_schema

    write_text(path := "workflow/schemas/study.schema.json", study_schema())
    typer.echo(path)
    for name, written in PAGES.items():
        if (page := Path(name)).exists():
            write_text(page, written(page.read_text(encoding="utf-8")))
            typer.echo(name)
