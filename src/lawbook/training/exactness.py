"""The first training of a model on a processor: its gradients are checked once, and the outcome kept in the cache."""

from __future__ import annotations

import hashlib
import inspect
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.models import TrainedModel, models
from lawbook.models.exactness import Outcome, check_models, processor
from lawbook.storage.checksum import digest
from lawbook.storage.files import write_text


def require_exact(config: Config, cache: Path) -> None:
    """Raise LawbookError if this processor computes wrong gradients for the model of a run.

    The outcome of the first check is kept below the folder `cache`, by model, the code of models, processor and
    libraries. Solved models have no gradients; GPUs are not checked.
    """
    name = config["model"]
    if not isinstance(models[name], TrainedModel) or config["device"] != "cpu":
        return
    file = cache / "processors" / f"{digest([name, _code_of(name), processor()])}.json"
    outcome = _kept(file)
    if outcome is None:
        (outcome,) = check_models([name])
        with suppress(
            OSError
        ):  # a cache that cannot be written costs another check, and is reported elsewhere
            write_text(file, json.dumps({"outcome": asdict(outcome), "processor": processor()}, indent=1))
    if outcome.problem:
        raise LawbookError(
            f"model {name}: {outcome.problem} on this processor ({', '.join(processor())}); install another"
            " version of PyTorch, or choose other kernels: ONEDNN_MAX_CPU_ISA=SSE41 in the environment is slow and safe"
        )


def _code_of(name: str) -> str:
    """Return the digest of the files beside a model's, and of those beside the package's own, which they call."""
    folders = {Path(inspect.getfile(kind)).parent for kind in (TrainedModel, type(models[name]))}
    files = [file for folder in sorted(folders) for file in sorted(folder.glob("*.py"))]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _kept(file: Path) -> Outcome | None:
    """Return the outcome in a file; None where there is none, or where it cannot be read."""
    try:
        return Outcome(**json.loads(file.read_text(encoding="utf-8"))["outcome"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
