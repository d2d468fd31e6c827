"""Weights of trained runs at the steps of their evaluations, from the cache, or from training that lacks there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lawbook.studies.identity import Run
from lawbook.training.shard import run_key, train_shard, weights_cache
from lawbook.training.stack import unpacked
from lawbook.training.watch import JobHeartbeat

Weights = dict[str, Tensor]


def kept_weights(
    runs: Sequence[Run], *, shard: str, cache: Path, code: str, heartbeat: JobHeartbeat | None = None
) -> dict[str, dict[int, Weights]]:
    """Return the weights of runs of one shard by run and step, {run_id: {step: {name: tensor}}}.

    Arguments as of `train_shard`, which trains those whose weights the cache does not hold, exactly as before. A
    damaged file counts as none.
    """
    ids = [run.run_id for run in runs]
    train_shard(runs, shard=shard, cache=cache, code=code, heartbeat=heartbeat, keep=ids)
    keys = {run.run_id: run_key(run) for run in runs}
    found = weights_cache(cache, code, runs[0].config).load(list(keys.values()))
    return {
        run.run_id: {
            int(step): unpacked(run.config, torch.from_numpy(np.frombuffer(data, run.config["dtype"]).copy()))
            for step, data in found[keys[run.run_id]].table.itertuples(index=False)
        }
        for run in runs
    }
