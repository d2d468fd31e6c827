"""How many bytes of text stand behind a token: what turns nats per token into bits per byte."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lawbook.axes import Config
from lawbook.tasks import TextTask, tasks

_CUT = "�"


def bytes_per_token(config: Config) -> float:
    """Return the bytes of text behind each token that a run is tested on, NaN of a task that is no text.

    A part of a character that the edge of a window cuts counts as one byte.
    """
    task = tasks[config["task"]]
    if not isinstance(task, TextTask):
        return math.nan
    targets = task.examples(config).targets[task.splits(config)["test"]]
    texts = (task.text(config, row.tolist()) for row in targets)
    return sum(len(text.replace(_CUT, "?").encode()) for text in texts) / targets.size


def bits_per_nat(configs: Sequence[Config]) -> float:
    """Return the factor from nats per token to bits per byte, 1 / (ln 2 · bytes per token); NaN where runs differ."""
    tests = {
        (config["task"], config.get("folder"), config.get("vocabulary"), config.get("context")): config
        for config in configs
    }
    found = {bytes_per_token(config) for config in tests.values()}
    return 1 / (math.log(2) * found.pop()) if len(found) == 1 else math.nan
