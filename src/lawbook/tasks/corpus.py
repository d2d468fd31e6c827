"""Text, token by token: the sources of Python's own library, or a folder of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.errors import LawbookError
from lawbook.tasks import Examples, TextTask
from lawbook.tasks._text import BYTES, SPLITS, decode, digest_of, read_texts, tokens_of

N_EVALUATED = 512
"""Windows on which a run is validated and tested, at most, evenly spaced over those that are held out."""


class CorpusAxes(Axes):
    """Axes of the task corpus."""

    samples: int = Field(4096, ge=1, description="Windows in the pool, each of `context` training tokens.")
    context: int = Field(64, ge=2, le=1 << 16, description="Tokens in a window, T.")
    vocabulary: int = Field(
        1024,
        ge=BYTES,
        le=1 << 16,
        description="Tokens: 256 are the bytes, more are byte-pair encodings learned from the pool.",
    )
    folder: Annotated[str, Neutral("")] = Field(
        "",
        description="Folder of text files, seen from where the workflow runs; none: Python's own library.",
    )


class Corpus(TextTask):
    """Predict each token of a window from those before it; every token is a target, the loss their mean.

    Files are split by the hash of their names, so that a new file moves no other one. Tokens are bytes, or
    byte-pair encodings learned from the pool's files. Windows do not overlap; a zero byte stands between two files.
    """

    axes = CorpusAxes
    inputs = "tokens"
    loss = "cross_entropy"
    shape_axes = ("context", "vocabulary", "folder")

    def n_inputs(self, config: Config) -> int:
        """Return T, the tokens in a window."""
        return int(config["context"])

    def n_outputs(self, config: Config) -> int:
        """Return the size of the vocabulary."""
        return int(config["vocabulary"])

    def n_eval(self, config: Config) -> int:
        """Return the number of tokens that a run is tested on."""
        return len(self.splits(config)["test"]) * self.n_inputs(config)

    def check(self, config: Config) -> None:
        """Raise AxisError for a folder without text, or for pruning, which no metric here does to text."""
        if config["folder"]:
            try:
                read_texts(config["folder"])
            except LawbookError as error:
                problem, _, fix = str(error).rpartition("; ")
                raise AxisError("folder", config["folder"], problem, fix) from None
        if config["keep_fraction"] < 1:
            problem = "the windows of a text are not pruned"
            raise AxisError(
                "keep_fraction", config["keep_fraction"], problem, "leave it at 1; write fewer samples"
            )

    def outside(self, config: Config) -> str:
        """Return the digest of a folder's texts; Python's own library comes with Python."""
        return digest_of(config["folder"]) if config["folder"] else ""

    def examples(self, config: Config) -> Examples:
        """Return the windows (n, T) of all files, the test split's first, and the tokens that follow each."""
        return _windows(config["folder"], config["vocabulary"], config["context"])

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the windows of the pool, and evenly spaced ones of those for validation and test.

        Raises LawbookError if a split has no whole window, or the pool fewer than `samples`.
        """
        whole = _ranges(config["folder"], config["vocabulary"], config["context"])
        found = len(whole["pool"])
        if config["samples"] > found:
            problem = f"the text has {found:,} windows of {config['context']} tokens in its pool"
            raise LawbookError(f"samples = {config['samples']}: {problem}; choose at most {found}")
        return {split: windows if split == "pool" else _spaced(windows) for split, windows in whole.items()}

    def held_out(self, config: Config) -> NDArray[np.int64]:
        """Return all windows of the validation split."""
        return _ranges(config["folder"], config["vocabulary"], config["context"])["validation"]

    def file_of(self, config: Config, window: int, position: int) -> str:
        """Return the file that a target stands in."""
        for split, places in _ranges(config["folder"], config["vocabulary"], config["context"]).items():
            if places[0] <= window <= places[-1]:
                tokens = tokens_of(config["folder"], config["vocabulary"])[split]
                place = (window - int(places[0])) * config["context"] + position + 1
                return tokens.files[int(tokens.file[place])]
        raise IndexError(f"there is no window {window}")

    def text(self, config: Config, ids: Sequence[int]) -> str:
        """Return the text of some tokens."""
        return decode(config["folder"], config["vocabulary"], ids)


@cache
def _windows(folder: str, vocabulary: int, context: int) -> Examples:
    inputs, targets = [], []
    for split in SPLITS:
        ids = tokens_of(folder, vocabulary)[split].ids
        n = (len(ids) - 1) // context * context
        inputs.append(ids[:n].reshape(-1, context))
        targets.append(ids[1 : n + 1].reshape(-1, context))
    return Examples(np.concatenate(inputs), np.concatenate(targets))


@cache
def _ranges(folder: str, vocabulary: int, context: int) -> Mapping[str, NDArray[np.int64]]:
    """Return the places of each split's windows among the examples."""
    lengths = {s: (len(t.ids) - 1) // context for s, t in tokens_of(folder, vocabulary).items()}
    for split, n in lengths.items():
        if n < 1:
            problem = f"the text of the split {split!r} is shorter than a window"
            raise LawbookError(f"context = {context}: {problem}; choose a shorter one, or add text")
    ends = np.cumsum([lengths[split] for split in SPLITS])
    return {split: np.arange(end - lengths[split], end) for split, end in zip(SPLITS, ends, strict=True)}


def _spaced(windows: NDArray[np.int64]) -> NDArray[np.int64]:
    n = min(N_EVALUATED, len(windows))
    return windows[np.arange(n) * len(windows) // n]


task = Corpus()
