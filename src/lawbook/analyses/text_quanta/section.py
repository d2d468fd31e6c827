"""What the report says of quanta: each cluster as text, how stable they are, and whether words alone do as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lawbook.analyses.text_quanta.block import TextQuantaBlock
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import count, measured, number

SHOWN = 10
"""Tokens of a cluster that are shown with their context."""

CHARACTERS = 56
"""Characters of context before a token that are shown."""

VISIBLE = str.maketrans({"\n": "⏎", "\t": "⇥", "\0": "∎", " ": "␣"})
IN_CONTEXT = str.maketrans({"\n": "⏎", "\t": "⇥", "\0": "∎"})

WHAT = {
    "held_out_cosine": "cosine between gradients within a cluster",
    "learning_time": "share of the variance of log steps to learn that clusters explain",
}
SCORE_COLUMNS = (
    "k", "stability over starts (ARI)", "purity by target", "NMI with target",
    "held-out cosine, gain [95 %]", "learning time explained, gain [95 %]",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One token with the text around it, and where it stands."""

    before: str
    target: str
    after: str
    file: str


@dataclass(frozen=True)
class Cluster:
    """A cluster of tokens: its rank from the largest, its size, its commonest targets, and some of its tokens."""

    rank: int
    size: int
    targets: str
    purity: str
    files: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Quanta:
    """What is told of one analysis: its name, sentences, a table over k, and the clusters, largest first."""

    name: str
    about: tuple[str, ...]
    verdicts: tuple[tuple[str, str, str], ...]
    rows: tuple[tuple[str, ...], ...]
    clusters: tuple[Cluster, ...]


def quanta_of(name: str, block: TextQuantaBlock, found: Results) -> Quanta:
    """Return what is told of one analysis, from its tables."""
    scores = found.table("scores")
    return Quanta(
        name,
        tuple(_about(block, scores)),
        tuple(verdict(what, scores, block.k) for what in WHAT),
        tuple(_row(scores, one) for one in sorted(block.clusters)),
        tuple(clusters_of(found.table("tokens"))),
    )


def score(scores: pd.DataFrame, what: str, part: str = "", k: int | None = None) -> dict[str, Any]:
    """Return one row of the table of scores."""
    rows = scores[(scores["what"] == what) & (scores["part"] == part)]
    return dict(rows[rows["k"] == k].iloc[0] if k is not None else rows.iloc[0])


def gain(found: Results, what: str) -> tuple[float, float, float, int]:
    """Return by how much the clusters that are shown beat their control: estimate, low, high, files resampled."""
    k = int(found.table("tokens")["cluster"].max()) + 1
    row = score(found.table("scores"), what, "difference", k)
    return row["estimate"], row["low"], row["high"], int(row["n"])


def clusters_of(tokens: pd.DataFrame, shown: int = SHOWN) -> list[Cluster]:
    """Return the clusters of the table of tokens, largest first, each with tokens spread over its files."""
    found = []
    for rank, (_, members) in enumerate(tokens.groupby("cluster", sort=True), start=1):
        commonest = Counter(members["target"]).most_common()
        named = ", ".join(f"{visible(text)} {n}" for text, n in commonest[:5])
        more = f", {count(len(commonest) - 5, 'other')}" if len(commonest) > 5 else ""
        places = np.arange(min(shown, len(members))) * len(members) // min(shown, len(members))
        found.append(
            Cluster(
                rank,
                len(members),
                named + more,
                f"{commonest[0][1] / len(members):.0%}",
                count(members["file"].nunique(), "file"),
                tuple(line_of(row) for row in members.iloc[places].to_dict("records")),
            )
        )
    return found


def line_of(row: dict[Any, Any]) -> Line:
    """Return a token as it is shown: white space as signs, its context cut to a line."""
    before = str(row["before"]).translate(IN_CONTEXT)
    cut = ("…" if len(before) > CHARACTERS else "") + before[-CHARACTERS:]
    return Line(cut, visible(row["target"]), str(row["after"]).translate(IN_CONTEXT)[:24], str(row["file"]))


def visible(text: str) -> str:
    r"""Return a token with signs for white space and the end of a file.

    >>> visible(" a\n")
    '␣a⏎'
    """
    return str(text).translate(VISIBLE)


def verdict(what: str, scores: pd.DataFrame, k: int) -> tuple[str, str, str]:
    """Return a comparison with the control: what is compared, who wins, and by how much."""
    parts = {part: score(scores, what, part, k) for part in ("clusters", "control", "difference")}
    gap = parts["difference"]
    wins = "undecided"
    if gap["low"] > 0:
        wins = "clusters of gradients win"
    elif gap["high"] < 0:
        wins = "the control of target and previous token wins"
    told = ", ".join(
        f"{part} {measured(row['estimate'], row['low'], row['high'])}" for part, row in parts.items()
    )
    return WHAT[what], wins, f"{told}; {count(int(gap['n']), 'file')} resampled"


def _about(block: TextQuantaBlock, scores: pd.DataFrame) -> list[str]:
    n = {
        part: score(scores, "tokens", part)["estimate"]
        for part in ("", "below_threshold", "candidates", "clustered")
    }
    threshold = score(scores, "loss_threshold")["estimate"]
    envelope = score(scores, "rank_slope", "envelope")
    blind = score(scores, "blind_k")["estimate"]
    return [
        f"Of {number(n[''])} tokens of the validation split {number(n['below_threshold'])} have a loss below "
        f"{number(threshold, 2)} nats; {number(n['candidates'])} of these neither stand at the beginning of their "
        f"window nor end a trigram that it has had before, and {number(n['clustered'])} drawn from them are clustered "
        f"by {block.affinity} of their gradients in the run of seed {block.seed}.",
        f"Size falls over rank with a slope of {measured(envelope['estimate'], envelope['low'], envelope['high'])} "
        f"(envelope over k, ranks 1 to {number(envelope['n'])}; interval by resampling tokens within the clusters). "
        f"Chosen blindly, by stability over starts, k would be {number(blind)}.",
        f"Judged on the run of seed {block.held_out}, which has learned "
        f"{score(scores, 'learned', 'held_out')['estimate']:.0%} of these tokens. The control has clusters of the "
        f"same sizes, made of the target and the previous token alone.",
    ]


def _row(scores: pd.DataFrame, k: int) -> tuple[str, ...]:
    gaps = [score(scores, what, "difference", k) for what in WHAT]
    return (
        number(k),
        number(score(scores, "stability", "seeds", k)["estimate"], 2),
        number(score(scores, "target", "purity", k)["estimate"], 2),
        number(score(scores, "target", "nmi", k)["estimate"], 2),
        *(measured(gap["estimate"], gap["low"], gap["high"]) for gap in gaps),
    )


def _values(blocks: Mapping[str, TextQuantaBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("text_quanta", name) for name in blocks}
    parts = [quanta_of(name, block, found[name]) for name, block in blocks.items()]
    return {"parts": parts, "columns": SCORE_COLUMNS}


section = Section("Quanta", _values)
