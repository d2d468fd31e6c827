"""What the report says of the same runs under several metrics, and of the estimators of a small share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.downstream_metrics.block import DownstreamMetricsBlock
from lawbook.analyses.downstream_metrics.words import metric_name
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import count, label, measured, number


@dataclass(frozen=True)
class MetricTables:
    """One analysis: a sentence, and its tables as texts; those of answers are empty where none are followed."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    slope_columns: tuple[str, ...]
    slope_rows: tuple[tuple[str, ...], ...]
    estimator_columns: tuple[str, ...]
    estimator_rows: tuple[tuple[str, ...], ...]


def metric_tables(name: str, asked: DownstreamMetricsBlock, found: Results) -> MetricTables:
    """Return what the report shows of one analysis."""
    metrics, slopes, estimators = (found.table(table) for table in ("metrics", "slopes", "estimators"))
    most = int(metrics["n_seeds"].max())
    about = (
        f"The same runs of {count(most, 'seed')} at each {label(asked.x)}, with 95 % t intervals of the mean. Two "
        "groups of seeds are told where the best cut in two leaves more of the variance between them than in 99 % of "
        "uniform samples, and neither holds less than an eighth: there the mean describes no run."
    )
    if asked.answers:
        about += (
            f" PassUntil samples {count(len(_answers(metrics)), 'kind')} of answer until {asked.passes} pass, from the "
            "probabilities that the runs give; where no answer is right, what is told is what so many do not exclude."
        )
    return MetricTables(
        name, about,
        ("metric", label(asked.x), "mean", "median", "range over seeds", "two groups of seeds", "exactly p^K, or q"),
        tuple(_metric(row) for row in metrics.to_dict("records")),
        ("metric", "slope of log(−log q) in log x", "less that per token", "places", "left out"),
        tuple(_slope(row) for row in slopes.to_dict("records")) if asked.answers else (),
        ("planted share q", "estimator", "mean over q", "exactly"),
        tuple(_estimator(row) for row in estimators.to_dict("records")) if asked.answers else (),
    )  # fmt: skip


def _answers(metrics: pd.DataFrame) -> Any:
    return metrics.loc[metrics["metric"] == "pass_until", "length"].unique()


def _metric(row: Mapping[Any, Any]) -> tuple[str, ...]:
    censored = pd.notna(row["bound"])
    groups = "–"
    if pd.notna(row["bimodal"]):
        parts = (
            f"{count(int(row['n_seeds'] - row['n_upper']), 'seed')} at {number(row['lower_group'])}, "
            f"{int(row['n_upper'])} at {number(row['upper_group'])}"
        )
        groups = parts if row["bimodal"] else "no"
    exact = row["independent"] if pd.notna(row["independent"]) else row["truth"]
    return (
        metric_name(row["metric"], row["length"]),
        number(row["x"]),
        f"below {number(row['bound'])}" if censored else measured(row["mean"], row["low"], row["high"]),
        number(row["median"]),
        "none right" if censored else f"{number(row['least'])} to {number(row['most'])}",
        groups,
        number(exact),
    )


def _slope(row: Mapping[Any, Any]) -> tuple[str, ...]:
    return (
        metric_name(row["metric"], row["length"]),
        measured(row["slope"], row["low"], row["high"]),
        measured(row["less_token"], row["less_low"], row["less_high"]),
        number(row["n_x"]),
        number(row["n_left_out"]),
    )


def _estimator(row: Mapping[Any, Any]) -> tuple[str, ...]:
    return (
        number(row["share"]),
        metric_name(row["estimator"])
        + (f", (r − 1)/(n − 1), r = {row['passes']}" if row["exact"] == 1 else ""),
        measured(row["ratio"], row["low"], row["high"]),
        number(row["exact"], 4),
    )


def _values(blocks: Mapping[str, DownstreamMetricsBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("downstream_metrics", name) for name in blocks}
    return {"views": [metric_tables(name, block, found[name]) for name, block in blocks.items()]}


section = Section("The same runs under several metrics", _values)
