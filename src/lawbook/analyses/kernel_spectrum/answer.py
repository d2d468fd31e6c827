"""What the answer of a study says of its kernels: the exponent foretold, and the one measured."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.kernel_spectrum.words import told
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.schema import StudyFile

_CASES = 3
"""Most kernels of one analysis that the answer tells."""


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each kernel, of the first ones."""
    for name in content.analyses.of("kernel_spectrum"):
        exponents = results.analysis("kernel_spectrum", name).table("exponents")
        for case in exponents["case"].unique()[:_CASES]:
            each = told(exponents, case)
            at = f"{plain(name)}{f' at {case_name(case)}' if case else ''}"
            yield (
                f"the spectrum of {at} foretells an exponent of {each.get('predicted', 'no known value')}, where "
                f"{each.get('measured', 'none')} was measured"
            )
