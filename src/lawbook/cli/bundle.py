"""The commands `lawbook export` and `lawbook check-bundle`: a finished study for others, and its check elsewhere."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from lawbook.errors import ExitCode, LawbookError, printable
from lawbook.registry import modules_of

COLOURS = {"identical": "green", "agrees": "green", "differs": "red", "unchecked": "yellow"}


def export(
    study: Annotated[str, typer.Argument(help="A study that has been run.")],
    form: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="FORM",
            help=f"In which form: {', '.join(name.replace('_', '-') for name in modules_of('lawbook.exports'))}.",
        ),
    ] = "bundle",
    ro_crate: Annotated[bool, typer.Option("--ro-crate", help="The same as --as ro-crate.")] = False,
    licence: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="The licence of the results: an SPDX identifier such as CC-BY-4.0, or a URL."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write it; by default STUDY.zip, or a new folder STUDY-FORM, in the results folder."
        ),
    ] = None,
) -> None:
    """Write a finished study as one file, or in the form of an archive, a data hub, a journal or a logbook."""
    from datetime import UTC, datetime

    from lawbook.exports import Finished, exports, write_export
    from lawbook.workflow.check import checked_plan
    from lawbook.workflow.settings import read_settings

    if ro_crate and form not in ("bundle", "ro-crate"):
        raise LawbookError(f"--ro-crate goes with no --as {form}; write one of them")
    settings = read_settings()
    found = exports["ro_crate" if ro_crate else form.replace("-", "_")]
    plan, results = checked_plan(study, settings.studies), Path(settings.results)
    finished = Finished(plan, results / study, datetime.now(UTC), licence)
    for line in write_export(found, finished, out or results / found.place.format(study=study)):
        typer.echo(line)


def check_bundle(
    bundle: Annotated[Path, typer.Argument(help="A zip that `lawbook export` made.")],
    out: Annotated[
        Path | None,
        typer.Option(help="A new folder in which the unpacked bundle, and what is made again, are left."),
    ] = None,
) -> None:
    """Make fits, claims and figures again from the runs of a bundle, and name every difference.

    Exit code 0: nothing differs. 1: something does. 2: the file is no bundle, or was tampered with. No run is
    trained; to do that, copy the study's YAML into config/studies and `lawbook run` it.
    """
    from lawbook.bundle.check import check_bundle as check

    if out is not None:
        try:
            out.mkdir(parents=True)
        except OSError as error:
            raise LawbookError(f"--out {out}: cannot be made ({error.strerror}); name a new folder") from None
    agreed = True
    with nullcontext(out) if out is not None else tempfile.TemporaryDirectory() as folder:
        for finding in check(bundle, Path(folder)):
            agreed = agreed and finding.agreement != "differs"
            typer.secho(f"{finding.agreement:<9}", fg=COLOURS[finding.agreement], nl=False)
            typer.echo(printable(f"  {finding.what}" + (f": {finding.detail}" if finding.detail else "")))
    typer.echo(
        "The bundle's tables, claims and figures follow from its runs." if agreed else "See what differs."
    )
    if out is not None:
        typer.echo(f"Open {out / 'again/report.html'}: the report, made here")
    raise typer.Exit(ExitCode.OK if agreed else ExitCode.FAILED)
