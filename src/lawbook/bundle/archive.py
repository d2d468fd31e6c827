"""The archive: a zip whose manifest names every file with its size and SHA-256; whoever opens it trusts nothing."""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lawbook.errors import LawbookError
from lawbook.storage.files import written_atomically
from lawbook.studies.presets import WITH_PRESET

MANIFEST = "manifest.json"
LARGEST_MANIFEST, LARGEST_CONTENT = 16 << 20, 16 << 30
"""Bytes of the manifest, and of all files unpacked, above which a bundle is refused."""

_PART = r"[A-Za-z0-9_][A-Za-z0-9_.=+-]*"
_FILE = re.compile(f"({_PART}/)*{_PART}")
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20


class File(BaseModel):
    """What the manifest says of one file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int = Field(ge=0, le=LARGEST_CONTENT)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a bundle holds. digests: of the study's parts; code: digest of each stage's code; versions: of packages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["lawbook bundle 1", "lawbook bundle 2"] = "lawbook bundle 2"
    study: Annotated[str, Field(pattern=WITH_PRESET)]
    digests: dict[str, str]
    code: dict[str, str]
    versions: dict[str, str]
    runs: dict[str, Any]
    files: dict[str, File]


def describe(files: Mapping[str, Path]) -> dict[str, File]:
    """Return the size and the SHA-256 of each file."""
    found = {}
    for name, path in sorted(files.items()):
        with path.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        found[name] = File(bytes=path.stat().st_size, sha256=sha256)
    return found


def write_archive(path: Path, manifest: Manifest, files: Mapping[str, Path]) -> None:
    """Write a bundle atomically; the same files give the same bytes."""
    with (
        written_atomically(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr(_entry(MANIFEST), manifest.model_dump_json(indent=2))
        for name in manifest.files:
            with (
                files[name].open("rb") as source,
                archive.open(_entry(name), "w", force_zip64=True) as target,
            ):
                while chunk := source.read(_CHUNK):
                    target.write(chunk)


def unpack_archive(path: Path, folder: Path) -> Manifest:
    """Unpack a bundle into a folder and return its manifest.

    Raises LawbookError for a file that is no bundle, and for a member that the manifest does not name, that leaves
    the folder, is a link, is larger than it says, or has another SHA-256. Nothing is written outside the folder.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            manifest = _read_manifest(path, archive, members)
            _check_members(path, members, manifest)
            for name, listed in manifest.files.items():
                _unpack(path, archive, name, listed, folder / name)
            return manifest
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        ValueError,
    ) as error:
        raise LawbookError(
            f"{path}: it cannot be read as a bundle ({error}); fetch it again, or make it with `lawbook export`"
        ) from None


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return entry


def _read_manifest(path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Manifest:
    mine = [member for member in members if member.filename == MANIFEST]
    if len(mine) != 1 or mine[0].file_size > LARGEST_MANIFEST:
        raise _refusal(path, MANIFEST, f"there are {len(mine)} of it, or it is too large")
    with archive.open(mine[0]) as content:
        text = content.read(LARGEST_MANIFEST + 1)
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as invalid:
        error = invalid.errors()[0]
        field = ".".join(map(str, error["loc"]))
        raise _refusal(path, MANIFEST, f"{field or 'it'}: {error['msg']}") from None


def _check_members(path: Path, members: list[zipfile.ZipInfo], manifest: Manifest) -> None:
    names = [member.filename for member in members if member.filename != MANIFEST]
    for member in members:
        name = member.filename
        if not _FILE.fullmatch(name):
            raise _refusal(path, name, "this is no name for a file of a bundle")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _refusal(path, name, "this is a link or a folder, not a file")
        if names.count(name) > 1:
            raise _refusal(path, name, "it stands twice")
        if name != MANIFEST and name not in manifest.files:
            raise _refusal(path, name, "the manifest does not name it")
    for name in manifest.files:
        if name not in names:
            raise _refusal(path, name, "the manifest names it, and it is not there")
    if sum(listed.bytes for listed in manifest.files.values()) > LARGEST_CONTENT:
        raise _refusal(path, MANIFEST, f"the files are larger than {LARGEST_CONTENT:,} bytes together")


def _unpack(path: Path, archive: zipfile.ZipFile, name: str, listed: File, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    found, size = hashlib.sha256(), 0
    with archive.open(name) as source, target.open("xb") as out:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > listed.bytes:
                break
            found.update(chunk)
            out.write(chunk)
    if size != listed.bytes:
        raise _refusal(path, name, f"it is not the {listed.bytes:,} bytes that the manifest says")
    if found.hexdigest() != listed.sha256:
        raise _refusal(path, name, "its SHA-256 is not that of the manifest")


def _refusal(path: Path, name: str, problem: str) -> LawbookError:
    return LawbookError(f"{path}: {name[:200]!r}: {problem}; do not trust this bundle, ask for it again")
