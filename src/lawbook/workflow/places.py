"""Where a run finds its workflow, and where other libraries keep their caches during it."""

from __future__ import annotations

import os
from pathlib import Path

from lawbook.errors import LawbookError

SNAKEFILES = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
"""Where Snakemake looks by itself, in the working folder."""
KNOWN_BY = ("workflow/Snakefile", "workflow/rules/train.smk", "scripts/train_shard.py")
"""The files by which Lawbook's workflow is told from another that imports it."""


def snakefile() -> list[str]:
    """Return the option that names the Snakefile beside this code, or none where the working folder has its own.

    Raises LawbookError if there is neither: this code was installed without its workflow.
    """
    if any(Path(name).exists() for name in SNAKEFILES):
        return []
    beside = Path(__file__).resolve().parents[3] / "Snakefile"
    if not beside.exists():
        fix = "run this in a clone of Lawbook, or install it with `pip install --editable CLONE`"
        raise LawbookError(f"neither this folder nor {beside.parent} holds a Snakefile; {fix}")
    return ["--snakefile", str(beside)]


def caches() -> dict[str, str]:
    """Return the variables that keep caches in this folder's .snakemake, and not in a home; those set already win."""
    folder = Path(".snakemake/cache").absolute()
    places = {"XDG_CACHE_HOME": folder, "MPLCONFIGDIR": folder / "matplotlib"}
    return {name: os.environ.get(name) or str(place) for name, place in places.items()}


def workflow_files() -> dict[str, Path]:
    """Return the files of Lawbook's workflow, in this folder or else beside this code: Snakefile, rules and scripts.

    Raises LawbookError if neither place holds them: this code was installed without its workflow.
    """
    beside = Path(__file__).resolve().parents[3]
    for clone in (Path(), beside):
        if all((clone / name).is_file() for name in KNOWN_BY):
            found = [
                clone / "workflow/Snakefile",
                *clone.glob("workflow/rules/*.smk"),
                *clone.glob("scripts/*.py"),
            ]
            return {file.relative_to(clone).as_posix(): file for file in sorted(found)}
    fix = "run this in a clone of Lawbook"
    raise LawbookError(f"neither this folder nor {beside} holds the files of Lawbook's workflow; {fix}")
