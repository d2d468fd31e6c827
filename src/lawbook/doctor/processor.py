"""Check of the processor: whether models that train have right gradients on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lawbook.doctor.finding import Finding

if TYPE_CHECKING:
    from lawbook.models.exactness import Outcome


def gradients(outcomes: Sequence[Outcome] | None = None) -> Finding:
    """Say how far float32 gradients are from float64 for every trained model, alone and in a stack.

    outcomes: by default those of a check of all models, which takes seconds.
    """
    try:
        from lawbook.models.exactness import TOLERANCE, check_models, trained_models
    except ModuleNotFoundError:
        return Finding("gradients", True, "not checked without PyTorch")
    outcomes = check_models(trained_models()) if outcomes is None else outcomes
    wrong = [f"{one.model}: {one.problem}" for one in outcomes if one.problem]
    if wrong:
        fix = "install another version of PyTorch, or set ONEDNN_MAX_CPU_ISA=SSE41 (slow); docs/upstream.md says more"
        return Finding("gradients", False, "; ".join(wrong), fix)
    worst = max(outcomes, key=lambda one: one.error)
    text = f"{len(outcomes)} models, at most {worst.error:.1g} from float64 (of {TOLERANCE:g} allowed)"
    other = [one.model for one in outcomes if not one.same_bits]
    if other:
        return Finding(
            "gradients", True, f"{text}; other last bits in a stack than alone: {', '.join(other)}"
        )
    return Finding("gradients", True, f"{text}, with the same bits alone and in a stack")
