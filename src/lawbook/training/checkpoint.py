"""Checkpoints of a stack: named by their content, so that one which is damaged is noticed and not resumed from."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """The latest state of one stack, `{stack}-{hash}.ckpt` in a folder that it shares with other stacks.

    The hash is over the stack's name and the file's bytes: neither a damaged file nor that of another stack passes.
    """

    folder: Path
    stack: str

    def find(self) -> Path | None:
        """Return the newest file that is whole, None if there is none; others are reported and removed."""
        for file in self._files():
            try:
                problem = self._problem(file)
            except FileNotFoundError:
                continue  # another job on the same stack has just written a later one
            except OSError as error:
                problem = f"cannot be read ({error.strerror})"
            if problem is None:
                return file
            _LOG.warning("%s %s; it is not used", file, problem)
            _discard(file)
        return None

    def save(self, write: Callable[[Path], object]) -> None:
        """Let `write` write the state to a path, and put it in the place of earlier files.

        A state that cannot be written is reported; training goes on with the earlier ones.
        """
        earlier = self._files()
        beside = self.folder / f"{self.stack}.{os.getpid()}.partial"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write(beside)
            beside.replace(named := self.folder / self._name(beside))
        except (OSError, RuntimeError) as error:  # PyTorch tells a full disk by a RuntimeError
            _LOG.warning("no checkpoint could be written to %s (%s)", self.folder, error)
            _discard(beside)
            return
        for file in earlier:
            if file != named:
                _discard(file)

    def remove(self) -> None:
        """Remove the stack's files, with what a job that was killed left half written."""
        for file in [*self._files(), *self.folder.glob(f"{self.stack}.*.partial")]:
            _discard(file)

    def _files(self) -> list[Path]:
        """Return the stack's files, the newest first."""
        times = {}
        for file in self.folder.glob(f"{self.stack}-*.ckpt"):
            try:
                times[file] = file.stat().st_mtime_ns
            except FileNotFoundError:
                continue
        return sorted(times, key=lambda file: times[file], reverse=True)

    def _name(self, file: Path) -> str:
        with file.open("rb") as data:
            content = hashlib.file_digest(data, lambda: hashlib.sha256(self.stack.encode()))
        return f"{self.stack}-{content.hexdigest()[:32]}.ckpt"

    def _problem(self, file: Path) -> str | None:
        if self._name(file) != file.name:
            return "is damaged"
        try:
            torch.load(file, weights_only=True, map_location="meta")
        except Exception as error:  # whatever a file of unknown making provokes
            return f"is no checkpoint ({type(error).__name__})"
        return None


def _discard(file: Path) -> None:
    """Remove a file, if that can be: in a folder that cannot be written it stays, and does no harm."""
    with suppress(OSError):
        file.unlink()
