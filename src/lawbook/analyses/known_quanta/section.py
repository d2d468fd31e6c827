"""What the report says of quanta where they are known: per network, and over affinities, methods and k."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.known_quanta.block import KnownQuantaBlock
from lawbook.laws.repeats import mean_interval
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import measured, number

BEST = "score linkage"

NETWORK_COLUMNS = (
    "seed", "ARI at k = tasks", "worst ARI, 0.7 to 1.5 times that", "tasks in the sample", "of these learned",
    "tasks learned", "samples that are distractors", "share of the largest task", "blind k (ARI there)",
    "slope of true counts [95 %]", "slope of clusters [95 %]", "correlation of sketched cosines",
)  # fmt: skip
METHOD_COLUMNS = (
    "affinity", "method", "ARI at k = tasks", "worst ARI, 0.7 to 1.5 times that", "ARI at k = learned tasks",
    "worst ARI, 0.7 to 1.5 times that", "NMI", "ARI of permuted tasks",
)  # fmt: skip

TASKS, LEARNED = "tasks", "learned"
"""The two numbers that the true k can be read as: of tasks in the sample, and of those that are learned."""


@dataclass(frozen=True)
class KnownQuanta:
    """What is told of one analysis: its name, sentences, a row per network, and a row per affinity and method."""

    name: str
    about: tuple[str, ...]
    networks: tuple[tuple[str, ...], ...]
    methods: tuple[tuple[str, ...], ...]


def known_of(name: str, block: KnownQuantaBlock, found: Results) -> KnownQuanta:
    """Return what is told of one analysis, from its tables."""
    scores = found.table("scores")
    parts = scores.loc[scores["what"] == "ari", "part"].drop_duplicates()
    about = (
        f"From each network {number(block.samples)} examples with a loss below {number(block.loss_below)} nats were "
        "drawn as training examples are, and clustered by the gradients of all weights but the rows that are looked "
        f"up by the task's number; the first table by {block.affinity} and {BEST}. Some are of tasks that the network "
        "has not learned, as examples that it guessed right: distractors.",
        "ARI is the adjusted Rand index of clusters and tasks, over all samples: 1 if they are the same, about 0 for "
        "clusters that know nothing. The true k is the number of tasks in the sample or, read otherwise, that of "
        "the learned ones alone. Means with ranges over networks; of permuted tasks the largest of 50 draws.",
    )
    return KnownQuanta(
        name,
        about,
        tuple(_network(mine, block.affinity) for _, mine in scores.groupby("seed")),
        tuple(_method(scores, str(part)) for part in parts),
    )


def agreements(scores: pd.DataFrame, part: str, count: str = TASKS) -> tuple[pd.Series, pd.Series]:
    """Return the ARI of each network at k = a number of tasks, and the lowest at 0.7 to 1.5 times that, by seed.

    part: affinity and method, as the table of scores calls them; count: `TASKS` or `LEARNED`.
    """
    mine = scores[(scores["what"] == "ari") & (scores["part"] == part)]
    true = mine.groupby("seed")["n"].first()
    if count == LEARNED:
        learned = scores[(scores["what"] == "learned tasks") & (scores["part"] == "in the sample")]
        true = learned.set_index("seed")["estimate"]
    multiple = mine["k"] / mine["seed"].map(true)
    at = mine[multiple == 1].set_index("seed")["estimate"]
    return at, mine[multiple.between(0.7, 1.5)].groupby("seed")["estimate"].min()


def mean_over_networks(values: pd.Series) -> tuple[float, float, float, int]:
    """Return the mean over networks with its 95 % t interval, and their number."""
    return *mean_interval(values), len(values)


def known_scores(found: Results, runs: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the scores of the networks that are among some runs, and what claims are about: |cos|."""
    scores = found.table("scores")
    return scores[scores["seed"].isin(runs["seed"])], f"abs_cos, {BEST}"


def _network(scores: pd.DataFrame, affinity: str) -> tuple[str, ...]:
    seed = scores["seed"].iloc[0]

    def row(what: str, part: str = "") -> pd.Series:
        return scores[(scores["what"] == what) & (scores["part"] == part)].iloc[0]

    at, worst = agreements(scores, f"{affinity}, {BEST}")
    rules = scores[scores["what"] == "blind_k"]
    blind = (f"{r['part']} {number(r['k'])} ({number(r['estimate'], 2)})" for r in rules.to_dict("records"))
    slopes = (row("rank_slope", part) for part in ("tasks", "clusters"))
    return (
        number(seed),
        number(at[seed], 2),
        number(worst[seed], 2),
        number(scores["n"].iloc[0]),
        number(row("learned tasks", "in the sample")["estimate"]),
        number(row("learned tasks")["estimate"]),
        f"{row('distractors', 'share of samples')['estimate']:.1%}",
        f"{row('largest task', 'share of samples')['estimate']:.0%}",
        ", ".join(blind),
        *(measured(s["estimate"], s["low"], s["high"]) + f", ranks 1–{number(s['k'])}" for s in slopes),
        f"{row('sketch', 'correlation of cosines')['estimate']:.4f}",
    )


def _method(scores: pd.DataFrame, part: str) -> tuple[str, ...]:
    mine = scores[scores["part"] == part]
    at_true = mine[mine["k"] == mine["n"]].set_index("what")["estimate"]
    agreed = [values for count in (TASKS, LEARNED) for values in agreements(scores, part, count)]
    return (
        *part.split(", "),
        *map(_told, agreed),
        _told(at_true.loc[["nmi"]]),
        number(float(at_true.loc[["ari of permuted tasks, largest"]].max()), 2),
    )


def _told(values: pd.Series) -> str:
    return f"{values.mean():.2f} ({values.min():.2f} to {values.max():.2f})"


def _values(blocks: Mapping[str, KnownQuantaBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("known_quanta", name) for name in blocks}
    parts = [known_of(name, block, found[name]) for name, block in blocks.items()]
    return {"parts": parts, "network_columns": NETWORK_COLUMNS, "method_columns": METHOD_COLUMNS}


section = Section("Quanta", _values)
