"""A bundle that was tampered with is one message, and nothing of it is written outside the folder."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lawbook.bundle.archive import MANIFEST, Manifest, describe, unpack_archive, write_archive
from lawbook.errors import LawbookError

Content = dict[str, Any]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return a bundle of two files."""
    files = {"smoke.yaml": tmp_path / "one", "results/runs.csv": tmp_path / "two"}
    for path in files.values():
        path.write_text(f"content of {path.name}\n" * 100)
    manifest = Manifest(study="smoke", digests={}, code={}, versions={}, runs={}, files=describe(files))
    write_archive(tmp_path / "smoke.zip", manifest, files)
    return tmp_path / "smoke.zip"


def rewritten(bundle: Path, change: Callable[[Content, dict[str, bytes]], None]) -> Path:
    """Return the bundle with manifest and members changed; digests of members in the manifest follow."""
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members.pop(MANIFEST))
    change(manifest, members)
    hostile = bundle.with_name("hostile.zip")
    with zipfile.ZipFile(hostile, "w") as archive:
        archive.writestr(MANIFEST, json.dumps(manifest))
        for name, content in members.items():
            archive.writestr(name, content)
    return hostile


def name_member(name: str) -> Callable[[Content, dict[str, bytes]], None]:
    """Return a change that adds a member of that name, with its right size and SHA-256."""

    def change(manifest: Content, members: dict[str, bytes]) -> None:
        members[name] = b"hostile"
        manifest["files"][name] = {"bytes": 7, "sha256": hashlib.sha256(b"hostile").hexdigest()}

    return change


def test_what_was_packed_is_unpacked_and_the_same_files_give_the_same_bytes(
    bundle: Path, tmp_path: Path
) -> None:
    manifest = unpack_archive(bundle, tmp_path / "out")

    assert (tmp_path / "out/results/runs.csv").read_bytes() == (tmp_path / "two").read_bytes()
    files = {"smoke.yaml": tmp_path / "one", "results/runs.csv": tmp_path / "two"}
    write_archive(tmp_path / "again.zip", manifest, files)
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


CHANGES: dict[str, tuple[Callable[[Content, dict[str, bytes]], None], str]] = {
    "a name that leaves the folder": (name_member("../outside"), "no name for a file"),
    "one that leaves it in its midst": (name_member("results/../../outside"), "no name for a file"),
    "an absolute name": (name_member("/tmp/outside"), "no name for a file"),
    "a backslash": (name_member("..\\outside"), "no name for a file"),
    "a hidden file": (name_member(".bashrc"), "no name for a file"),
    "a folder": (name_member("results/"), "no name for a file"),
    "a terminal's escape in a name": (name_member("\x1b[2J"), "no name for a file"),
    "a member that the manifest lacks": (lambda _, files: files.update(extra=b""), "does not name it"),
    "a file that is not there": (lambda _, files: files.pop("smoke.yaml"), "not there"),
    "another content": (lambda _, files: files.update({"smoke.yaml": b"x" * 1500}), "SHA-256|bytes"),
    "a larger content": (lambda _, files: files.update({"smoke.yaml": b"x" * 9_000_000}), "1,500 bytes"),
    "a study whose name is a path": (lambda m, _: m.update(study="../smoke"), "manifest.json.*study"),
    "an unknown key": (lambda m, _: m.update(pickle="gASV"), "manifest.json.*pickle"),
    "another format": (lambda m, _: m.update(format="lawbook bundle 3"), "manifest.json.*format"),
    "no files": (lambda m, _: m.pop("files"), "manifest.json.*files"),
    "a negative size": (lambda m, _: m["files"]["smoke.yaml"].update(bytes=-1), "manifest.json.*bytes"),
    "a size beyond reason": (lambda m, _: m["files"]["smoke.yaml"].update(bytes=1 << 50), "manifest.json"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_tampered_bundle_is_refused(
    bundle: Path, tmp_path: Path, change: tuple[Callable[[Content, dict[str, bytes]], None], str]
) -> None:
    made, problem = change
    hostile = rewritten(bundle, made)

    with pytest.raises(LawbookError, match=problem) as refused:
        unpack_archive(hostile, tmp_path / "deep/out")

    assert "hostile.zip" in str(refused.value)
    assert "\x1b" not in str(refused.value)
    assert not list(tmp_path.glob("**/outside"))


def _link(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("results/link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, "/etc/passwd")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("add", "problem"),
    [
        (_link, "a link or a folder"),
        (lambda archive: archive.writestr("smoke.yaml", "again"), "stands twice"),
        (lambda archive: archive.writestr(MANIFEST, "{}"), "there are 2 of it"),
    ],
)
def test_a_member_too_many_is_refused(
    bundle: Path, tmp_path: Path, add: Callable[[zipfile.ZipFile], None], problem: str
) -> None:
    with zipfile.ZipFile(bundle, "a") as archive:
        add(archive)
    with pytest.raises(LawbookError, match=problem):
        unpack_archive(bundle, tmp_path / "out")


def test_a_manifest_that_unpacks_to_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, b" " * (32 << 20))
    with pytest.raises(LawbookError, match="too large"):
        unpack_archive(tmp_path / "bomb.zip", tmp_path / "out")


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"no zip at all", b"\x80\x04\x95"])
def test_what_is_no_zip_is_one_message(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "no.zip").write_bytes(damage)
    with pytest.raises(LawbookError, match=r"no\.zip: it cannot be read as a bundle"):
        unpack_archive(tmp_path / "no.zip", tmp_path / "out")


def test_a_bundle_cut_or_flipped_anywhere_is_refused(bundle: Path, tmp_path: Path) -> None:
    data = bundle.read_bytes()
    for i, at in enumerate(range(40, len(data), max(1, len(data) // 40))):
        flipped = bytearray(data)
        flipped[at] ^= 0x10
        for kind, content in (("cut", data[:at]), ("flipped", bytes(flipped))):
            file = tmp_path / f"{kind}.zip"
            file.write_bytes(content)
            out = tmp_path / f"{kind}-{i}"
            try:
                unpack_archive(file, out)
            except LawbookError:
                continue
            # What was flipped was a byte that says nothing, such as a time.
            assert (out / "results/runs.csv").read_bytes() == (tmp_path / "two").read_bytes()
            assert (out / "smoke.yaml").read_bytes() == (tmp_path / "one").read_bytes()
