"""The block `table` of a study: runs that are fitted as they stand, instead of being trained."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from lawbook.studies.block import Block


class TableBlock(Block):
    """A table of runs that are fitted as they stand, instead of being trained."""

    path: str = Field(
        min_length=1,
        description="A file with a row per run: CSV, JSON Lines, Parquet or Feather, .gz of any; a relative path begins"
        " at the study's own folder.",
    )
    obtain: str = Field(
        "",
        description="How to come by a file that is not beside the study, told where it is absent.",
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the file; the study stops where the file is another.",
    )
    rename: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        {}, description="{column of the file: what the study calls it}."
    )

    @field_validator("path")
    @classmethod
    def _whole(cls, value: str) -> str:
        if value.startswith("~"):
            raise ValueError("~ is not expanded; write the path from the study's folder, or a whole one")
        return value
