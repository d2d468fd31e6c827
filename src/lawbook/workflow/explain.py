"""Why a run has the numbers it has: its configuration, its training, and the digests and versions behind it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results
from lawbook.results.selection import select, taken
from lawbook.storage.tables import read_table
from lawbook.studies import Plan, Run
from lawbook.studies.columns_block import bounded
from lawbook.studies.cost import run_cost
from lawbook.studies.identity import effective, reads_scores
from lawbook.studies.probes import pool_id
from lawbook.workflow.stages import training_code

Row = tuple[str, str]


def find_run(plans: Sequence[Plan], wanted: str) -> list[tuple[Plan, Run]]:
    """Return the planned run whose identity begins with `wanted`, with each study that plans it.

    Raises LawbookError if there is none, or if several runs begin so.
    """
    found = [(plan, run) for plan in plans for run in plan.runs if run.run_id.startswith(wanted)]
    names = {run.run_id for _, run in found}
    if not names:
        known = [run.run_id for plan in plans for run in plan.runs]
        fix = suggest(wanted, known) if len(known) < 20 else "`lawbook plan STUDY --csv` lists them"
        raise LawbookError(f"no study plans a run {wanted!r}; {fix}")
    if len(names) > 1:
        raise LawbookError(f"{len(names)} runs begin with {wanted!r}: {sorted(names)[:3]}; write more of it")
    return found


def why(plan: Plan, run: Run, results: Path, cache: Path) -> list[Row]:
    """Return how a run of a study came to be, as (what, value); what is not known yet is left out.

    results: the study's results folder; cache: the folder of finished runs. Raises LawbookError for a damaged table.
    """
    cost, settings = run_cost(run.config), effective(run.config)
    rows = [
        ("run", run.run_id),
        ("study", f"{plan.study.name}: {plan.study.file}"),
        ("sweeps", ", ".join(run.sweeps)),
        ("laws", _laws(plan, run, results)),
        ("shard", plan.shard_of[run.run_id]),
        ("configuration", ", ".join(f"{name} {value}" for name, value in sorted(settings.items()))),
        ("parameters N", f"{cost.n_params:,}"),
        ("FLOPs", f"{cost.flops:.3g} ({cost.rule})"),
    ]
    if reads_scores(run.config):
        rows += _scoring(results / "scorings.parquet", run)
    spent = _row_of(results / "costs.parquet", run.run_id)
    outcome = _row_of(results / "runs.parquet", run.run_id)
    if spent is None or outcome is None:
        rows.append(("state", f"not in {results / 'runs.parquet'} yet; `lawbook run {plan.study.name}`"))
    else:
        rows += [
            *_outcome(outcome, Results(results).columns("metric", "measurement")),
            *_training(spent, training_code(plan)),
        ]
    kept = [str(file) for file in _cache_files(cache, run.run_id)]
    return [*rows, ("kept in the cache", ", ".join(kept) or "no")]


def _laws(plan: Plan, run: Run, results: Path) -> str:
    """Name the laws that took the run; before it is measured, those that are to, by what a plan knows of it."""
    laws, found = plan.study.content.laws, Results(results)
    if _row_of(results / "runs.parquet", run.run_id) is None:
        runs = plan.table()
        names = [name for name, law in laws.items() if run.run_id in set(select(law, runs)["run_id"])]
        return ", ".join(names) + " (by the plan)" if names else "none"
    uncertain = bounded(plan.study.content.columns)
    names = [
        name
        for name, law in laws.items()
        if run.run_id in set(taken(law, found.points_of(law), uncertain)["run_id"])
    ]
    return ", ".join(names) or "none"


def _scoring(file: Path, run: Run) -> list[Row]:
    """Return by which probes the run's pool was scored."""
    pool, metric = pool_id(run.config), run.config["metric"]
    rows = [("pruned by", f"{metric} of pool {pool}")]
    if file.exists():
        scorings = read_table(file)
        mine = scorings[(scorings["pool_id"] == pool) & (scorings["metric"] == metric)]
        for row in mine.to_dict("records"):
            rows.append(("probes", f"{row['probes']}, seeds {row['probe_seeds'] or 'none'}"))
            rows.append(("pool", f"{row['n']} examples, digest {row['pool_digest']}"))
    return rows


def _outcome(outcome: Mapping[str, Any], measured: Collection[str]) -> list[Row]:
    reason = f": {outcome['reason']}" if pd.notna(outcome["reason"]) else ""
    finals = {name: value for name, value in outcome.items() if name in measured and pd.notna(value)}
    return [
        ("status", f"{outcome['status']}{reason}"),
        ("examples", f"{outcome['n_train']:,} in training, {outcome['n_unique']:,} of them seen"),
        ("at the last step", ", ".join(f"{name} {value:.6g}" for name, value in finals.items()) or "nothing"),
    ]


def _training(spent: Mapping[str, Any], code: str) -> list[Row]:
    told = json.loads(spent["versions"])
    same = "that of today" if spent["digest"] == code else f"today it is {code}: the next run trains anew"
    taken = "taken from the cache" if spent["cached"] else "trained for this study"
    stack = f"{spent['engine']}, {spent['stack_size']} at once, on {spent['device']}"
    return [
        ("trained", f"{taken}; {stack}; {spent['wall_s']:.3g} s of the stack's time"),
        ("versions", ", ".join(f"{name} {version}" for name, version in told.items())),
        ("digest of the training code", f"{spent['digest']}, {same}"),
        ("digest of the data", spent["data"] or "none: the seed says it all"),
    ]


def _row_of(file: Path, run_id: str) -> dict[str, Any] | None:
    if not file.exists():
        return None
    table = read_table(file)
    mine = table[table["run_id"] == run_id].to_dict("records")
    return {str(name): value for name, value in mine[0].items()} if mine else None


def _cache_files(cache: Path, run_id: str) -> Iterator[Path]:
    """Yield the files of the cache that hold a run; damaged ones hold none."""
    for file in sorted(cache.glob("*/*.parquet")):
        try:
            rows = json.loads(pq.read_schema(file).metadata[b"rows"])
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
            continue
        if any(row.get("run_id") == run_id for row in rows.values()):
            yield file
