"""A Trackio logbook: `.trackio/`, with a page of summary, a page per claim and a conclusion.

Written as Trackio 0.43 lays it out, without Trackio: pages/index.md lists the pages, each page holds cells of Markdown
behind a comment of JSON, and logbook.json is the manifest that Trackio makes of them. `trackio logbook` reads and
publishes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawbook.exports import Finished, Form, summary_of
from lawbook.exports._markdown import with_front_matter
from lawbook.report.markdown import escaped, table
from lawbook.results.words import count, number
from lawbook.storage.files import write_text
from lawbook.storage.status import Verdict

SCHEMA_VERSION = 2
EMOJI = "📏"
ROUND = str.maketrans("[]", "()")
"""Trackio shows the backslash of a square bracket that is escaped."""


@dataclass(frozen=True)
class Page:
    """A page: what it is called in its address and to readers, how it stands, and its cells, (title, Markdown) each.

    Titles are words of ours: Trackio shows them in places where nothing is escaped.
    """

    slug: str
    title: str
    status: str
    cells: Sequence[tuple[str, str]]

    @property
    def file(self) -> str:
        """Return its file in the logbook."""
        return f"pages/{self.slug}/page.md"


def pages_of(study: Finished) -> list[Page]:
    """Return the pages of a study's logbook."""
    claims = [_claim(place, claim) for place, claim in enumerate(study.claims, start=1)]
    return [_summary(study), *claims, _conclusion(study)]


def logbook_of(study: Finished, pages: Sequence[Page]) -> dict[str, Any]:
    """Return the manifest of a logbook."""
    title = escaped(study.content.title)
    children = [{"slug": page.slug, "title": page.title, "file": page.file, "children": []} for page in pages]
    return {
        "schema_version": SCHEMA_VERSION,
        "title": title,
        "emoji": EMOJI,
        "space_id": None,
        "paper": None,
        "tags": [],
        "updated_at": _when(study),
        "root": {"slug": "index", "title": title, "file": "pages/index.md", "children": children},
        "traces": [],
        "workspace": {"file": "workspace.json", "file_count": 0, "total_size": 0, "bucket_id": None},
    }


def _summary(study: Finished) -> Page:
    runs = study.tables.runs
    ended = ", ".join(f"{n:,} {status}" for status, n in runs["status"].value_counts().items())
    about = [
        f"In short: {escaped(summary_of(study))}",
        *([f"Limits: {escaped(study.content.limits)}"] if study.content.limits else []),
    ]
    made = [
        f"- Study: {escaped(study.name)} of Lawbook {escaped(study.contents.manifest.versions['lawbook'])}",
        f"- Runs: {count(len(runs), 'run')}, {ended}",
    ]
    if study.tables.has("costs"):
        made.append(
            f"- Cost: {study.tables.costs['cpu_s'].sum():,.0f} CPU-seconds, those of cached runs included"
        )
    return Page(
        "summary", "Summary", "done", [("What was asked", "\n\n".join(about)), ("How", "\n".join(made))]
    )


def _claim(place: int, claim: dict[str, Any]) -> Page:
    said = [
        f"Claim: {escaped(claim['text'])}",
        *([f"Source: {escaped(claim['source'])}"] if claim["source"] else []),
        f"Origin: {escaped(claim['origin'])}",
    ]
    interval = claim["measured"].translate(ROUND)
    found = (claim["expected"], interval, number(claim["n"]))
    judged = [
        f"Verdict: {escaped(claim['verdict'])}",
        table(["expected", "measured, with its 95 % interval", "n"], [found]),
        *([f"Because: {escaped(claim['reason'])}"] if claim["reason"] else []),
        *([f"Note: {escaped(claim['note'])}"] if claim["note"] else []),
    ]
    cells = [("What is claimed", "\n\n".join(said)), ("What came out", "\n\n".join(judged))]
    return Page(f"claim-{place}", f"Claim {place}", claim["verdict"], cells)


def _conclusion(study: Finished) -> Page:
    verdicts = [claim["verdict"] for claim in study.claims]
    counts = ", ".join(f"{n} {verdict}" for verdict in Verdict if (n := verdicts.count(verdict)))
    said = [
        f"Claims: {count(len(verdicts), 'claim')}{counts and f': {counts}'}",
        f"In short: {escaped(summary_of(study))}",
    ]
    return Page("conclusion", "Conclusion", "done", [("Conclusion", "\n\n".join(said))])


def _index(study: Finished, pages: Sequence[Page]) -> str:
    rows = "\n".join(f"| [{page.title}](#/{page.slug}) | {escaped(page.status)} |" for page in pages)
    return f"# {escaped(study.content.title)}\n\n## Pages\n\n| Page | Status |\n| --- | --- |\n{rows}\n"


def _text(page: Page, when: str) -> str:
    cells = [_cell(page, position, title, body, when) for position, (title, body) in enumerate(page.cells)]
    return f"# {page.title}\n" + "".join(cells)


def _cell(page: Page, position: int, title: str, body: str, when: str) -> str:
    identity = hashlib.sha256(f"{page.slug}/{position}/{body}".encode()).hexdigest()[:12]
    told = json.dumps({"type": "markdown", "id": f"cell_{identity}", "created_at": when, "title": title})
    return f"\n\n---\n<!-- trackio-cell\n{told}\n-->\n{body}\n"


def _readme(study: Finished) -> str:
    front = {
        "title": study.content.title,
        "emoji": EMOJI,
        "colorFrom": "yellow",
        "colorTo": "red",
        "sdk": "static",
        "pinned": False,
        "tags": ["trackio", "trackio-logbook", "open-experiment"],
    }
    about = f"The logbook of a study of Lawbook, for Trackio. {escaped(summary_of(study))}"
    return with_front_matter(front, f"# {escaped(study.content.title)}\n\n{about}")


def _when(study: Finished) -> str:
    return study.written.isoformat(timespec="seconds")


def _write(study: Finished, out: Path) -> list[str]:
    pages, project = pages_of(study), out / ".trackio"
    logbook = project / "logbook"
    metadata = {"space_id": None, "emoji": EMOJI, "created_at": _when(study)}
    texts = {
        project / "metadata.json": json.dumps(metadata, indent=2, ensure_ascii=False),
        logbook / "logbook.json": json.dumps(logbook_of(study, pages), indent=2, ensure_ascii=False),
        logbook / "README.md": _readme(study),
        logbook / "pages/index.md": _index(study, pages),
        **{logbook / page.file: _text(page, _when(study)) for page in pages},
    }
    for file, text in texts.items():
        write_text(file, text)
    return [f".trackio with {count(len(pages), 'page')}"]


export = Form("{study}-trackio", _write)
