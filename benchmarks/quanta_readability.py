"""Can a reader tell quanta from random tokens, and name them? A blinded sheet, and its score.

python benchmarks/quanta_readability.py sheet     writes docs/quanta_readability_sheet.md from results/quanta_text
python benchmarks/quanta_readability.py score     reads benchmarks/quanta_readability.csv, which the reader has filled
                                                  in with what each item is and a name, and writes
                                                  docs/quanta_readability.md

The sheet holds 40 clusters and 20 decoys, tokens drawn from all clusters alike, in random order; which is which follows
from a seed and is computed again when the answers are scored.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest, fisher_exact

from lawbook.analyses.text_quanta.section import Line, line_of
from lawbook.errors import LawbookError, one_message
from lawbook.seeds import generator
from lawbook.storage.files import write_text
from lawbook.storage.tables import read_table

HOME = Path(__file__).parents[1]
SHEET, PAGE = HOME / "docs/quanta_readability_sheet.md", HOME / "docs/quanta_readability.md"
ANSWERS = HOME / "benchmarks/quanta_readability.csv"
CLUSTERS, DECOYS, LINES = 40, 20, 8


@dataclass(frozen=True)
class Item:
    """One item of the sheet: `kind` is cluster or decoy, `cluster` the cluster's rank, 0 for a decoy."""

    kind: str
    cluster: int
    lines: tuple[Line, ...]


def items(tokens: pd.DataFrame, seed: int) -> list[Item]:
    """Return 40 clusters, the largest, with up to 8 of their tokens each, and 20 decoys as long as clusters are."""
    rng = generator(seed, "readability")
    found = []
    for cluster in range(CLUSTERS):
        members = tokens[tokens["cluster"] == cluster]
        chosen = members.iloc[np.sort(rng.permutation(len(members))[:LINES])]
        found.append(Item("cluster", cluster + 1, _lines(chosen)))
    lengths = [len(item.lines) for item in found]
    for length in rng.choice(lengths, DECOYS, replace=False):
        chosen = tokens.iloc[np.sort(rng.permutation(len(tokens))[:length])]
        found.append(Item("decoy", 0, _lines(chosen)))
    return [found[place] for place in rng.permutation(len(found))]


def _lines(tokens: pd.DataFrame) -> tuple[Line, ...]:
    return tuple(line_of(row) for row in tokens.to_dict("records"))


def sheet_of(all_items: list[Item]) -> str:
    """Return the blinded sheet as Markdown: no item says what it is."""
    parts = [
        "# Sheet: clusters and decoys in random order\n\n"
        f"{CLUSTERS} items are clusters, {DECOYS} are decoys. The token that is predicted stands in 【 】; ␣ is a "
        "space, ⏎ a line's end, ⇥ a tab, ∎ a file's end.\n"
    ]
    for number, item in enumerate(all_items, start=1):
        shown = [f"{line.before[-40:]}【{line.target}】{line.after[:10]}" for line in item.lines]
        parts.append("\n".join([f"## {number}\n", "```text", *shown, "```\n"]))
    return "\n".join(parts)


def score_of(all_items: list[Item], answers: pd.DataFrame) -> str:
    """Return docs/quanta_readability.md."""
    kinds = np.array([item.kind for item in all_items])
    guessed = answers["guess"].to_numpy()
    right = int((kinds == guessed).sum())
    interval = binomtest(right, len(kinds)).proportion_ci(0.95, method="exact")
    always = CLUSTERS / len(kinds)
    table = [
        [int(((kinds == kind) & (guessed == guess)).sum()) for guess in ("cluster", "decoy")]
        for kind in ("cluster", "decoy")
    ]
    chance = fisher_exact(table, alternative="greater").pvalue
    rows = [
        f"| {number} | {item.kind}{f' {item.cluster}' if item.cluster else ''} | {guess} | {name} |"
        for number, (item, guess, name) in enumerate(
            zip(all_items, guessed, answers["name"].fillna(""), strict=True), start=1
        )
    ]
    return f"""# Can a reader tell quanta from random tokens, and name them?

The {CLUSTERS} largest clusters of the study `quanta_text` and {DECOYS} decoys, tokens drawn from all clusters alike, in
random order and {LINES} tokens of each at most: [the sheet](quanta_readability_sheet.md). A reader has said of each
item whether it is a cluster, and named it, before knowing the key.

| | said cluster | said decoy |
|---|---|---|
| clusters | {table[0][0]} | {table[0][1]} |
| decoys | {table[1][0]} | {table[1][1]} |

{right} of {len(kinds)} right: {right / len(kinds):.0%} [{interval.low:.0%}, {interval.high:.0%}]; always saying
"cluster" gives {always:.0%}. Fisher's exact test of guessing: p = {chance:.1g}. One reader, one sheet, who
knew how many decoys there are: a small trial. A decoy mixes targets, so it is easily told from clusters of one target;
whether clusters say more than target and previous token do is what the study's own comparison asks.

| item | is | was called | name given before the key was known |
|---|---|---|---|
{chr(10).join(rows)}

Written by `python benchmarks/quanta_readability.py score`.
"""


def main() -> None:
    """Write the sheet, or score the answers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["sheet", "score"])
    parser.add_argument("--results", type=Path, default=HOME / "results/quanta_text")
    parser.add_argument("--seed", type=int, default=7, help="decides order and decoys")
    arguments = parser.parse_args()
    with one_message():
        all_items = items(read_table(arguments.results / "text_quanta/tokens/tokens.parquet"), arguments.seed)
        if arguments.what == "sheet":
            write_text(SHEET, sheet_of(all_items))
            print(SHEET)
            return
        if not SHEET.exists() or SHEET.read_text(encoding="utf-8") != sheet_of(all_items):
            raise LawbookError(
                f"{SHEET} is not the sheet of these results; write it anew, and answer it anew"
            )
        answers = pd.read_csv(ANSWERS).sort_values("item")
        if answers["item"].tolist() != list(range(1, len(all_items) + 1)):
            raise LawbookError(f"{ANSWERS}: it must answer each of {len(all_items)} items once")
        write_text(PAGE, score_of(all_items, answers))
        print(PAGE)


if __name__ == "__main__":
    main()
