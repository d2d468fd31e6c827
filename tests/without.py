"""Processes in which modules cannot be imported, as where an optional part of Lawbook was not installed."""

from __future__ import annotations

import os
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
ABSENT = """
import importlib.machinery
found = importlib.machinery.PathFinder.find_spec
importlib.machinery.PathFinder.find_spec = staticmethod(
    lambda name, *more: None if name.partition(".")[0] in {modules} else found(name, *more)
)
"""


def without(folder: Path, *modules: str) -> dict[str, str]:
    """Return the environment of such processes; folder: where the module lies that Python reads at its start."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(ABSENT.format(modules=modules), encoding="utf-8")
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (folder, SOURCE))), "COLUMNS": "200"}
