"""Choose the runs of a study's pool to make next, and write the sweep that makes them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import yaml

from lawbook.analyses import Inputs
from lawbook.analyses.prediction.block import LEVEL
from lawbook.analyses.prediction.compute import Asked, asked_of
from lawbook.analyses.suggest.block import SuggestBlock
from lawbook.analyses.suggest.pool import Pool, extended, pool_of
from lawbook.fitting.suggestion import Advice, advise, costs_of
from lawbook.results.words import count
from lawbook.studies.study import Study

_WIDTH = 110
"""Columns of the YAML."""


def compute(block: SuggestBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables of one suggestion."""
    return suggestion_tables(block, inputs.results.runs, inputs.plan.study)


def suggestion_tables(block: SuggestBlock, runs: pd.DataFrame, study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables of a suggestion from a table of runs, and the sweep to paste.

    A pool whose runs are all made, or too dear, gives no runs and the reason. Raises LawbookError for columns that the
    runs lack, and for a cost that is not above 0.
    """
    asked, whole = asked_of(block, runs), pool_of(block, study)
    pool = whole.without(set(runs["run_id"]))
    counts = {
        "n_pool": len(whole.table),
        "n_made": len(whole.table) - len(pool.table),
        "n_runs": len(asked.rows),
    }
    costs, nothing = np.zeros(0), "every run of the pool is made already"
    if len(pool.table):
        costs = costs_of(pool.table, block.cost)
        nothing = "" if (costs <= block.budget).any() else f"the cheapest run left costs {costs.min():.4g}"
    if nothing:
        choice = pd.DataFrame([{**counts, "level": LEVEL, "nothing": nothing, "fallback": "", "spent": 0.0}])
        none = pd.DataFrame(columns=["order"])
        text = f"# Nothing is suggested: {nothing}.\n"
        return {
            "next_runs": none, "places": _places(block, asked, pool, costs, []), "choice": choice, "sweep": _one(text)
        }  # fmt: skip
    target = block.targets
    assert target is not None  # the block asks for one
    advice = advise(
        asked.rows, pool.table, costs, target, block.budget, y=block.y, x=block.x, cluster=asked.cluster, level=LEVEL,
        seed=block.seed,
    )  # fmt: skip
    chosen = [int(row) for row in advice.suggestion.chosen]
    return {
        "next_runs": _runs(advice, pool, chosen),
        "places": _places(block, asked, pool, costs, chosen),
        "choice": pd.DataFrame([{**_choice(advice), **counts}]),
        "sweep": _one(_sweep_text(block, study, advice, pool, chosen)),
    }


def _one(text: str) -> pd.DataFrame:
    return pd.DataFrame({"text": [text]})


def _runs(advice: Advice, pool: Pool, chosen: list[int]) -> pd.DataFrame:
    return advice.runs[["cost", "cumulative_cost", "half_width"]].assign(
        order=np.arange(1, len(chosen) + 1), run=[json.dumps(pool.said[row]) for row in chosen]
    )


def _choice(advice: Advice) -> dict[str, Any]:
    found, runs = advice.suggestion, advice.runs
    one, other = found.rivals or (None, None)
    return {
        "laws": "" if found.fallback else ", ".join(advice.laws), "now": advice.now,
        "after": runs["half_width"].iloc[-1] if len(runs) else advice.now, "of_log": advice.of_log, "level": LEVEL,
        "fallback": found.fallback, "nothing": "", "one": one, "other": other, "decision": found.decision,
        "spent": float(runs["cumulative_cost"].iloc[-1]) if len(runs) else 0.0,
    }  # fmt: skip


def _places(
    block: SuggestBlock, asked: Asked, pool: Pool, costs: np.ndarray, chosen: list[int]
) -> pd.DataFrame:
    """Return where the runs that are made, the pool, the chosen and the targets lie in the first two inputs."""
    inputs = dict(zip(block.x[:2], ("x", "x2"), strict=False))
    left = pool.table[list(inputs)].assign(cost=costs)
    picked = left.iloc[chosen].assign(order=np.arange(1, len(chosen) + 1))
    parts = {
        "made": asked.rows[list(inputs)], "pool": left.drop(index=left.index[chosen]), "chosen": picked,
        "target": pd.DataFrame(block.target),
    }  # fmt: skip
    named = [table.rename(columns=inputs).assign(part=part) for part, table in parts.items()]
    together = pd.concat(named, ignore_index=True)
    return together.reindex(columns=["part", "order", "x", "x2", "cost"]).astype({"order": "Int64"})


def _sweep_text(block: SuggestBlock, study: Study, advice: Advice, pool: Pool, chosen: list[int]) -> str:
    """Return the sweep as YAML, the study's own extended if it has one, below a comment that says where it belongs."""
    name = block.sweep or "suggested"
    spent = float(advice.runs["cumulative_cost"].iloc[-1]) if chosen else 0.0
    head = [
        f"# {count(len(chosen), 'run')} at a cost ({block.cost}) of {spent:.4g}, of a budget of {block.budget:.4g}."
    ]
    if block.sweep is None:
        head.append(
            "# Paste it under `sweeps` of a study that trains, with its axes in place of the columns here."
        )
    else:
        head.append(
            f"# Paste it in place of the sweep {name}: its runs that are made already are not made again."
        )
    sweep = {name: extended(study.content.sweeps.get(name), list(pool.grids_of(chosen)))}
    text = yaml.safe_dump(sweep, sort_keys=False, default_flow_style=None, width=_WIDTH)
    return "\n".join([*head, *(f"  {line}" for line in text.splitlines())]) + "\n"
