"""Records: what a decided claim costs in each study, so that whatever makes it cheaper can be seen."""

from __future__ import annotations

import csv
import io
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from lawbook.errors import LawbookError
from lawbook.report.gallery.collection import Shown
from lawbook.report.markdown import table
from lawbook.results.card import ClaimCard
from lawbook.results.reader import Results
from lawbook.results.words import number
from lawbook.storage.checksum import digest
from lawbook.storage.files import write_text
from lawbook.storage.status import Verdict

PAGE, TABLE = "records.md", "records.csv"

CHEAPER = 0.9
"""A record costs at most this share of the one before: what two runs of the same code differ by is none."""

WIDER = 1.01
"""An interval is weaker if it is wider by more than this factor, which rounding does not reach."""

RULES = """# Records

CPU-seconds of training for each claim that is decided, that is, holds or fails. `make gallery` writes this page, and
adds a row where one is due:

- **Same claims.** A row is held against earlier ones of its study with the same claims, word for word, on the same
  machine. Other claims, or another machine, begin anew.
- **No weaker interval.** No claim that was decided may be undecided, and no interval wider than before.
- **Cheaper by a tenth** at least, or it is no record.
- Counted is what training all runs and nothing else takes, whether they were trained now or came from the cache; where
  some came from there, machine and commit are those of the page, not of these runs.
"""


@dataclass(frozen=True)
class Record:
    """What a study's decided claims cost, and where; widths and verdicts are those of its claims, in order."""

    study: str
    claims: str
    verdicts: str
    widths: str
    cpu_s: float
    runs: int
    cached: int
    commit: str
    machine: str

    @property
    def decided(self) -> int:
        """Return how many claims are decided."""
        return sum(verdict != Verdict.UNDECIDED for verdict in self.verdicts.split())

    def beats(self, earlier: Record) -> bool:
        """Tell whether this is cheaper by a tenth, and no claim less decided or less narrowly measured."""
        pairs = zip(self.verdicts.split(), earlier.verdicts.split(), strict=True)
        kept = all(now != Verdict.UNDECIDED or before == Verdict.UNDECIDED for now, before in pairs)
        widths = zip(self.widths.split(), earlier.widths.split(), strict=True)
        narrow = all(
            before == "-" or (now != "-" and float(now) <= WIDER * float(before)) for now, before in widths
        )
        return kept and narrow and self.cpu_s <= CHEAPER * earlier.cpu_s


def record_of(study: Shown, commit: str, machine: str) -> Record | None:
    """Return the record of a finished study; None if it trains nothing or decides nothing."""
    claims, cost = study.card.claims, study.card.cost
    if cost.cpu_s is None or not any(claim.verdict != Verdict.UNDECIDED for claim in claims):
        return None
    return Record(
        study=study.name,
        claims=digest([[claim.text, claim.origin, claim.source] for claim in claims]),
        verdicts=" ".join(claim.verdict for claim in claims),
        widths=" ".join(map(_width, claims)),
        cpu_s=round(cost.cpu_s, 2),
        runs=cost.runs,
        cached=int(Results(study.folder).costs["cached"].astype(bool).sum()),
        commit=commit,
        machine=machine,
    )


def with_new(records: Sequence[Record], now: Iterable[Record]) -> list[Record]:
    """Return records with those of now that are due: of other claims or another machine, or better than the last."""
    kept = list(records)
    for one in now:
        key = (one.study, one.claims, one.machine)
        earlier = [record for record in kept if (record.study, record.claims, record.machine) == key]
        if not earlier or one.beats(earlier[-1]):
            kept.append(one)
    return sorted(kept, key=lambda record: record.study)


def write_records(studies: Sequence[Shown], folder: Path, commit: str) -> None:
    """Write records.md and records.csv into a folder, with the records there so far.

    Raises LawbookError for a records.csv that is no such table.
    """
    machine = this_machine()
    new = [record for study in studies if (record := record_of(study, commit, machine)) is not None]
    records = with_new(read_records(folder / TABLE), new)
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Record)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, records))
    write_text(folder / TABLE, text.getvalue())
    none = sorted({study.name for study in studies} - {record.study for record in records})
    write_text(folder / PAGE, records_page(records, none))


def read_records(file: Path) -> list[Record]:
    """Return the records in a file, none if it is not there. Raises LawbookError if it holds something else."""
    if not file.exists():
        return []
    try:
        with file.open(encoding="utf-8", newline="") as content:
            rows = list(csv.DictReader(content, strict=True))
        numbers = [
            {"cpu_s": float(r["cpu_s"]), "runs": int(r["runs"]), "cached": int(r["cached"])} for r in rows
        ]
        return [Record(**(row | known)) for row, known in zip(rows, numbers, strict=True)]  # type: ignore[arg-type]
    except (OSError, csv.Error, ValueError, KeyError, TypeError) as error:
        fix = "take it from the repository again, or delete it to begin anew"
        raise LawbookError(f"{file}: these are no records ({error}); {fix}") from None


def records_page(records: Sequence[Record], none: Sequence[str] = ()) -> str:
    """Return the page: the rules, and a row per record. none: studies that have no record."""
    rows = [
        (
            record.study, f"{record.decided} of {len(record.verdicts.split())}", number(record.cpu_s),
            number(record.cpu_s / record.decided), f"{number(record.runs)} ({number(record.cached)})",
            record.commit, record.machine,
        )
        for record in records
    ]  # fmt: skip
    header = (
        "study", "claims decided", "CPU-seconds", "CPU-seconds per decided claim", "runs (from the cache)", "commit",
        "machine",
    )  # fmt: skip
    parts = [RULES.rstrip(), table(header, rows)]
    if none:
        parts.append(f"Without a record, since they train nothing or decide nothing: {', '.join(none)}.")
    return "\n\n".join(parts) + "\n"


def this_machine() -> str:
    """Return the processor's name and the number of cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} {'core' if cores == 1 else 'cores'}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _width(claim: ClaimCard) -> str:
    return "-" if claim.low is None or claim.high is None else f"{claim.high - claim.low:.6g}"
