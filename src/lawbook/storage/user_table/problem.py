"""What is wrong with a table from outside, and what had to be understood of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lawbook.errors import LawbookError


class TableError(LawbookError):
    """A file that is no table: says which, what is wrong with it, and the fix."""

    def __init__(self, file: Path, problem: str, fix: str) -> None:
        super().__init__(f"{file}: {problem}; {fix}")
        self.problem, self.fix = problem, fix


@dataclass(frozen=True)
class Remark:
    """How something in a table was understood: `code` is fixed vocabulary, `message` a sentence for readers.

    `doubtful`: it could have been meant otherwise, so that it is a warning. `rows` are those of the file.
    """

    code: str
    message: str
    rows: tuple[int, ...] = ()
    doubtful: bool = False
