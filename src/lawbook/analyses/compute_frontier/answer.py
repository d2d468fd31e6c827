"""What the answer of a study says of its compute-optimal frontiers: how the best size grows with compute."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lawbook.analyses.compute_frontier.words import method_name
from lawbook.results.reader import Results
from lawbook.results.words import count, measured, number, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each frontier: the exponent of N*(C) by the first method whose fit stands."""
    blocks = content.analyses.of("compute_frontier")
    for name in blocks:
        exponents = results.analysis("compute_frontier", name).table("exponents")
        sizes = exponents[exponents["quantity"] == "size"]
        sound = sizes[(sizes["status"] == FitStatus.OK) & sizes["exponent"].notna()]
        if sound.empty:
            yield f"no method gives the exponent of N*(C) of {plain(name)}"
            continue
        row, found = sound.iloc[0], sound["exponent"]
        value = measured(row["exponent"], row["low"], row["high"])
        whose = f" of {plain(name)}" if len(blocks) > 1 else ""
        told = [f"the best size{whose} grows as C^a with a = {value} by {method_name(str(row['method']))}"]
        if len(sound) > 1:
            told.append(f"{number(found.min())} to {number(found.max())} by {count(len(sound), 'method')}")
        if pd.notna(row["exact"]):
            told.append(f"exactly {number(row['exact'])}")
        yield ", ".join(told)
