"""What the answer of a study says of its pruned networks: what a hotter training does at few and at many weights."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import number, plain
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis: the best temperature at the least and the largest density, of the last case."""
    for name, block in content.analyses.of("weight_pruning").items():
        table = results.analysis("weight_pruning", name).table("regimes")
        if table.empty:
            continue
        case = str(table["case"].iloc[-1])
        rows = table[table["case"] == case]
        told = []
        for density in (rows["density"].min(), rows["density"].max()):
            best = rows[rows["density"] == density].nsmallest(1, "retrained_error").iloc[0]
            told.append(
                f"{number(best['retrained_error'])} at a density of {number(density)} "
                f"({plain(block.temperature)} {number(best['temperature'])})"
            )
        where = f" with {case_name(case)}" if case else ""
        yield f"the least error after retraining{where} is {' and '.join(told)}"
