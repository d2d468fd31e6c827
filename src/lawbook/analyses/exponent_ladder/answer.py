"""What the answer of a study says of its ladders: the exponents from the first rung to the last."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, measured, number, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each ladder: its ends with their intervals, and what lies between."""
    for name in content.analyses.of("exponent_ladder"):
        rungs = results.analysis("exponent_ladder", name).table("rungs")
        lost = [plain(str(rung)) for rung in rungs.loc[rungs["status"] != FitStatus.OK, "rung"]]
        known = rungs[rungs["status"] == FitStatus.OK].to_dict("records")
        if len(known) < 2:
            yield f"the runs of {enumerate_words(lost)} give no exponent of the best size"
            continue
        first, *between, last = known
        ends = [
            f"{measured(row['exponent'], row['low'], row['high'])} ({plain(row['rung'])})"
            for row in (first, last)
        ]
        over = "".join(f", {number(row['exponent'])} ({plain(row['rung'])})" for row in between)
        text = f"the best size grows as C^a with a = {ends[0]}{over} and at last {ends[1]}"
        yield text + (f"; refused are {enumerate_words(lost)}" if lost else "")
