"""What both front doors to a table from outside say of it: how it was read, and which column tells the repeats."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lawbook.errors import listed
from lawbook.laws.note import Note, info, warning
from lawbook.laws.repeats import independent
from lawbook.storage.user_table import Remark, seed_columns


def notes_of(remarks: Iterable[Remark]) -> list[Note]:
    """Return remarks on a file as notes: a warning for what could have been meant otherwise, with the file's rows."""
    return [
        (warning if remark.doubtful else info)(remark.code, remark.message, rows=list(remark.rows))
        for remark in remarks
    ]


def seed_notes(columns: Iterable[str]) -> list[Note]:
    """Return what is to be said of the columns that tell the seeds by another name than `seed`."""
    found = seed_columns(columns)
    if found in ([], ["seed"]):
        return []
    if len(found) > 1:
        text = (
            f"the columns {listed(found)} may all tell the seeds, and none does here; name one as the cluster"
        )
        return [warning("seed_unclear", text, columns=found)]
    text = f"column {found[0]!r} tells the seeds: rows of one value are one independent repeat"
    return [info("seed_recognised", text, column=found[0])]


def repeats_in(table: pd.DataFrame) -> list[str]:
    """Return the columns of independent repeats as `independent` does, of seeds by whatever name they have."""
    found = seed_columns(map(str, table.columns))
    if len(found) != 1:
        return independent(table)
    keys = independent(table.rename(columns={found[0]: "seed"}))
    return [found[0] if key == "seed" else key for key in keys]
