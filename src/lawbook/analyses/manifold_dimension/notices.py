"""What the report warns of where an exponent tells a dimension: sizes that are left out, biased estimates."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import count, enumerate_words, number, plain
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the warnings of each analysis, by case."""
    for name, block in content.analyses.of("manifold_dimension").items():
        found = results.analysis("manifold_dimension", name)
        for row in found.table("exponents").to_dict("records"):
            where = ", ".join(filter(None, (plain(name), case_name(row["case"]))))
            if row["converged"] < row["sizes"]:
                left = count(int(row["sizes"] - row["converged"]), "size")
                yield "unconverged", f"{where}: {left} of {row['sizes']} had not converged and are left out"
            if row["reason"]:
                yield "no_exponent", f"{where}: {row['reason']}"
        estimates = found.table("estimates")
        for case, rows in estimates[estimates["biased"].astype(bool)].groupby("case"):
            where = ", ".join(filter(None, (plain(name), case_name(str(case)))))
            told = enumerate_words(
                [f"{plain(c)} {number(e)}" for c, e in zip(rows["column"], rows["estimate"], strict=True)]
            )
            yield "biased_dimension", f"{where}: above {number(block.trusted)} an estimate is biased: {told}"
