"""The weights of the runs that an analysis looks into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor

from lawbook.studies.identity import Run
from lawbook.studies.plan import Plan
from lawbook.training.weights import Weights, kept_weights


def weights_by_run(
    plan: Plan, looked_into: Iterable[Run], *, cache: Path, code: str
) -> dict[str, dict[int, Weights]]:
    """Return the weights of some runs of a plan at each step that was kept, {run_id: {step: weights}}.

    cache, code: where they lie, and the digest of the code that trained them; what is missing is trained again,
    exactly.
    """
    by_shard: dict[str, list[Run]] = {}
    for run in looked_into:
        by_shard.setdefault(plan.shard_of[run.run_id], []).append(run)
    found: dict[str, dict[int, Weights]] = {}
    for shard, runs in by_shard.items():
        found |= kept_weights(runs, shard=shard, cache=cache, code=code)
    return found


def latest(by_step: Mapping[int, Mapping[str, Tensor]]) -> Mapping[str, Tensor]:
    """Return the weights at the last step."""
    return by_step[max(by_step)]
