"""What both front doors to a table from outside say of it: how it was read, and which column tells the repeats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from lawbook.errors import listed
from lawbook.laws.checks import check_columns
from lawbook.laws.note import Note, info, warning
from lawbook.laws.repeats import independent
from lawbook.storage.user_table import Remark, seed_columns


def notes_of(remarks: Iterable[Remark]) -> list[Note]:
    """Return remarks on a file as notes: a warning for what could have been meant otherwise, with the file's rows."""
    return [
        (warning if remark.doubtful else info)(remark.code, remark.message, rows=list(remark.rows))
        for remark in remarks
    ]


def seed_notes(seeds: Sequence[str]) -> list[Note]:
    """Return what is to be said of the columns that tell the seeds, where none is called `seed`."""
    if not seeds or "seed" in seeds:
        return []
    if len(seeds) > 1:
        text = (
            f"the columns {listed(seeds)} may all tell the seeds, and none does here; name one as the cluster"
        )
        return [warning("seed_unclear", text, columns=list(seeds))]
    text = f"column {seeds[0]!r} tells the seeds: rows of one value are one independent repeat"
    return [info("seed_recognised", text, column=seeds[0])]


def seeds_in(table: pd.DataFrame) -> list[str]:
    """Return the columns of a table that tell the seeds; one by another name than `seed` that varies.

    Raises LawbookError if one, or `fold`, stands there twice.
    """
    names = list(map(str, table.columns))
    found = seed_columns(names)
    check_columns(table, [*found, *(name for name in names if name == "fold")])
    return [name for name in found if name == "seed" or len(table[name].unique()) > 1]


def repeats_in(table: pd.DataFrame) -> list[str]:
    """Return the columns of independent repeats as `independent` does, of seeds by whatever name they have."""
    seeds = seeds_in(table)
    if len(seeds) != 1:
        return independent(table)
    keys = independent(table.rename(columns={seeds[0]: "seed"}))
    return [seeds[0] if key == "seed" else key for key in keys]
