"""Whether a study ends in the right tables whatever happens: faults at moments drawn from a seed, and their outcomes.

python benchmarks/faults.py                      171 faults in single jobs and 40 in whole studies, in 20 to 40 minutes
python benchmarks/faults.py --minutes 3          as many of them, in turn, as three minutes allow
python benchmarks/faults.py --seed 7 --page      other moments; also writes docs/faults.md
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from fault_harness import jobs, studies
from fault_harness.outcomes import MUST_NOT, OUTCOMES, Course, table_of
from fault_harness.workshop import Workshop

from lawbook.storage.files import write_text

PAGE = Path(__file__).parents[1] / "docs/faults.md"
JOBS, STUDIES = "jobs", "studies"
SHARE = 0.25
"""Of the minutes, what the faults in jobs get: they are shorter."""


Kinds = Mapping[str, Callable[[np.random.Generator], Course]]
"""What happens of each kind at a moment that a generator draws, and its course."""


def inject(
    level: str, kinds: Kinds, arguments: argparse.Namespace, times: int, until: float, at_once: int = 1
) -> Iterator[tuple[str, str, Course]]:
    """Yield so many faults, each kind in its turn, each from a generator of its own, until a time (monotonic, in s)."""

    def suffer(number: int, kind: str) -> Course | None:
        began = time.monotonic()
        if number and began > until:
            return None
        course = kinds[kind](np.random.default_rng([arguments.seed, level == STUDIES, number]))
        print(
            f"{level} {number:>3}  {kind}: {course.outcome}  ({time.monotonic() - began:.1f} s)", flush=True
        )
        if course.outcome in MUST_NOT:
            print(f"  {course}", flush=True)
        return course

    turns = list(itertools.islice(itertools.cycle(kinds), times))
    if at_once == 1:  # no thread, since jobs are forked
        courses: Iterable[Course | None] = map(suffer, itertools.count(), turns)
    else:
        courses = ThreadPoolExecutor(at_once).map(suffer, itertools.count(), turns)
    yield from ((level, kind, course) for kind, course in zip(turns, courses, strict=True) if course)


def in_jobs(folder: Path, only: Collection[str]) -> Kinds:
    """Return the kinds of faults in single jobs, in a workshop of their own."""
    shop = Workshop(folder / JOBS).ready()
    found = {kind: fault for kind, fault in jobs.kinds().items() if not only or kind in only}
    return {
        kind: lambda rng, fault=fault: jobs.suffer(shop.trial(rng), fault) for kind, fault in found.items()
    }


def in_studies(folder: Path, only: Collection[str]) -> Kinds:
    """Return the kinds of faults in whole studies, in houses of their own."""
    found = {kind: fault for kind, fault in studies.kinds().items() if not only or kind in only}
    houses = studies.Studies(folder / STUDIES).ready(found.values())
    return {kind: lambda rng, fault=fault: houses.suffer(fault, rng) for kind, fault in found.items()}


def measure(arguments: argparse.Namespace, folder: Path) -> pd.DataFrame:
    """Return how often each kind of fault was tried, and how often it had which outcome."""
    began, courses = time.monotonic(), []
    until = began + 60 * arguments.minutes
    if arguments.jobs:
        (folder / JOBS).mkdir()
        kinds = in_jobs(folder, arguments.only)
        courses += inject(JOBS, kinds, arguments, arguments.jobs, began + SHARE * (until - began))
    if arguments.studies:
        (folder / STUDIES).mkdir()
        kinds = in_studies(folder, arguments.only)
        courses += inject(STUDIES, kinds, arguments, arguments.studies, until, arguments.at_once)
    return table_of(courses)


def text_of(table: pd.DataFrame) -> str:
    """Return the table as Markdown, with a last row of sums."""
    columns = ["times", *OUTCOMES, *MUST_NOT]
    lines = [f"| level | kind | {' | '.join(columns)} |", "|---|---|" + "---|" * len(columns)]
    sums = table[columns].sum()
    rows = [*table.to_dict("records"), {"level": "", "kind": "all", **sums}]
    lines += [
        f"| {row['level']} | {row['kind']} | {' | '.join(str(row[name]) for name in columns)} |"
        for row in rows
    ]
    return "\n".join(lines)


def page_of(table: pd.DataFrame, seed: int) -> str:
    """Return docs/faults.md."""
    by_level = table.groupby("level")["times"].sum()
    tried = set(table["kind"])
    untried = sorted({*jobs.BY_ROOT, *studies.BY_ROOT} - tried)
    missing = f"Not tried, since only root can: {', '.join(untried)}.\n\n" if untried else ""
    return f"""# What a study goes through: faults and what came of them

{by_level.get(JOBS, 0)} faults in single jobs (training, scoring, collecting; scripts of the workflow without Snakemake)
and {by_level.get(STUDIES, 0)} in whole studies (`lawbook run`, with Snakemake), of {len(tried)} kinds, at moments drawn
from seed {seed}. The studies are tiny, a few runs in two or three shards, two of the runs on pruned data, with
checkpoints at nearly every step. After each fault `lawbook run` is the one thing that is done; what comes of it is
compared, byte by byte, with a study that nobody has disturbed: runs and curves, and in whole studies also fits, claims,
a figure, and the CSV files.

- *Right at once*: the command that met the fault gave the right tables itself.
- *Right after resuming*: something was killed; the next `lawbook run` gave the right tables.
- *Clear error, then right*: the command that met the fault ended with one message, no trace, and an exit code that is
  not 0; the next `lawbook run` gave the right tables.
- *Unclear error*, *lost run* (finished, whole in the cache, and yet trained again) and *wrong table* must not be.

{text_of(table)}

{missing}## What protects a number

- Every table carries a seal: its name and the SHA-256 of all its bytes. A table is read only if the seal is whole, so
  that a bit that flips, in the footer too, or another table in its place is an error.
- Every table and figure carries what it was made from. A job refuses a table of another version of the study or of
  other code, and `lawbook run` makes it again, even if Snakemake's own records are lost.
- The CSV files, figures and the page carry no seal; `lawbook run` keeps their digests in `sha256sums.txt` and makes
  again what no longer agrees. After plain `snakemake` there is no such record.
- A finished stack lies in the cache in one file, named by the hash of its bytes. A damaged one is reported and what it
  held is trained again. A cache that is full or read-only costs time, never a result.
- A job whose Snakemake is gone ends, and writes nothing over what a later one has made.
- What a wrong clock has dated in the future is dated now, since Snakemake would refuse all that is made from it.
- Files are written beside their place and renamed. What a killed job leaves half written is swept by the next
  `lawbook run` once it is an hour old.

Written by `python benchmarks/faults.py --seed {seed} --page`.
"""


def main() -> None:
    """Inject the faults and print the table; write the page if asked to. Exit code 1 if one ended as none must."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=171, help="faults in single jobs")
    parser.add_argument("--studies", type=int, default=40, help="faults in whole studies")
    parser.add_argument("--at-once", type=int, default=2, help="whole studies at once")
    parser.add_argument("--minutes", type=float, default=120, help="stop then, however many were injected")
    parser.add_argument("--only", nargs="+", default=[], metavar="KIND", help="these kinds alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", action="store_true", help="also write docs/faults.md")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # in the background it is ignored, by all heirs, too
    with tempfile.TemporaryDirectory() as folder:
        table = measure(arguments, Path(folder).resolve())
    print(text_of(table))
    if arguments.page:
        write_text(PAGE, page_of(table, arguments.seed))
        print(PAGE)
    sys.exit(1 if table[list(MUST_NOT)].to_numpy().any() else 0)


if __name__ == "__main__":
    main()
