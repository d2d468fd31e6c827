"""An import from end to end: ask, map, write the table, what was rejected, and where all of it came from."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lawbook import __version__
from lawbook.errors import LawbookError, listed
from lawbook.imports import Rejected, Run, imports
from lawbook.imports._answers import Answers
from lawbook.imports._guess import guess, is_open, mapping_text, taken
from lawbook.imports._mapping import RUN, SIZES, STEP, RunMapping, check_places, read_mapping
from lawbook.imports._states import COUNTED, told
from lawbook.imports._table import Table, make_table, once_each, refuse_empty
from lawbook.imports._values import one_line
from lawbook.storage.files import write_text
from lawbook.storage.tables import write_csv, write_table

SUFFIXES = (".parquet", ".csv")
MOST_REASONS = 6
NUMBERS = ("int64", "double")
MOST_QUERIES = 20
"""So many queries of a service are written down; those of curves are many."""


@dataclass(frozen=True)
class Places:
    """The files of an import, all beside its table."""

    out: Path

    @property
    def mapping(self) -> Path:
        """Return the mapping that is guessed."""
        return self.out.with_suffix(".map.yaml")

    @property
    def rejected(self) -> Path:
        """Return the table of rejected runs."""
        return self.out.with_suffix(".rejected.csv")

    @property
    def origin(self) -> Path:
        """Return the record of where the table came from."""
        return self.out.with_suffix(".import.json")

    @property
    def answers(self) -> Path:
        """Return the folder in which answers are kept by default."""
        return self.out.with_suffix(".cache")


def import_runs(
    kind: str,
    source: str,
    out: Path,
    map_file: Path | None = None,
    cache: Path | None = None,
    refresh: bool = False,
) -> list[str]:
    """Import the runs of a source as a table, and return what to tell the user, a line each.

    Raises LawbookError, and leaves the table as it was, for a source that cannot be read, a mapping that does not fit
    it, values between which only the user can choose, and where no run gives a row.
    """
    if out.suffix not in SUFFIXES:
        raise LawbookError(f"--out {out}: a table is written as Parquet or CSV; name a file .parquet or .csv")
    places = Places(out)
    mapping = (
        None if map_file is None else read_mapping(map_file)
    )  # its mistakes are told before anything is asked
    answers = Answers(cache or places.answers, refresh)
    found = list(imports[kind].read(source, answers))
    runs, rejected = once_each(found)
    said = [f"note: {one_line(note)}" for note in answers.notes]
    if mapping is None:
        mapping, lines = _own_mapping(runs, rejected, places)
        said += lines
    check_places(mapping, runs, map_file or places.mapping)
    table = make_table(runs, rejected, mapping)
    write_csv(table.rejected_frame(), places.rejected)
    refuse_empty(table, len(found), str(places.rejected))
    if out.suffix == ".csv":
        write_csv(table.frame, out)
    else:
        write_table(table.frame, out, table.types, roles=table.roles)
    _write_origin(kind, source, mapping, table, answers, places)
    return [*said, *_told(table, mapping, answers, places, len(found))]


def _own_mapping(
    runs: Sequence[Run], rejected: Sequence[Rejected], places: Places
) -> tuple[RunMapping, list[str]]:
    """Return the mapping that lies beside the table, or else one that is guessed, and is written there."""
    if places.mapping.exists():
        note = f"The mapping is that of {places.mapping}; delete it to have one guessed anew."
        return read_mapping(places.mapping), [note]
    if not runs:
        raise LawbookError(
            f"none of {len(rejected)} runs can be read: {rejected[0].reason}" if rejected
            else "the source holds no runs; name another"
        )  # fmt: skip
    counted = [run for run in runs if told(run.state) in COUNTED] or list(runs)
    guesses = guess(counted)
    write_text(places.mapping, mapping_text(guesses, len(counted)))
    ties = [one for one in guesses if is_open(one)]
    if ties:
        which = "; ".join(f"{one.column} may be {' or '.join(one.best)}" for one in ties)
        raise LawbookError(f"{which}; keep one of them in {places.mapping} and import again")
    columns = taken(guesses)
    lines = [f"The mapping is guessed: {', '.join(f'{name} is {place}' for name, place in columns.items())}."]
    lines += [f"  Not taken, for two may be meant: {one.column} ({' or '.join(one.best)})." for one in guesses
              if one.column not in columns]  # fmt: skip
    lines.append(
        f"  It stands in {places.mapping}, with what was not taken; correct it there and import again."
    )
    return RunMapping(columns=columns), lines


def _write_origin(
    kind: str, source: str, mapping: RunMapping, table: Table, answers: Answers, places: Places
) -> None:
    """Write where a table came from: source, when it was asked, by which mapping, and the digests of both ends."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    origin = {
        "table": places.out.name,
        "sha256": hashlib.sha256(places.out.read_bytes()).hexdigest(),
        "kind": kind,
        "source": _without_account(source),
        "asked": {"first": min(answers.asked, default=now), "last": max(answers.asked, default=now)},
        "queries": answers.queries[:MOST_QUERIES],
        "n_queries": len(answers.queries),
        "source_sha256": answers.digest,
        "mapping": mapping.model_dump(exclude_defaults=True),
        "runs": table.n_runs,
        "rows": len(table.frame),
        "rejected": len(table.rejected),
        "lawbook": __version__,
    }
    write_text(places.origin, json.dumps(origin, indent=2) + "\n")


