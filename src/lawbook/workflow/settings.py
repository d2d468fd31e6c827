"""Settings: what config/config.yaml says, which is where things lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lawbook.errors import LawbookError, suggest
from lawbook.registry import use_extensions
from lawbook.studies.yaml_file import read_yaml

CONFIG = Path("config/config.yaml")
FOLDER = r"^[^{}*?\x00-\x1f\x7f]+$"
"""What a folder may be called: no brace, which Snakemake would take for a wildcard, and nothing unseen."""


class Settings(BaseModel):
    """What config/config.yaml says: where things lie, and at which preset studies run that have it.

    Nothing here changes a result: those of a preset lie in folders of their own, `results/STUDY@PRESET`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    studies: str = Field("config/studies", pattern=FOLDER)
    results: str = Field("results", pattern=FOLDER)
    cache: str = Field("results/.cache", pattern=FOLDER)
    default: str = Field("digits", min_length=1)
    preset: str | None = Field(None, min_length=1)
    extensions: str | None = Field(None, pattern=FOLDER)


def check_settings(config: Mapping[str, Any]) -> Settings:
    """Return the checked settings. Raises LawbookError for an unknown key or a value of the wrong kind."""
    try:
        return Settings.model_validate(dict(config))
    except ValidationError as invalid:
        error = invalid.errors()[0]
        key = str(error["loc"][0])
        known = key in Settings.model_fields
        problem = error["msg"] if known else f"there is no such key; {suggest(key, Settings.model_fields)}"
        raise LawbookError(f"{CONFIG}: {key} = {error['input']!r}: {problem}") from None


def read_settings(folder: Path = Path()) -> Settings:
    """Read config/config.yaml of a folder. Raises LawbookError if there is none or it is mistaken."""
    path = folder / CONFIG
    if not path.exists():
        raise LawbookError(f"{path} cannot be read; run this in the folder that holds config")
    content = read_yaml(path)
    settings = check_settings(content)
    use_extensions(settings.extensions)
    return settings
