"""Follow the same runs under several metrics: over seeds at each x, and along x."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast
from zlib import crc32

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.downstream_metrics.block import MEASUREMENT, TABLES, DownstreamMetricsBlock
from lawbook.errors import LawbookError
from lawbook.laws.bimodality import TwoGroups, two_groups
from lawbook.laws.frontier.exponent import log_slopes
from lawbook.laws.frontier.result import percentiles
from lawbook.laws.law import Array
from lawbook.laws.repeats import t_reach
from lawbook.measurements.answers import Answers
from lawbook.results.selection import of_sweep, where
from lawbook.seeds import generator
from lawbook.storage.status import RunStatus
from lawbook.theory.downstream import exact_match, log_log_loss, naive_ratio, resolved_from, unbiased

ACCURACY, EXACT, UNTIL, PLAIN = "token_accuracy", "exact_match", "pass_until", "passes_by_samples"
PASS = "pass_probability"
SHARES = (ACCURACY, EXACT, UNTIL)
"""Metrics that are shares of what is right, with a slope of log(-log q)."""
_LEVEL, _DRAWS = 0.95, 1000
_PLANTED = (0.5, 0.1, 1e-2, 1e-4, 1e-6)
_PLANTED_DRAWS = 200_000
_LEAST = 1e-12
"""A probability to pass below this counts as this: its passes would take 10^13 samples."""


def compute(block: DownstreamMetricsBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'values', 'metrics', 'slopes' and 'estimators'."""
    measured = [one.measurement for one in inputs.plan.study.content.measure if one.name == MEASUREMENT]
    asked = cast(Answers, measured[0]) if measured else None
    return metric_tables(block, inputs.results.runs, inputs.results.curves, asked)


def metric_tables(
    block: DownstreamMetricsBlock, runs: pd.DataFrame, curves: pd.DataFrame, asked: Answers | None = None
) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs. asked: how their answers were measured, if they are followed.

    Runs that diverged are left out. Raises LawbookError for columns that the runs lack, and for answers without values.
    """
    rows = where(of_sweep(runs, block.sweep), block.where)
    rows = rows[rows["status"] != RunStatus.DIVERGED]
    for name in (block.x, *block.columns):
        if name not in rows:
            raise LawbookError(f"the runs have no column {name!r}; name another")
    rows = rows.assign(x=rows[block.x].astype(float))
    parts = [
        rows[["x", "run_id", "seed"]].assign(
            metric=name, length=None, value=rows[name].astype(float), trials=None
        )
        for name in block.columns
    ]
    passed: dict[str, Array] = {}
    if block.answers:
        if asked is None:
            raise LawbookError(f"the answers of the runs were not measured; add {MEASUREMENT} to measure")
        found, passed = _answers(rows, curves, asked, block.passes)
        parts += found
    values = pd.concat(
        [part.astype({"length": "Int64", "trials": "Int64"}) for part in parts], ignore_index=True
    )
    metrics = _over_seeds(values, passed)
    return {
        "values": values[[*TABLES["values"]]],
        "metrics": pd.DataFrame(metrics)[[*TABLES["metrics"]]],
        "slopes": pd.DataFrame(list(_slopes(values)), columns=list(TABLES["slopes"])),
        "estimators": planted_estimates(_PLANTED, block.passes, _PLANTED_DRAWS),
    }


def _answers(
    rows: pd.DataFrame, curves: pd.DataFrame, asked: Answers, passes: int
) -> tuple[list[pd.DataFrame], dict[str, Array]]:
    """Return the exact matches, PassUntil and r/n of each run, and by run each answer's samples and probability."""
    of = curves[curves["run_id"].isin(rows["run_id"]) & curves["split"].isna() & curves["index"].notna()]
    last = of[of["step"] == of.groupby(["run_id", "metric"])["step"].transform("max")]
    wide = {
        name: part.pivot_table(index="run_id", columns="index", values="value", dropna=False)
        for name, part in last.groupby("metric")
    }
    if not {EXACT, "n_answers", "log_pass"} <= set(wide):
        raise LawbookError(f"the curves have no values of {MEASUREMENT}; run the study again")
    about = rows.set_index("run_id", drop=False)[["x", "run_id", "seed"]]
    parts = []
    for i, length in enumerate(asked.lengths):
        value, trials = (wide[name][i].reindex(about.index) for name in (EXACT, "n_answers"))
        parts.append(about.assign(metric=EXACT, length=length, value=value, trials=trials))
    passed = {}
    estimates = np.full((len(about), 3), np.nan)
    for place, (run_id, seed) in enumerate(zip(about["run_id"], about["seed"], strict=True)):
        p = np.maximum(np.exp(wide["log_pass"].loc[run_id].dropna().to_numpy(dtype=float)), _LEAST)
        rng = generator(int(seed), "pass until", crc32(run_id.encode()))
        samples = passes + rng.negative_binomial(passes, p)
        estimates[place] = unbiased(passes, samples).mean(), (passes / samples).mean(), p.mean()
        passed[str(run_id)] = np.stack([p, samples.astype(float)])
    for j, name in enumerate((UNTIL, PLAIN, PASS)):
        parts.append(about.assign(metric=name, length=asked.pass_length, value=estimates[:, j], trials=None))
    return parts, passed


