"""Checks of what is installed: Python, the packages that Lawbook needs, and those of its optional parts."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from lawbook import __version__
from lawbook.doctor.finding import Finding
from lawbook.errors import EXTRAS, INSTALL

OLDEST_PYTHON = ">=3.11"


def lawbook() -> Finding:
    """Say which Lawbook this is, and where it lies."""
    return Finding("Lawbook", True, f"{__version__} at {Path(__file__).parents[1]}")


def python() -> Finding:
    """Say which Python runs this, and whether it is new enough."""
    found = platform.python_version()
    try:
        wanted = metadata("lawbook")["Requires-Python"]
    except PackageNotFoundError:  # run from its sources
        wanted = OLDEST_PYTHON
    ok = SpecifierSet(wanted).contains(found, prereleases=True)
    fix = "" if ok else f"make the environment anew with a Python {wanted}"
    return Finding("Python", ok, f"{found} at {sys.executable}", fix)


def packages(wanted: Sequence[Requirement] | None = None) -> Finding:
    """Say whether the packages that every command needs are there, in versions that Lawbook allows."""
    wanted = requirements() if wanted is None else wanted
    if wrong := _out_of_range("packages", wanted):
        return wrong
    if not wanted:
        return Finding(
            "packages", True, "unknown, since this Lawbook is not installed but run from its sources"
        )
    return Finding("packages", True, f"all {len(wanted)} in versions that Lawbook allows")


def torch() -> Finding:
    """Say whether what trains is there, in versions that Lawbook allows, and whether it loads."""
    return extra("PyTorch", "train", loaded="torch")


def snakemake() -> Finding:
    """Say whether what runs studies is there, in a version that Lawbook allows."""
    return extra("Snakemake", "workflow")


def extra(
    name: str, part: str, *, loaded: str | None = None, wanted: Sequence[Requirement] | None = None
) -> Finding:
    """Judge an optional part of Lawbook.

    loaded: a module of it that is imported, to see whether it can be; wanted: what the part requires, by default
    what is recorded of the installed Lawbook.
    """
    absent = [module for module in EXTRAS[part] if find_spec(module) is None]
    if absent:
        return Finding(name, False, f"{', '.join(absent)} not installed", INSTALL)
    if wrong := _out_of_range(name, requirements(part) if wanted is None else wanted):
        return wrong
    if loaded is not None:
        try:
            importlib.import_module(loaded)
        except Exception as error:
            problem = " ".join(f"{loaded} does not load ({type(error).__name__}: {error})".split())
            return Finding(name, False, problem, f"pip install --force-reinstall {loaded}")
    found = (f"{module.replace('_', '-')} {_version(module)}" for module in EXTRAS[part])
    return Finding(name, True, ", ".join(found))


def requirements(part: str | None = None) -> list[Requirement]:
    """Return what Lawbook asks for, or what an extra of it asks for besides; nothing where it is not installed."""
    try:
        asked = [Requirement(text) for text in requires("lawbook") or ()]
    except PackageNotFoundError:
        return []
    always = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    if part is None:
        return always
    return [one for one in asked if one not in always and one.marker and one.marker.evaluate({"extra": part})]


def _out_of_range(name: str, wanted: Sequence[Requirement]) -> Finding | None:
    """Return the problem of packages that are absent, or in a version that is not wanted; None if there is none."""
    found = {one: _version(one.name) for one in wanted}
    wrong = [
        one for one in wanted if not (found[one] and one.specifier.contains(found[one], prereleases=True))
    ]
    if not wrong:
        return None
    told = (f"{one.name} {found[one] or 'is not installed'}, wanted {one.specifier}" for one in wrong)
    fixes = (f"'{one.name}{one.specifier}'" for one in wrong)
    return Finding(name, False, "; ".join(told), f"pip install {' '.join(fixes)}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
