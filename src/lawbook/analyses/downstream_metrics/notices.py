"""What the report warns of where metrics of answers were followed: what is a bound, and seeds that are two groups."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.downstream_metrics.words import metric_name
from lawbook.results.reader import Results
from lawbook.results.words import name_of, number, plain
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield a warning for each metric that is a bound somewhere, and for each whose mean describes no run."""
    for name, block in content.analyses.of("downstream_metrics").items():
        metrics = results.analysis("downstream_metrics", name).table("metrics")
        for (metric, length), part in metrics.groupby(["metric", "length"], dropna=False):
            what = f"{plain(name)}, {metric_name(str(metric), length)}"
            bounds, parted = part[part["bound"].notna()], part[part["bimodal"] == 1]
            for code, rows, text in (
                ("censored", bounds, "no answer is right, which is a bound and not 0"),
                ("bimodal", parted, "the seeds are two groups, and their mean describes no run"),
            ):
                if len(rows):
                    yield (
                        code,
                        f"{what}: at {name_of(block.x)} {', '.join(number(x) for x in rows['x'])} {text}",
                    )