def _over_seeds(values: pd.DataFrame, passed: dict[str, Array]) -> list[dict[str, Any]]:
    """Return the rows of the table 'metrics'."""
    accuracy = values[values["metric"] == ACCURACY].set_index("run_id")["value"]
    found = []
    for (metric, length, x), part in values.groupby(["metric", "length", "x"], dropna=False, sort=True):
        known = part["value"].dropna().to_numpy(dtype=float)
        n, zero = len(known), int((known == 0).sum())
        row: dict[str, Any] = {"x": x, "metric": metric, "length": length, "n_seeds": n, "n_zero": zero}
        row |= dict.fromkeys(
            ("mean", "low", "high", "median", "least", "most", "bound", "independent"), np.nan
        )
        row |= dict.fromkeys(("truth", "samples", "share_between", "probability", "lower_group"), np.nan)
        row |= {"upper_group": np.nan, "n_upper": None, "bimodal": None}
        if n and not (metric == EXACT and zero == n):
            half = float(t_reach(np.array(n))) * known.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
            row |= {
                "mean": known.mean(), "low": known.mean() - half, "high": known.mean() + half,
                "median": np.median(known), "least": known.min(), "most": known.max(),
            }  # fmt: skip
        if metric == EXACT:
            trials = float(part["trials"].max())  # the same answers are put to each seed
            row["bound"] = float(resolved_from(trials)) if zero == n and trials else np.nan
            if len(accuracy):
                tokens = int(part["length"].iloc[0])
                row["independent"] = float(exact_match(accuracy.reindex(part["run_id"]), tokens).mean())
        if metric in (UNTIL, PLAIN):
            each = [passed[run] for run in part["run_id"]]
            row["truth"] = float(np.mean([p.mean() for p, _ in each]))
            row["samples"] = float(np.median(np.concatenate([samples for _, samples in each])))
        groups = two_groups(known)
        if groups is not None:
            told = metric != EXACT or _told_apart(groups, float(part["trials"].max()))
            row |= {
                "share_between": groups.share, "probability": groups.probability, "lower_group": groups.lower,
                "upper_group": groups.upper, "n_upper": groups.n_upper, "bimodal": int(groups.bimodal and told),
            }  # fmt: skip
        found.append(row)
    return found


def _told_apart(groups: TwoGroups, trials: float) -> bool:
    """Tell whether two groups of shares of so many answers lie further apart than two standard errors of their gap."""
    variance = sum(share * (1 - share) for share in (groups.lower, groups.upper)) / trials
    return bool(groups.upper - groups.lower > 2 * variance**0.5)


def _slopes(values: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the slope of log(-log q) in log x of each share, and less that of the accuracy per token."""
    shares = values[values["metric"].isin(SHARES)]
    tables = {
        key: part.pivot_table(index="seed", columns="x", values="value").dropna(axis=0)
        for key, part in shares.groupby(["metric", "length"], dropna=False, sort=True)
    }
    token = next((table for (metric, _), table in tables.items() if metric == ACCURACY), None)
    for (metric, length), table in tables.items():
        means = table.mean(axis=0)
        inside = (means > 0) & (means < 1)
        x = table.columns[inside].to_numpy(dtype=float)
        if len(x) < 2 or (x <= 0).any() or len(table) < 2:
            continue
        picks = generator(0, "downstream metrics").integers(0, len(table), (_DRAWS, len(table)))
        own = _log_log_slopes(x, table[x], picks)
        row = {"metric": metric, "length": length, "level": _LEVEL, "n_x": len(x), "n_left_out": int((~inside).sum()),
               "n_runs": table.size} | _ends("slope", "low", "high", own)  # fmt: skip
        if token is not None and token.index.equals(table.index):
            row |= _ends("less_token", "less_low", "less_high", own - _log_log_slopes(x, token[x], picks))
        yield row


def _log_log_slopes(x: Array, table: pd.DataFrame, picks: Any) -> Array:
    """Return the slope of log(-log q), q the mean over seeds (S, k), and those of draws of seeds, (1 + draws,)."""
    shares = table.to_numpy(dtype=float)
    means = np.concatenate([shares.mean(axis=0)[None], shares[picks].mean(axis=1)])
    y = log_log_loss(means)
    found = np.full(len(y), np.nan)
    whole = np.isfinite(y).all(axis=1)
    found[whole] = [float(log_slopes(np.log(x), each, np.ones(len(x)))) for each in y[whole]]
    return found


def _ends(name: str, low: str, high: str, found: Array) -> dict[str, float]:
    levels = ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2)
    ends = percentiles(found[1:][:, None], levels)
    return {name: float(found[0]), low: float(ends[0][0]), high: float(ends[1][0])}


def planted_estimates(shares: Sequence[float], passes: int, draws: int) -> pd.DataFrame:
    """Return the table 'estimators': the means of PassUntil and of r/n over draws of samples until r passes."""
    found = []
    for share in shares:
        samples = passes + generator(0, "planted passes").negative_binomial(passes, share, draws)
        for name, estimate, exact in (
            (UNTIL, unbiased(passes, samples), 1.0),
            (PLAIN, passes / samples, float(naive_ratio(share, passes))),
        ):
            ratio = estimate / share
            half = float(t_reach(np.array(draws)) * ratio.std(ddof=1) / np.sqrt(draws))
            found.append(
                {
                    "share": share, "passes": passes, "estimator": name, "ratio": ratio.mean(),
                    "low": ratio.mean() - half, "high": ratio.mean() + half, "exact": exact, "n_draws": draws,
                }
            )  # fmt: skip
    return pd.DataFrame(found)
