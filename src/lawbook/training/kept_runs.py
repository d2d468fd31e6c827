"""The weights of the runs in which quanta are looked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lawbook.studies.plan import Plan
from lawbook.training.weights import Weights, kept_weights


def weights_by_run(plan: Plan, *, cache: Path, code: str) -> dict[str, dict[int, Weights]]:
    """Return the weights of each run that is looked into at each step, {run_id: {step: weights}}.

    cache, code: where they lie, and the digest of the code that trained them; what is missing is trained again,
    exactly.
    """
    found: dict[str, dict[int, Weights]] = {}
    for shard, runs in plan.shards.items():
        mine = [run for run in runs if run.run_id in plan.kept]
        if mine:
            found |= kept_weights(mine, shard=shard, cache=cache, code=code)
    return found


def latest(by_step: Mapping[int, Weights]) -> Weights:
    """Return the weights at the last step."""
    return by_step[max(by_step)]
