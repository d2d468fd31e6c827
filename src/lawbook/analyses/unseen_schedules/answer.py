"""What the answer of a study says of schedules that were not seen."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, measured, plain
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis, of the law that errs least under the schedules that it was fitted to."""
    for name, block in content.analyses.of("unseen_schedules").items():
        judged = results.analysis("unseen_schedules", name).table("judged")
        law = judged[judged["fitted"] == 1].groupby("law")["mae"].mean().idxmin()
        best = judged[(judged["fitted"] == 0) & (judged["law"] == law)].iloc[0]
        error = measured(best["mae"], best["mae_low"], best["mae_high"])
        beside = measured(best["ratio"], best["ratio_low"], best["ratio_high"])
        told = "" if best["law"] == "steps" else f", {beside} of that of a law of the steps alone"
        yield (
            f"from {enumerate_words(map(plain, block.fitted))} curves the law {plain(best['law'])} predicts "
            f"{plain(block.y)} under {plain(best['schedule'])} with a mean error of {error}{told}"
        )
