"""What the report says of scoring: what it cost, how far scores can be trusted, and which labels are disputed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from lawbook.pruning.duplicates import gap
from lawbook.pruning.metrics import metrics
from lawbook.pruning.pools import members_of
from lawbook.results.reader import Results
from lawbook.results.words import conditions, count, number, plain
from lawbook.studies.probes import DISPUTED, pool_id
from lawbook.studies.roles import REPEATS
from lawbook.tasks import PoolTask, tasks

DISPUTED_SHARE = 0.3
"""Share of the kept examples with a disputed label above which the report warns."""

UNANIMOUS = 1.0 - 1e-9
"""A label is disputed where all held-out probes agree on one other class."""

SEMDEDUP, DUPLICATE_SHARE = "semdedup", 0.1
"""The metric that tells near-duplicates, and their share of a pool above which the report warns."""

COLUMNS = (
    "metric", "pools", "examples", "probes", "probe data", "after steps", "scoring FLOPs of a pool",
    "of one run that reads it", "seconds of a pool", "rank correlation, even and odd probes", "AUC on replaced labels",
)  # fmt: skip


def scoring_rows(results: Results) -> tuple[tuple[str, ...], ...]:
    """Return a row of texts per metric: medians over pools, with their range where it says something."""
    rows = []
    scored = results.runs[results.runs["scoring_flops"].notna()]
    share = scored["scoring_flops"] / scored["flops"].where(scored["flops"] > 0)
    for metric, found in results.scorings.groupby("metric", sort=True):
        probes = int(found["probes"].median())
        times = _spread(share[scored["metric"] == metric], 2)
        rows.append(
            (
                plain(str(metric)), number(len(found)), _spread(found["n"]), number(probes) if probes else "none",
                ", ".join(sorted(set(found["probe_data"]))) if probes else "–",
                _spread(found["step"]), number(found["flops"].median()), "–" if times == "–" else f"{times} ×",
                number(found["wall_s"].median(), 2), _spread(found["reliability"], 2),
                _spread(found["planted_auc"], 2),
            )
        )  # fmt: skip
    return tuple(rows)


def _spread(values: pd.Series, digits: int = 3) -> str:
    """Write a median and, where they differ, the smallest and largest value; a dash for none.

    >>> _spread(pd.Series([1.0, 2.0, 4.0])), _spread(pd.Series([3, 3])), _spread(pd.Series([np.nan]))
    ('2 (1 to 4)', '3', '–')
    """
    known = values.dropna().astype(float)
    if known.empty:
        return "–"
    low, middle, high = (number(v, digits) for v in (known.min(), known.median(), known.max()))
    return middle if low == high else f"{middle} ({low} to {high})"


def disputed_cases(results: Results) -> Iterator[str]:
    """Yield a warning for each keep fraction and pool of which more than 30 % of the hard examples are disputed.

    The shares are means over pools. They are about metrics that read the labels, and pools that held-out probes were
    asked about.
    """
    shares = disputed_shares(results)
    if shares.empty:
        return
    told_apart = [c for c in shares.columns if c not in ("pool_id", "metric", "kept", "whole")]
    by_metric = shares.groupby([*told_apart, "metric"])["kept"].mean()
    above = by_metric[by_metric > DISPUTED_SHARE].rename("kept").reset_index()
    for values, group in above.groupby(told_apart):
        at = {a: v for a, v in zip(told_apart, values, strict=True) if a != "drop_hardest" or v}
        pools = shares[(shares[told_apart] == list(values)).all(axis=1)]
        ordered = group.sort_values(["kept", "metric"], ascending=[False, True])
        kept = ", ".join(f"{plain(m)} {share:.0%}" for m, share in ordered[["metric", "kept"]].to_numpy())
        yield (
            f"{conditions(at)}: all held-out probes contradict the labels of much that is kept as hard: {kept};"
            f" of the pools {pools['whole'].mean():.0%} ({count(pools['pool_id'].nunique(), 'pool')}). These labels"
            " may be wrong, or in a small pool the probes too weak to say: write keep: strata with drop_hardest, or"
            " look at the gallery"
        )


def duplicate_cases(results: Results) -> Iterator[str]:
    """Yield a warning where more than 10 % of the pools' examples are near-duplicates of an earlier one.

    Near-duplicates are told only where their distances and those of other examples are a factor of two apart.
    """
    scored = results.scores[results.scores["metric"] == SEMDEDUP]
    shares, epsilons = [], []
    for _, pool in scored.groupby("pool_id"):
        distance = pool["score"].to_numpy()
        epsilon = gap(distance)
        apart = not ((distance > epsilon / np.sqrt(2)) & (distance < epsilon * np.sqrt(2))).any()
        shares.append(float(np.mean(distance < epsilon)) if apart else 0.0)
        epsilons.append(epsilon)
    if shares and (share := float(np.mean(shares))) > DUPLICATE_SHARE:
        yield (
            f"{share:.0%} of the examples have an earlier one within ε = {number(float(np.median(epsilons)), 2)}"
            f" (1 - cosine, the widest gap of distances; {count(len(shares), 'pool')}): metric: semdedup with"
            f" keep_fraction {number(1 - share, 2)} leaves them out"
        )


def disputed_shares(results: Results) -> pd.DataFrame:
    """Return a row per pool and hard selection: the share of disputed labels among what is kept, and in the pool."""
    runs = results.runs
    hard = runs[
        (runs["keep_fraction"] < 1)
        & (runs["keep"] == "hard")
        & runs["metric"].isin([name for name in metrics if metrics[name].uses_labels])
    ]
    varying = [axis for axis in results.axes if axis not in REPEATS and len(hard[axis].unique()) > 1]
    of_task = [axis for axis in varying if axis in _task_axes(runs)]
    ordered = results.scores.sort_values("example", kind="stable")
    scored = dict(iter(ordered.groupby(["pool_id", "metric"])))
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for run in hard.to_dict("records"):
        config = {
            str(axis): value.item() if isinstance(value, np.generic) else value for axis, value in run.items()
        }
        pool, metric = pool_id(config), str(config["metric"])
        key = (pool, metric, config["keep_fraction"], config["drop_hardest"])
        if key in rows or (pool, DISPUTED) not in scored:
            continue
        against = scored[pool, DISPUTED]["score"].to_numpy() >= UNANIMOUS
        scores = scored[pool, metric]
        kept, _ = members_of(_pool_task(config["task"]), config, scores["score"].to_numpy())
        among = np.isin(scores["index"].to_numpy(), kept)
        rows[key] = {
            "pool_id": pool, "metric": metric, "keep_fraction": config["keep_fraction"],
            "drop_hardest": config["drop_hardest"], **{axis: config[axis] for axis in of_task},
            "kept": float(against[among].mean()), "whole": float(against.mean()),
        }  # fmt: skip
    return pd.DataFrame(list(rows.values()))


def _task_axes(runs: pd.DataFrame) -> set[str]:
    return {axis for name in set(runs["task"]) for axis in tasks[name].axes.model_fields}


def _pool_task(name: str) -> PoolTask:
    task = tasks[name]
    assert isinstance(task, PoolTask), "only a pool is pruned"
    return task


def probe_data_rows(results: Results) -> list[tuple[str, str]]:
    """Return how many pools were scored and with what data, for the provenance of a report."""
    found = results.scorings
    axes = sorted({axis for text in found["axes"] for axis in json.loads(text)})
    return [
        (
            "pools scored",
            f"{number(len(found['pool_id'].unique()))}, told apart by {', '.join(map(plain, axes))}",
        ),
        ("digests of pools", f"{number(len(found['pool_digest'].unique()))} distinct, in scorings.parquet"),
    ]
