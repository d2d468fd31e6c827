"""What `lawbook run` hands down to its Snakemake, not to be worked out twice: the modules of the code as read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from lawbook.workflow.code_digest import known_forms, learn_forms

VARIABLE = "LAWBOOK_CODE_FORMS"
"""Environment variable: the file in which the modules stand; it lives as long as the process that wrote it."""


@contextmanager
def handing_down() -> Iterator[dict[str, str]]:
    """Write down what this process knows of the code; yield the environment that tells a child of it."""
    with NamedTemporaryFile("w", prefix="lawbook-", suffix=".json", encoding="utf-8") as file:
        json.dump(known_forms(), file)
        file.flush()
        yield {VARIABLE: file.name}


def take_over() -> None:
    """Learn what was handed down to this process, if anything was; its own children are not told."""
    file = os.environ.pop(VARIABLE, "")
    if file:
        with suppress(OSError):  # whoever wrote it may have been killed
            learn_forms(json.loads(Path(file).read_text(encoding="utf-8")))
