"""What the answer of a study says of its counted runs: the exponent with all parameters and with matrices alone."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.counted_runs.counts import MATRICES, NON_EMBEDDING, TOTAL
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, measured, number
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile

_SAID = {
    TOTAL: "with all parameters counted",
    NON_EMBEDDING: "without embeddings",
    MATRICES: "with hidden matrices alone",
}


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis: the exponent by each rule of sizes and compute alike, and their range."""
    for name in content.analyses.of("counted_runs"):
        table = results.analysis("counted_runs", name).table("exponents")
        sound = table[table["status"] == FitStatus.OK]
        alike = sound[sound["size_rule"] == sound["compute_rule"]]
        if TOTAL not in set(alike["size_rule"]):
            yield "the budgets give no exponent of the best size with all parameters counted"
            continue
        told = [
            f"{measured(row['exponent'], row['low'], row['high'])} {_SAID[row['size_rule']]}"
            for row in alike.to_dict("records")
        ]
        low, high = sound["exponent"].min(), sound["exponent"].max()
        yield (
            f"the best size grows as C^a with a = {enumerate_words(told)}, and from {number(low)} to {number(high)} "
            f"over all {len(sound)} pairs of rules"
        )