def _without_account(source: str) -> str:
    """Return a source without the account that an address may name.

    >>> _without_account("https://me:secret@host/#/experiments/3"), _without_account("runs/a@b")
    ('https://host/#/experiments/3', 'runs/a@b')
    """
    scheme, separator, rest = source.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}" if separator else source


def _told(table: Table, mapping: RunMapping, answers: Answers, places: Places, n_found: int) -> list[str]:
    missing = {name: int(table.frame[name].isna().sum()) for name in mapping.columns}
    gaps = [f"{name} (in {n} of {len(table.frame)})" for name, n in missing.items() if n]
    lines = [
        f"{places.out}: {len(table.frame):,} rows from {table.n_runs:,} of {n_found:,} runs; "
        f"columns {', '.join(table.types)}"
    ]
    lines += [f"  missing in some rows: {listed(gaps)}"] if gaps else []
    if table.incomplete:
        lines.append(
            f"  {sum(table.incomplete):,} steps of {len(table.incomplete):,} runs are left out: there, a required "
            "column is missing or not finite"
        )
    if table.rejected:
        which = "1 run is" if len(table.rejected) == 1 else f"{len(table.rejected):,} runs are"
        lines.append(f"{which} left out, each with its reason in {places.rejected}")
        reasons = table.reasons()
        lines += [f"  {reason}" for reason in reasons[:MOST_REASONS]]
        lines += [f"  … {len(reasons)} reasons in all"] if len(reasons) > MOST_REASONS else []
    if answers.kept:
        lines.append(f"Answers of {min(answers.asked)} were kept ({answers.kept:,}); --refresh asks anew")
    return [*lines, f"Next: {next_command(table, mapping, places.out)}"]


def next_command(table: Table, mapping: RunMapping, out: Path) -> str:
    """Return what to type next, a fit of the metric to the sizes that there are."""
    y = mapping.measured or next(iter(mapping.columns))
    x: list[str] = [name for name in SIZES if name in mapping.columns and name != y]
    x = x or [name for name, kind in table.types.items() if kind in NUMBERS and name != y][:1] or [STEP]
    law = ["--law", "chinchilla"] if x == ["N", "D"] else ["--compare", "power,power_floor,exponential"]
    repeats = ["--cluster", RUN] if mapping.at == "every" else []
    return shlex.join(["lawbook", "fit", str(out), "--y", y, "--x", ",".join(x), *law, *repeats])
