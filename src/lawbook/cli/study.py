"""What a command is about: the settings of the folder that it runs in, and a study by name and preset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from lawbook.studies import Plan
    from lawbook.workflow.settings import Settings

# Heavy modules are imported inside the functions, so that `lawbook --help` answers at once.
Study = Annotated[str, typer.Argument(help="A study: the name of a file in config/studies, without .yaml.")]
Preset = Annotated[
    str | None, typer.Option(metavar="NAME", help="The study at another size, from its key presets.")
]


def settings_here() -> Settings:
    """Return the settings of the folder that the command runs in."""
    from lawbook.workflow.settings import read_settings

    return read_settings()


def at_preset(study: str, preset: str | None, settings: Settings) -> str:
    """Return the name of a study at a preset, by the option, else by config.yaml."""
    from lawbook.workflow.check import said_name_at

    return said_name_at(study, preset or settings.preset, settings.studies)


def planned_study(study: str, settings: Settings) -> Plan:
    """Return the plan of a study. Raises LawbookError for one that is not there or cannot be planned."""
    from lawbook.studies import plan_study

    return plan_study(study, settings.studies)


def results_of(study: str, settings: Settings) -> Path:
    """Return the results folder of a study."""
    from pathlib import Path

    return Path(settings.results) / study
