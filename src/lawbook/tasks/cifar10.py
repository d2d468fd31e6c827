"""CIFAR-10: 60,000 images of 32 x 32 pixels in ten classes, downloaded when they are first trained on."""

from __future__ import annotations

import hashlib
import os
import sys
import tarfile
import urllib.request
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config, Neutral
from lawbook.errors import LawbookError
from lawbook.seeds import generator
from lawbook.storage.files import written_atomically
from lawbook.tasks import Examples, PoolTask

if TYPE_CHECKING:
    from torch import Tensor

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
"""The published checksum of the binary version, which holds bytes alone: nothing in it is executed."""

FOLDER = "LAWBOOK_DOWNLOADS"
"""The variable that names the folder for downloads; by default ~/.cache/lawbook."""

PER_FILE, N_FILES = 10_000, 5
SIDE, CHANNELS, CLASSES = 32, 3, 10
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
"""Of the training images' channels, in units of 255."""

PADDING = 4


class CIFAR10Axes(Axes):
    """Axes of the task cifar10."""

    samples: int = Field(
        45_000, ge=1, description="Pool size D: examples before pruning, at most 45,000; downloaded once."
    )
    label_noise: Annotated[float, Neutral(0.0)] = Field(
        0.0, ge=0, le=1, description="Share of the pool's labels replaced by a class drawn uniformly."
    )
    augment: Annotated[Literal["none", "crop_flip"], Neutral("none")] = Field(
        "none", description="`crop_flip`: shift by up to 4 pixels and mirror, anew at every step."
    )


class CIFAR10(PoolTask):
    """Classify photographs; each channel has mean 0 and variance 1 over the training images.

    Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images". Nine tenths of the training
    images make the pool, one tenth is for validation; the 10,000 test images are those published.
    """

    axes = CIFAR10Axes
    inputs = "image"
    loss = "cross_entropy"
    shape_axes = ("augment",)

    def n_inputs(self, config: Config) -> int:
        """Return 3,072: rows, columns, and channels last."""
        return SIDE * SIDE * CHANNELS

    def n_outputs(self, config: Config) -> int:
        """Return 10 classes."""
        return CLASSES

    def n_eval(self, config: Config) -> int:
        """Return the number of published test images."""
        return PER_FILE

    def image_shape(self, config: Config) -> tuple[int, ...]:
        """Return 32 x 32 pixels of three channels."""
        return (SIDE, SIDE, CHANNELS)

    def n_pool(self, config: Config) -> int:
        """Return nine tenths of the training images; the others validate."""
        return N_FILES * PER_FILE * 9 // 10

    def examples(self, config: Config) -> Examples:
        """Return all images, the test images last. Raises LawbookError if they cannot be had."""
        return _examples()

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the published test images, a tenth of the others for validation, and the rest for the pool."""
        n_train = N_FILES * PER_FILE
        order = generator(0, "cifar10 validation").permutation(n_train)
        return {
            "test": np.arange(n_train, n_train + PER_FILE),
            "validation": np.sort(order[: n_train // 10]),
            "pool": np.sort(order[n_train // 10 :]),
        }

    def augment(self, config: Config, inputs: Tensor, seeds: Sequence[int], step: int) -> Tensor:
        """Return images (R, B, 32, 32, 3) shifted by up to 4 pixels and mirrored, drawn from (seed, step)."""
        if config["augment"] == "none":
            return inputs
        import torch
        from torch.nn.functional import pad

        n_batch = inputs.shape[1]
        drawn = [
            generator(seed, "augment", step).integers([[9], [9], [2]], size=(3, n_batch)) for seed in seeds
        ]
        down, right, mirrored = torch.from_numpy(np.stack(drawn, axis=1)).to(inputs.device)[..., None]
        line = torch.arange(SIDE, device=inputs.device)
        rows = down + line
        columns = right + torch.where(mirrored == 1, SIDE - 1 - line, line)
        padded = pad(inputs, (0, 0, PADDING, PADDING, PADDING, PADDING))
        run = torch.arange(len(inputs), device=inputs.device)[:, None, None, None]
        place = torch.arange(n_batch, device=inputs.device)[:, None, None]
        return padded[run, place, rows[..., :, None], columns[..., None, :]]


@cache
def _examples() -> Examples:
    parts = _records(_archive())
    pixels = parts[:, 1:].reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
    inputs = np.empty(pixels.shape, dtype=np.float32)
    np.divide(pixels, 255.0, out=inputs, dtype=np.float32)
    inputs -= np.array(MEAN, dtype=np.float32)
    inputs /= np.array(DEVIATION, dtype=np.float32)
    return Examples(inputs, parts[:, 0].astype(np.int64))


def _records(archive: Path) -> NDArray[np.uint8]:
    """Return the records of all files, the test file last, (n, 3073): a label, then 1,024 bytes of each channel."""
    names = [*(f"data_batch_{i + 1}.bin" for i in range(N_FILES)), "test_batch.bin"]
    parts = []
    with tarfile.open(archive) as tar:
        for name in names:
            member = tar.extractfile(f"cifar-10-batches-bin/{name}")
            data = member.read() if member else b""
            length = 1 + SIDE * SIDE * CHANNELS
            if len(data) != PER_FILE * length:
                problem = f"{name} holds {len(data):,} bytes instead of {PER_FILE * length:,}"
                raise LawbookError(f"{archive}: {problem}; delete the file and run again")
            parts.append(np.frombuffer(data, dtype=np.uint8).reshape(PER_FILE, length))
    return np.concatenate(parts)


def _archive() -> Path:
    """Return the downloaded archive, of the published checksum; it is downloaded if it is not there.

    Raises LawbookError if it cannot be downloaded, or is another file.
    """
    folder = Path(os.environ.get(FOLDER) or Path.home() / ".cache/lawbook")
    file = folder / URL.rpartition("/")[2]
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        print(f"Downloading {URL} to {file} (about 160 MB)", file=sys.stderr, flush=True)
        try:
            with urllib.request.urlopen(URL, timeout=60) as source, written_atomically(file) as temporary:
                with temporary.open("wb") as sink:
                    while chunk := source.read(1 << 20):
                        sink.write(chunk)
                _check(temporary)
        except OSError as error:
            fix = f"download it by other means, put it there as {file}, or name its folder in {FOLDER}"
            raise LawbookError(f"{URL} cannot be downloaded ({error}); {fix}") from None
    else:
        _check(file)
    return file


def _check(file: Path) -> None:
    """Raise LawbookError unless a file has the published checksum."""
    with file.open("rb") as data:
        found = hashlib.file_digest(data, "md5").hexdigest()
    if found != MD5:
        problem = f"its MD5 is {found}, and the published one of {URL} is {MD5}"
        raise LawbookError(f"{file}: {problem}; delete the file and run again")


task = CIFAR10()
