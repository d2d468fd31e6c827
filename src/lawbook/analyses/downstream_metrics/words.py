"""What the metrics of the downstream view are called, and which of them a reader is shown."""

from __future__ import annotations

from typing import Any

from lawbook.results.words import plain

_NAMES = {
    "token_accuracy": "accuracy per token",
    "token_brier": "Brier score",
    "exact_match": "exact match",
    "pass_until": "PassUntil",
    "passes_by_samples": "passes by samples, r/n",
}


def metric_name(metric: str, length: Any = None) -> str:
    """Return what a metric is called, with the length of its answers.

    >>> metric_name("exact_match", 4), metric_name("test_error")
    ('exact match of 4', 'test error')
    """
    name = _NAMES.get(metric, plain(metric))
    return name if length is None or length != length else f"{name} of {int(length)}"
