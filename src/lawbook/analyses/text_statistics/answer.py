"""What the answer of a study says of its texts: what they predict of training, and what training came to."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import measured, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile

_CASES = 3
"""Most texts of one analysis that the answer tells."""


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each text, of the first ones: γ/2β beside the exponent of training, or that it is refused."""
    for name in content.analyses.of("text_statistics"):
        exponents = results.analysis("text_statistics", name).table("exponents")
        for case in exponents["case"].unique()[:_CASES]:
            rows = exponents[exponents["case"] == case].set_index("quantity")
            at = f"{plain(name)}{f' at {case_name(case)}' if case else ''}"
            predicted = rows.loc["predicted"]
            if predicted["status"] == FitStatus.OK:
                told = measured(predicted["estimate"], predicted["low"], predicted["high"])
                text = f"the statistics of {at} predict an exponent of {told}"
            else:
                text = f"the statistics of {at} are not seen to be power laws and predict nothing"
            if "measured" in rows.index and rows.loc["measured", "status"] == FitStatus.OK:
                trained = rows.loc["measured"]
                text += (
                    f", where training has {measured(trained['estimate'], trained['low'], trained['high'])}"
                )
            yield text
