"""Tables that a user brings, of any usual kind: read whole, none of their rows dropped in silence."""

from lawbook.storage.user_table.kinds import ENDINGS, is_table_name
from lawbook.storage.user_table.problem import Remark, TableError
from lawbook.storage.user_table.seeds import seed_columns
from lawbook.storage.user_table.source import (
    Source,
    column_names,
    read_content,
    read_source,
    refuse_nested,
    renamed,
    with_numbers,
)

__all__ = [
    "ENDINGS",
    "Remark",
    "Source",
    "TableError",
    "column_names",
    "is_table_name",
    "read_content",
    "read_source",
    "refuse_nested",
    "renamed",
    "seed_columns",
    "with_numbers",
]
