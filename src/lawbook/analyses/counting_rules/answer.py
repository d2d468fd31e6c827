"""What the answer of a study says of its counting rules: the exponent of the best size with embeddings and without."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.counting_rules.words import surface_name
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, measured, number
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile
from lawbook.theory.counting_rules import NON_EMBEDDING, TOTAL


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis: the exponents without embeddings, their slopes, and those of all parameters."""
    for name in content.analyses.of("counting_rules"):
        table = results.analysis("counting_rules", name).table("exponents")
        known = table[(table["status"] == FitStatus.OK) & (table["size_rule"] == table["compute_rule"])]
        for surface in table.loc[table["status"] != FitStatus.OK, "surface"]:
            yield f"no law fits {surface_name(surface)}, so that rules of counting cannot be compared on it"
        without, whole = (known[known["size_rule"] == rule] for rule in (NON_EMBEDDING, TOTAL))
        if without.empty:
            continue
        values = [
            f"{measured(row['exponent'], row['low'], row['high'])} on the surface {surface_name(row['surface'])}"
            for row in without.to_dict("records")
        ]
        low, high = without["local_low"].min(), without["local_high"].max()
        yield (
            f"with embeddings left out of the count the best size grows as C^a with a = {enumerate_words(values)}, "
            f"a mean of local slopes from {number(low, 2)} to {number(high, 2)}; with embeddings counted a = "
            f"{enumerate_words(number(value) for value in whole['exact'])}"
        )
