"""Stages that stand apart: what they leave is made for the gallery, and is no part of a study or of its bundle."""

from __future__ import annotations

from collections.abc import Mapping

from lawbook.registry import file_of
from lawbook.studies import Plan
from lawbook.workflow.code_digest import digest_of
from lawbook.workflow.configuration import figure_digest
from lawbook.workflow.stages import STAGES, WHOLE, Files, Stage


def _hero(plan: Plan) -> str:
    """Return the figure that shows a study's answer; empty where it draws none."""
    from lawbook.report.card import hero  # planning loads none of what reports

    return hero(plan.study.content) or ""


def _if_drawn(plan: Plan) -> Files:
    return WHOLE if plan.study.content.figures else ()


APART: Mapping[str, Stage] = {
    "thumbnail": Stage(
        "thumbnail",
        parts=_if_drawn,
        reads=lambda plan, _: STAGES["draw"].reads(plan, _hero(plan)),
        leaves=lambda _: ("thumbnail.svg", "thumbnail.png"),
        configuration=lambda plan, _: figure_digest(plan, _hero(plan)),
        modules=("lawbook.report.gallery.thumbnail",),
        entries=lambda plan, _: STAGES["draw"].entries(plan, _hero(plan)),
    )
}
"""The stages by name; no target of a study asks for them."""


def stage_named(name: str) -> Stage:
    """Return a stage of a study, or one that stands apart."""
    return STAGES.get(name) or APART[name]


def gallery_code() -> str:
    """Return the digest of the code that writes the gallery, and of what its page is laid out by."""
    page = file_of("lawbook.report")
    assert page is not None
    folders = (page.parent / "gallery/templates", page.parent / "templates")
    layout = [file for folder in folders for file in folder.iterdir() if file.suffix in (".html", ".css")]
    return digest_of(frozenset({"lawbook.report.gallery.page"}), (), tuple(sorted(layout)))
