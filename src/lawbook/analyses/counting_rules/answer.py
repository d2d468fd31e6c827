"""What the answer of a study says of its counting rules: the exponent of the best size with embeddings and without."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.counting_rules.words import surface_name
from lawbook.results.reader import Results
from lawbook.results.words import measured, number
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile
from lawbook.theory.counting_rules import NON_EMBEDDING, TOTAL


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each surface: the exponent without embeddings, how it varies, and that of all parameters."""
    for name in content.analyses.of("counting_rules"):
        table = results.analysis("counting_rules", name).table("exponents")
        for surface, rows in table.groupby("surface", sort=False):
            if rows["status"].iloc[0] != FitStatus.OK:
                yield f"counting rules cannot be told apart on {surface_name(str(surface))}"
                continue
            alike = rows[rows["size_rule"] == rows["compute_rule"]].set_index("size_rule")
            without, whole = alike.loc[NON_EMBEDDING], alike.loc[TOTAL]
            value = measured(without["exponent"], without["low"], without["high"])
            yield (
                f"on the surface {surface_name(str(surface))} the best size grows as C^a with a = {value} where "
                f"embeddings are not counted, a local slope that runs from {number(without['local_low'])} to "
                f"{number(without['local_high'])}, and with a = {number(whole['exact'])} where they are"
            )
