"""Remove weights of trained networks, let them learn on, and tell the regime of each density and temperature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lawbook.analyses import Inputs
from lawbook.analyses.weight_pruning.block import REGIMES, TABLES, WeightPruningBlock
from lawbook.analyses.weight_pruning.prune import (
    Networks,
    barrier,
    masks_of,
    pruned,
    retrained,
    scores_of,
    similarity,
)
from lawbook.laws import fit
from lawbook.laws.note import reason_of
from lawbook.laws.repeats import mean_interval
from lawbook.models import TrainedModel, models
from lawbook.pruning.pools import members_of
from lawbook.results.words import text_of
from lawbook.studies.identity import Run
from lawbook.tasks import PoolTask, tasks
from lawbook.training.kept_runs import latest


def compute(block: WeightPruningBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'pruned', 'regimes' and 'fits'. Networks that diverged are left out."""
    runs = block.looked_into(inputs.plan.runs)
    weights = {run.run_id: latest(inputs.weights[run.run_id]) for run in runs}
    finite = [run for run in runs if all(bool(one.isfinite().all()) for one in weights[run.run_id].values())]
    folds = len({run.config.get("fold") for run in finite}) > 1
    rows: list[dict[str, Any]] = []
    for stack in _stacks(finite, weights):
        networks = networks_of(stack, weights)
        named = [_named(block, run, "fold" if folds else "seed") for run in stack]
        for found in rows_of(block, networks):
            rows += [name | {key: values[i] for key, values in found.items()} for i, name in enumerate(named)]
    table = pd.DataFrame(rows, columns=list(TABLES["pruned"]))
    return {"pruned": table, "regimes": regimes_of(block, table), "fits": fits_of(block, table)}


def networks_of(runs: Sequence[Run], weights: Mapping[str, Mapping[str, Tensor]]) -> Networks:
    """Return runs of one shape with as many examples as a stack. weights: of each run, by run_id."""
    found = []
    for run in runs:
        task = cast(PoolTask, tasks[run.config["task"]])
        members, labels = members_of(task, run.config)
        test, inputs = task.splits(run.config)["test"], task.examples(run.config).inputs
        found.append((inputs[members], labels[members], inputs[test], labels[test]))
    stacked = {
        name: torch.stack([weights[run.run_id][name] for run in runs]) for name in weights[runs[0].run_id]
    }
    examples = [torch.from_numpy(np.stack(parts)) for parts in zip(*found, strict=True)]
    configs = [run.config for run in runs]
    return Networks(cast(TrainedModel, models[configs[0]["model"]]), configs, stacked, *examples)


def rows_of(block: WeightPruningBlock, networks: Networks) -> Iterator[dict[str, Sequence[Any]]]:
    """Yield what is found at each score and density: a sequence over networks for each column."""
    n = len(networks.configs)
    for score in block.scores:
        scores = scores_of(networks, score)
        for density in block.densities:
            masks = masks_of(networks, scores, density)
            with torch.no_grad():
                errors = networks.errors(pruned(networks.weights, masks))
            found: dict[str, Sequence[Any]] = {
                "score": [score] * n, "density": [density] * n, "error": errors.tolist(),
                "remaining": [int(sum(mask[0].sum() for mask in masks.values()))] * n,
                "n_eval": [networks.answers.shape[1]] * n,
            }  # fmt: skip
            yield found | (_learned_on(block, networks, masks) if score == block.scores[0] else _nothing(n))


def regimes_of(block: WeightPruningBlock, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table 'regimes' of a table 'pruned': means over repeats with their intervals, and the regime."""
    rows = []
    keys = ["case", "temperature", "density"]
    for _, part in table.dropna(subset=["barrier"]).groupby(keys):
        row = part[[*keys, "remaining"]].iloc[0].to_dict() | {"n_runs": len(part)}
        for name, ends in (("retrained_error", ""), ("barrier", "barrier_"), ("similarity", "similarity_")):
            found = mean_interval(part.groupby("repeat")[name].mean())
            row |= dict(zip((name, f"{ends}low", f"{ends}high"), found, strict=True))
        connected, similar = row["barrier"] <= block.connected, row["similarity"] >= block.similar
        rows.append(row | {"regime": REGIMES[1 + similar if connected else 0]})
    return pd.DataFrame(rows, columns=list(TABLES["regimes"]))


def fits_of(block: WeightPruningBlock, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table 'fits' of a table 'pruned': at each temperature the error after retraining in what remains."""
    rows: list[dict[Any, Any]] = []
    low, high = block.between
    shown = table[table["retrained_error"].notna() & table["density"].between(low * 0.999, high * 1.001)]
    for _, part in shown.groupby(["case", "temperature"]):
        remaining = part["remaining"]
        named = part[["case", "temperature"]].iloc[0].to_dict() | {
            "n_runs": part["run_id"].nunique(), "remaining_low": remaining.min(), "remaining_high": remaining.max(),
        }  # fmt: skip
        points = part[["repeat", "remaining", "retrained_error", "n_eval"]]
        y, x, of = "retrained_error", "remaining", "n_eval"
        found = fit(points, block.law, y=y, x=x, cluster="repeat", n_eval=of, draws=400)
        named |= {"status": found.status.value, "reason": reason_of(found.notes)}
        for parameter, value in found.estimates.items():
            ends = {"estimate": value.value, "low": value.low, "high": value.high}
            rows.append(named | {"parameter": parameter} | ends)
    return pd.DataFrame(rows, columns=list(TABLES["fits"]))


def _learned_on(
    block: WeightPruningBlock, networks: Networks, masks: Mapping[str, Tensor]
) -> dict[str, Sequence[Any]]:
    one, other = (
        retrained(networks, masks, copy=copy, steps=block.steps, rate=block.rate, batch=block.batch)
        for copy in (0, 1)
    )
    with torch.no_grad():
        errors = (networks.errors(one) + networks.errors(other)) / 2.0
        alike = similarity(*(networks.outputs(weights, networks.asked) for weights in (one, other)))
        return {
            "retrained_error": errors.tolist(),
            "barrier": barrier(networks, one, other).tolist(),
            "similarity": alike.tolist(),
        }


def _nothing(n: int) -> dict[str, Sequence[Any]]:
    return dict.fromkeys(("retrained_error", "barrier", "similarity"), [np.nan] * n)


def _named(block: WeightPruningBlock, run: Run, repeat: str) -> dict[str, Any]:
    return {
        "case": ",".join(f"{axis}={text_of(run.config[axis])}" for axis in block.by),
        "run_id": run.run_id,
        "repeat": run.config[repeat],
        "temperature": float(run.config[block.temperature]),
    }


def _stacks(runs: Sequence[Run], weights: Mapping[str, Mapping[str, Tensor]]) -> list[list[Run]]:
    """Return the runs that can be stacked: of one model and shape, with as many examples to learn and to be asked."""
    stacks: dict[Any, list[Run]] = {}
    for run in runs:
        config, task = run.config, cast(PoolTask, tasks[run.config["task"]])
        model = models[config["model"]]
        shape = [(name, tuple(one.shape)) for name, one in weights[run.run_id].items()]
        key = (
            config["task"], config["model"], *shape, len(task.splits(config)["test"]), config["samples"],
            *(config[axis] for axis in model.axes.model_fields),
        )  # fmt: skip
        stacks.setdefault(key, []).append(run)
    return list(stacks.values())
