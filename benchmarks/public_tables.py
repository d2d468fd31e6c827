"""The folder of published tables that `laws.py` and `extrapolation.py` read."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path


def add_data_option(parser: ArgumentParser) -> None:
    """Add `--data`; without it, LAWBOOK_DATA or a folder beside the repository. A folder that is absent is an error."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    default = os.environ.get("LAWBOOK_DATA", str(beside))
    parser.add_argument("--data", type=_folder, default=default, help="folder of the published tables")


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise ArgumentTypeError(f"{text} is not there; give --data FOLDER, or set LAWBOOK_DATA")
    return Path(text)
