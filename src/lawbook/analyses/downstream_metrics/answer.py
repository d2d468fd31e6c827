"""What the answer of a study says of its metrics: what is not resolved, how PassUntil does, and where seeds part."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lawbook.analyses.downstream_metrics.words import metric_name, ratio_to_truth
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, measured, name_of, number
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis on its answers, and one on its seeds."""
    for name, block in content.analyses.of("downstream_metrics").items():
        found = results.analysis("downstream_metrics", name)
        metrics = found.table("metrics")
        if block.answers:
            yield _resolution(metrics, found.table("values"))
        parted = metrics[metrics["bimodal"] == 1]
        what = name_of(block.x)
        if parted.empty:
            yield f"over {what} the seeds of {name} are nowhere two groups"
        else:
            row = parted.sort_values("share_between").iloc[-1]
            places = enumerate_words(number(x) for x in sorted(parted["x"].unique()))
            metric = metric_name(row["metric"], row["length"])
            yield (
                f"at {what} {places} the seeds of {name} are two groups: {int(row['n_seeds'] - row['n_upper'])} with a "
                f"{metric} of {number(row['lower_group'])} and {int(row['n_upper'])} of {number(row['upper_group'])}"
            )


def _resolution(metrics: pd.DataFrame, values: pd.DataFrame) -> str:
    until = metrics[metrics["metric"] == "pass_until"].sort_values("x")
    first = until.iloc[0]
    hidden = metrics[metrics["bound"].notna()]
    ratio = measured(*ratio_to_truth(values, "pass_until"))
    text = (
        f"PassUntil finds {ratio} of the probability that answers of {int(first['length'])} pass, "
        f"{number(first['truth'])} at the smallest size"
    )
    if hidden.empty:
        return text
    longest = int(hidden["length"].max())
    n = int((hidden["length"] == longest).sum())
    sizes = f"{n} size" if n == 1 else f"{n} sizes"
    return f"{text}, and at {sizes} no answer of {longest} is right, which only bounds them"
