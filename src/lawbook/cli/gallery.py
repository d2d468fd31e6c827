"""The command `lawbook gallery`: one page of all finished studies."""

from __future__ import annotations

import subprocess
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lawbook.errors import LawbookError

if TYPE_CHECKING:
    from lawbook.workflow.settings import Settings


def gallery(
    more: Annotated[list[str] | None, typer.Argument(help="After --: options for Snakemake.")] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="First run every study that is quick, at its preset quick if it has one."
        ),
    ] = False,
    docs: Annotated[
        Path | None,
        typer.Option(help="A folder for gallery/, the same as Markdown, and records.md, what claims cost."),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    cores: Annotated[str, typer.Option(metavar="N|all", help="Jobs at once; all: one for each core.")] = "2",
) -> None:
    """Build the page of all finished studies: answers, claims, exponents, costs. Without --quick it trains nothing."""
    from lawbook.workflow.gallery import PAGE, build_gallery
    from lawbook.workflow.runner import DRY_RUN, checked_cores
    from lawbook.workflow.settings import read_settings

    settings = read_settings()
    new = build_gallery(settings, checked_cores(cores), quick, more or [], typer.echo)
    if DRY_RUN.intersection(more or []):
        return
    page = Path(settings.results) / PAGE
    if not page.exists():  # Snakemake was told to stop before it
        typer.echo(f"{page} is not there yet; `lawbook gallery` goes on")
        return
    if docs is not None:
        _write_docs(settings, docs)
    if not new:
        typer.echo("Nothing to be done: the gallery is up to date.")
    typer.echo(f"Gallery: {page}")
    if show and not webbrowser.open(page.absolute().as_uri()):
        raise LawbookError(f"no browser could be opened; open {page} yourself")


def _write_docs(settings: Settings, docs: Path) -> None:
    """Write the gallery as Markdown, and the records."""
    from lawbook.report.gallery.collection import collect
    from lawbook.report.gallery.documents import write_documents
    from lawbook.report.gallery.records import write_records
    from lawbook.workflow.gallery import made_from, shown_in

    names = shown_in(settings)
    studies = collect(names, Path(settings.results))
    try:
        write_documents(studies, made_from(settings, names), docs / "gallery")
        write_records(studies, docs, _commit())
    except OSError as error:
        raise LawbookError(
            f"--docs {docs}: cannot be written ({error.strerror}); name another folder"
        ) from None
    typer.echo(f"Written: {docs / 'gallery/README.md'} and {docs / 'records.md'}")


def _commit() -> str:
    """Return the commit of the code that runs, marked where that was changed since."""
    source = Path(__file__).resolve().parents[3]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(source), *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return ""

    commit = git("rev-parse", "--short=10", "HEAD")
    changed = git("status", "--porcelain", "--", "src", "scripts", "workflow", "config/studies")
    return f"{commit}, changed since" if commit and changed else commit or "unknown"
