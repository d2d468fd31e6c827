"""The seal of a Parquet file: its name and the SHA-256 of all its bytes, in its own metadata.

Parquet's checksums cover its pages alone. A bit that flips in the footer may name another column, drop a row group
or change a type, and still be read; with the seal it is an error, and so is a whole table in the place of another.
Any reader of Parquet reads a sealed file.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

_ZEROS = b"0" * 64
_SEAL = re.compile(rb"sha256 of ([^\x00]{1,300}?) with 64 zeros here: ([0-9a-f]{64})")

_END = 8
"""Bytes after the footer: its length, and the name of the format."""


def unsealed(name: str) -> dict[str, str]:
    """Return the metadata to write a file with that will bear that name; `seal` then fills the digest in."""
    return {"seal": f"sha256 of {name} with 64 zeros here: {_ZEROS.decode()}"}


def seal(file: Path) -> None:
    """Put the digest of a file into the place that `unsealed` keeps for it."""
    found = _read(file)
    with file.open("r+b") as content:
        content.seek(found.place)
        content.write(found.digest)


def check_seal(file: Path) -> None:
    """Raise ValueError if a file does not carry its name and the digest of its bytes, OSError if it cannot be read."""
    found = _read(file)
    if found.digest != found.stated:
        raise ValueError("its bytes are not those that were written")
    if found.name != file.name:
        raise ValueError(f"it was written as {found.name}")


class _Seal(NamedTuple):
    """A file's digest with zeros in its place, where that place is, and the name and the digest that it carries."""

    digest: bytes
    place: int
    name: str
    stated: bytes


def _read(file: Path) -> _Seal:
    size = file.stat().st_size
    with file.open("rb") as content:
        content.seek(max(0, size - _END))
        footer = int.from_bytes(content.read(4), "little") + _END
        if not _END < footer <= size:
            raise ValueError("it is no Parquet file, or has been cut")
        content.seek(size - footer)
        tail = content.read()
        seals = list(_SEAL.finditer(tail))
        if not seals:
            raise ValueError("it carries no seal")
        start, stop = seals[-1].span(2)
        content.seek(0)
        digest, left = hashlib.sha256(), size - footer
        while left and (chunk := content.read(min(left, 1 << 20))):
            digest.update(chunk)
            left -= len(chunk)
    digest.update(tail[:start] + _ZEROS + tail[stop:])
    name = seals[-1][1].decode(errors="replace")
    return _Seal(digest.hexdigest().encode(), size - footer + start, name, tail[start:stop])


def digest(value: Any) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
