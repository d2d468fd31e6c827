"""Damage: what may happen to a file on a disk, drawn from a generator, and disks that are full or read-only."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

Damage = Callable[[Path, np.random.Generator], None]


class Hostile:
    """Makes a folder when it is unpickled: if one is there, somebody has run a stranger's code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def cut(file: Path, rng: np.random.Generator) -> None:
    """Keep the beginning of a file, of any length."""
    os.truncate(file, rng.integers(file.stat().st_size))


def flip(file: Path, rng: np.random.Generator) -> None:
    """Flip one bit: in the first 64 bytes, in the last 2000, or anywhere, each with the same chance."""
    data = bytearray(file.read_bytes())
    size = len(data)
    low, high = [(0, min(64, size)), (max(0, size - 2000), size), (0, size)][rng.integers(3)]
    data[rng.integers(low, high)] ^= 1 << int(rng.integers(8))
    file.write_bytes(data)


def flip_unseen(file: Path, rng: np.random.Generator) -> None:
    """Flip one bit as a disk does, without a trace in the file's times."""
    times = file.stat()
    flip(file, rng)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def scribble(file: Path, rng: np.random.Generator) -> None:
    """Write random bytes over a stretch of a file, as a lost block does."""
    data = bytearray(file.read_bytes())
    start = int(rng.integers(len(data)))
    stop = min(len(data), start + int(rng.integers(1, 4096)))
    data[start:stop] = rng.bytes(stop - start)
    file.write_bytes(data)


def delete(file: Path, rng: np.random.Generator) -> None:
    """Remove a file."""
    file.unlink()


def put_pickle(file: Path, rng: np.random.Generator) -> None:
    """Put a pickle in a file's place that does harm when it is loaded."""
    file.write_bytes(pickle.dumps(Hostile(file.parent / "made_by_a_pickle")))


def swap(file: Path, rng: np.random.Generator) -> None:
    """Put a whole file of the same kind, but of something else, in a file's place; cut it if there is none."""
    others = [other for other in sorted(file.parent.glob(f"*{file.suffix}")) if other != file]
    if others:
        shutil.copyfile(others[rng.integers(len(others))], file)
    else:
        cut(file, rng)


DAMAGES: dict[str, Damage] = {
    "cut short": cut,
    "a bit flipped": flip,
    "a bit flipped, unseen": flip_unseen,
    "a block scribbled over": scribble,
    "deleted": delete,
    "a pickle in its place": put_pickle,
    "another file in its place": swap,
}


def may_mount() -> bool:
    """Tell whether this process may mount file systems."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=False, capture_output=True)
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)
    return mounted.returncode == 0


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Callable[[str], None]]:
    """Put a folder on a disk of its own, with its content and so much space besides.

    Yield a function that mounts it anew with other options, such as `ro` or `size=1g`. Afterwards the content lies
    where it lay.
    """
    kept = folder.with_name(f"{folder.name}.kept")
    folder.mkdir(parents=True, exist_ok=True)
    folder.rename(kept)
    folder.mkdir()
    _call("mount", "-t", "tmpfs", "-o", "size=1g", "none", str(folder))
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    used = shutil.disk_usage(folder).used // 1024

    def again(options: str) -> None:
        _call("mount", "-o", f"remount,{options}", str(folder))

    try:
        again(f"size={used + kilobytes}k")
        yield again
    finally:
        shutil.rmtree(kept)
        shutil.copytree(folder, kept)
        _call("umount", "--lazy", str(folder))
        folder.rmdir()
        kept.rename(folder)


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
