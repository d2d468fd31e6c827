"""Text on this machine: Python's own library or a folder, split by file name, cut into tokens."""

from __future__ import annotations

import hashlib
import logging
import os
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lawbook.errors import LawbookError

_LOG = logging.getLogger(__name__)

SPLITS = {"test": range(10), "validation": range(10, 20), "pool": range(20, 100)}
"""A file's split by the first number of its name's hash, modulo 100."""

LEFT_OUT = frozenset({"test", "tests", "idle_test", "encodings", "idlelib", "site-packages"})
"""Folders of the standard library that are tests, tables of letters, or no part of it."""

BYTES = 256
"""The vocabulary of bytes; each larger one is learned."""

END = "\0"
"""What stands between two files. No text holds it."""

LARGEST = 1 << 28
"""Bytes of text that are read at most."""

_AT_ONCE = 16
"""Files that are encoded together: what the library says of each token takes a hundred times the token's memory."""

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Tokens:
    """The tokens of one split: ids (n,), and the file of each, as its place among `files`."""

    ids: Ids
    file: NDArray[np.int32]
    files: tuple[str, ...]


@cache
def read_texts(folder: str) -> Mapping[str, str]:
    """Return the text of each file by its name, sorted; without a folder, the sources of Python's own library.

    Files that are no text are passed over with one warning. Raises LawbookError for a folder that is not there,
    holds no text, or more of it than can be held in memory.
    """
    root = Path(folder or sysconfig.get_paths()["stdlib"])
    if not root.is_dir():
        raise LawbookError(f"{root}: there is no such folder; name one that holds text files")
    texts: dict[str, str] = {}
    others: list[str] = []
    size = 0
    for name in sorted(_library(root) if not folder else _files(root)):
        data = (root / name).read_bytes()
        size += len(data)
        if size > LARGEST:
            raise LawbookError(f"{root}: it holds more than {LARGEST >> 20} MiB of files; name a part of it")
        text = _decoded(data)
        if text is None:
            others.append(name)
        elif text:
            texts[name] = text
    if not texts:
        what = f"none of its {len(others)} files is text in UTF-8" if others else "it holds no text"
        raise LawbookError(f"{root}: {what}; name a folder that holds text files")
    if others:
        counted = f"{len(others)} of {len(others) + len(texts)} files are"
        _LOG.warning("%s: %s no text in UTF-8 and left out, %s first", root, counted, others[0])
    return texts


def _files(root: Path) -> Iterator[str]:
    """Yield the names of a folder's files, at any depth; hidden files and folders are left out."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name[0] != "."]
        paths = (Path(folder) / name for name in names if name[0] != ".")
        yield from (path.relative_to(root).as_posix() for path in paths if path.is_file())


def _library(root: Path) -> Iterator[str]:
    return (name for name in _files(root) if name.endswith(".py") and not LEFT_OUT & set(name.split("/")))


def _decoded(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if END in text else text


def digest_of(folder: str) -> str:
    """Return 16 hexadecimal digits of the hash of all names and texts."""
    found = hashlib.sha256()
    for name, text in read_texts(folder).items():
        for part in (name, text):
            data = part.encode("utf-8", "surrogateescape")
            found.update(f"{len(data)} ".encode() + data)
    return found.hexdigest()[:16]


def split_of(name: str) -> str:
    """Return the split of a file: a tenth are `test`, a tenth `validation`, the others `pool`.

    >>> split_of("ast.py"), split_of("email/charset.py")
    ('pool', 'test')
    """
    number = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8]) % 100
    return next(split for split, numbers in SPLITS.items() if number in numbers)


@cache
def tokens_of(folder: str, vocabulary: int) -> Mapping[str, Tokens]:
    """Return the tokens of each split. Raises LawbookError as `read_texts` does, and for a split without a file."""
    encode = encoder(folder, vocabulary)
    found = {}
    for split in SPLITS:
        texts = {name: text for name, text in read_texts(folder).items() if split_of(name) == split}
        if not texts:
            n = len(read_texts(folder))
            problem = f"the names of its {n} files put none into the split {split!r}"
            raise LawbookError(f"{folder or 'the library'}: {problem}; add files, or cut large ones up")
        parts = encode([text + END for text in texts.values()])
        place = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
        found[split] = Tokens(np.concatenate(parts), place, tuple(texts))
    return found


def encoder(folder: str, vocabulary: int) -> Callable[[Sequence[str]], list[Ids]]:
    """Return the function that turns texts into arrays of token ids."""
    if vocabulary == BYTES:
        return lambda texts: [np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int64) for text in texts]
    learned = _learned(folder, vocabulary)

    def encode(texts: Sequence[str]) -> list[Ids]:
        parts = (texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE))
        return [
            np.array(one.ids, dtype=np.int64) for part in parts for one in learned.encode_batch_fast(part)
        ]

    return encode


def decode(folder: str, vocabulary: int, ids: Sequence[int]) -> str:
    """Return the text of some tokens; a character of which only a part is there becomes �."""
    if vocabulary == BYTES:
        return bytes(ids).decode("utf-8", "replace")
    return str(_learned(folder, vocabulary).decode(list(ids), skip_special_tokens=False))


@cache
def _learned(folder: str, vocabulary: int) -> Any:
    """Return the byte-pair encoding learned from the files of the pool.

    Raises LawbookError if they have too few pairs of tokens for such a vocabulary.
    Source: Sennrich et al. 2016, arXiv:1508.07909, on bytes as in Radford et al. 2019.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(END, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False)
    pool = (text for name, text in read_texts(folder).items() if split_of(name) == "pool")
    tokenizer.train_from_iterator(pool, trainer)
    size = tokenizer.get_vocab_size()
    if size < vocabulary:
        problem = f"the pool's text makes {size:,} tokens at most"
        raise LawbookError(f"vocabulary = {vocabulary}: {problem}; choose a smaller one, or add text")
    return tokenizer
