"""What a source said: answers of a service, kept on disk so that nothing is asked twice, and files as they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lawbook.errors import LawbookError
from lawbook.storage.files import write_text

LARGEST_FILE = 1 << 30
"""Bytes of a file that is read whole."""


class Answers:
    """The answers of one import, kept in a folder, a JSON file each, named by the digest of its query.

    refresh: ask anew what is kept. `notes` is what the user must hear of the source; `queries` and `asked` hold what
    was asked and when, what was kept included; `kept` counts the latter.
    """

    def __init__(self, folder: Path, refresh: bool = False) -> None:
        self.folder, self.refresh = folder, refresh
        self.notes: list[str] = []
        self.queries: list[Mapping[str, Any]] = []
        self.asked: list[str] = []
        self.kept = 0
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Return the SHA-256 of all that was read, in its order."""
        return self._digest.hexdigest()

    def ask(self, query: Mapping[str, Any], ask: Callable[[], Any]) -> Any:
        """Return the answer to a query, from the folder or by `ask`, which must return what JSON can hold.

        A query names no secret: it is written down. A kept answer that is damaged is asked for anew.
        """
        text = json.dumps(query, sort_keys=True)
        file = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
        found = None if self.refresh else _kept(file, query)
        if found is None:
            found = {
                "query": query,
                "asked": datetime.now(UTC).isoformat(timespec="seconds"),
                "answer": ask(),
            }
            written = json.dumps(found)
            write_text(file, written)
            found = json.loads(written)  # the same values as on the next call
        else:
            self.kept += 1
        self.queries.append(query)
        self.asked.append(found["asked"])
        self._digest.update(json.dumps([query, found["answer"]], sort_keys=True).encode())
        return found["answer"]

    def read(self, file: Path) -> bytes:
        """Return the bytes of a file of the source. Raises LawbookError if it cannot be read, or is too large."""
        try:
            if not file.is_file():
                raise LawbookError(f"{file}: is no regular file; move it away, or name another source")
            if file.stat().st_size > LARGEST_FILE:
                raise LawbookError(f"{file}: is larger than {LARGEST_FILE:,} bytes; move it away")
            content = file.read_bytes()
        except OSError as error:
            raise LawbookError(
                f"{file}: cannot be read ({error.strerror}); mend that, or move it away"
            ) from None
        self._digest.update(f"{len(content)}:".encode() + content)
        return content


def _kept(file: Path, query: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        whole = found.keys() == {"query", "asked", "answer"} and found["query"] == query
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return found if whole else None
