"""The commands `lawbook export` and `lawbook check-bundle`: a finished study as one file, and its check elsewhere."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from lawbook.errors import ExitCode, LawbookError

COLOURS = {"identical": "green", "agrees": "green", "differs": "red", "unchecked": "yellow"}


def export(
    study: Annotated[str, typer.Argument(help="A study that has been run.")],
    out: Annotated[
        Path | None, typer.Option(help="The bundle; by default STUDY.zip in the results folder.")
    ] = None,
) -> None:
    """Pack a finished study into one zip: YAML, tables, figures, report, and a manifest of digests and versions."""
    from lawbook.bundle.export import export_study
    from lawbook.workflow.check import checked_plan
    from lawbook.workflow.settings import read_settings

    settings = read_settings()
    plan = checked_plan(study, settings.studies)
    path = out or Path(settings.results) / f"{study}.zip"
    if path.suffix != ".zip" or path.is_dir():
        raise LawbookError(f"--out {path}: a bundle is a zip; name a file that ends in .zip")
    try:
        manifest = export_study(plan, Path(settings.results) / study, path)
    except OSError as error:
        raise LawbookError(f"{path}: cannot be written ({error.strerror}); name another place") from None
    typer.echo(f"{path}: {len(manifest.files)} files, {path.stat().st_size:,} bytes")
    typer.echo(f"Check it on another machine: lawbook check-bundle {path.name}")


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
            typer.echo(f"  {finding.what}" + (f": {finding.detail}" if finding.detail else ""))
    typer.echo(
        "The bundle's tables, claims and figures follow from its runs." if agreed else "See what differs."
    )
    if out is not None:
        typer.echo(f"Open {out / 'again/report.html'}: the report, made here")
    raise typer.Exit(ExitCode.OK if agreed else ExitCode.FAILED)
