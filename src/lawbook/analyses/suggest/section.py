"""What the report says of a suggestion: the runs to make, what they cost, what they will tell, and the sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.prediction.words import place_text
from lawbook.analyses.suggest.block import SuggestBlock
from lawbook.analyses.suggest.words import width_text
from lawbook.report.embed import Link, text_link
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import count, enumerate_words, number, plain, text_of

_SHOWN = 30


@dataclass(frozen=True)
class Suggested:
    """One suggestion: sentences, the first runs as texts, and the sweep with its download."""

    name: str
    about: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sweep: str
    link: Link


def suggested(name: str, asked: SuggestBlock, found: Results) -> Suggested:
    """Return what the report shows of one suggestion."""
    runs, choice = found.table("next_runs"), found.table("choice").iloc[0].to_dict()
    said = [json.loads(text) for text in runs["run"].head(_SHOWN)]
    axes = list(dict.fromkeys(axis for run in said for axis in run))
    rows = tuple(
        (
            str(row["order"]), *(text_of(run[axis]) if axis in run else "–" for axis in axes), number(row["cost"]),
            number(row["cumulative_cost"]), width_text(row["half_width"], choice),
        )
        for run, row in zip(said, runs.to_dict("records"), strict=False)
    )  # fmt: skip
    text = str(found.table("sweep")["text"].iloc[0])
    columns = ("", *map(plain, axes), "cost", "cost so far", "expected at the target")
    return Suggested(
        name, tuple(sentences(asked, runs, choice)), columns, rows, text, text_link(f"{name}.yaml", text)
    )


def sentences(asked: SuggestBlock, runs: pd.DataFrame, choice: Mapping[Any, Any]) -> Iterator[str]:
    """Yield what is suggested, for what, by which laws, and what a decision between two of them would cost."""
    places = "; ".join(place_text(json.dumps(place)) for place in asked.target)
    pool = count(int(choice["n_pool"]), "run") + (
        f", of which {number(choice['n_made'])} are made" if choice["n_made"] else ""
    )
    if choice["nothing"]:
        yield f"Nothing is suggested from the pool of {pool}: {choice['nothing']}."
        return
    spent = f"{number(choice['spent'])} of {number(asked.budget)}, counted as {asked.cost}"
    now, after = (width_text(choice[when], choice) for when in ("now", "after"))
    y = plain(asked.y).capitalize()
    expected = f" {y} at {places} is known to {now} now, and expected to be to {after} after them."
    yield (
        f"{count(len(runs), 'run')} from a pool of {pool}, for {spent}."
        + (expected if choice["now"] == choice["now"] else "")
    )
    if choice["fallback"]:
        yield (f"They are drawn in proportion to 1/cost, and no law has chosen them: {choice['fallback']}.")
    else:
        laws = enumerate_words(map(plain, choice["laws"].split(", ")))
        yield (
            f"Chosen by {laws} together, those that predict held-out runs best: each run is the one that lets the "
            "variance at the target fall most, relative to what it is, over cost^0.4."
        )
    if choice["one"]:
        price = (
            number(choice["decision"], 3)
            if choice["decision"] == choice["decision"]
            else "more than the whole pool"
        )
        yield f"To tell {plain(choice['one'])} from {plain(choice['other'])} would cost {price}."
    if len(runs) > _SHOWN:
        yield f"The first {_SHOWN} are shown; the table and the sweep have all."


def _values(blocks: Mapping[str, SuggestBlock], results: Results) -> Mapping[str, Any]:
    return {
        "suggestions": [
            suggested(name, block, results.analysis("suggest", name)) for name, block in blocks.items()
        ]
    }


section = Section("Which runs next", _values, first=True)
