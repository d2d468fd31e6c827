"""The gallery as Markdown with pictures, for those who look at the repository, and whether it is still true."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from lawbook.errors import LawbookError
from lawbook.report.gallery.collection import THUMBNAIL, Shown, claim_row, claim_rows, verdict_counts
from lawbook.report.gallery.exponents import exponents
from lawbook.report.gallery.false_fails import RULE, false_fails
from lawbook.report.gallery.page import total_cost
from lawbook.report.markdown import escaped, table
from lawbook.results.words import count, number
from lawbook.storage.checksum import digest
from lawbook.storage.files import write_text, written_atomically
from lawbook.storage.status import Verdict
from lawbook.studies import find_study, load_study, study_names
from lawbook.studies.presets import split_name
from lawbook.studies.study import preset_names

README = "README.md"
NOT_RUN = "not run"
"""What stands in place of a digest for a study that the gallery lacks."""

_MADE_FROM = re.compile(r"^\| ([a-z][a-z0-9_@\\]*) \| ([0-9a-f]{16}|not run) \|$", re.MULTILINE)
"""A row of the table of digests."""


def digest_now(name: str, studies: str | Path) -> str:
    """Return the digest of what a study says, or one of its presets: neither comments nor the order of keys count.

    studies: the folder of the studies. Raises StudyError for one that cannot be read.
    """
    study, preset = split_name(name)
    content = load_study(find_study(study, studies), preset).content
    return digest(content.model_dump(mode="json", exclude_defaults=True))


def write_documents(studies: Sequence[Shown], made_from: Mapping[str, str], folder: Path) -> None:
    """Write README.md and a picture of each study into a folder; pictures of others that lie there are deleted.

    made_from: by its name, the digest of what each study says, or `NOT_RUN`.
    """
    pictures = {study.name: _picture(study) for study in studies if study.picture is not None}
    for study in studies:
        if study.name in pictures:
            with written_atomically(folder / pictures[study.name]) as temporary:
                temporary.write_bytes((study.folder / f"{THUMBNAIL}.png").read_bytes())
    for file in folder.glob("*.png"):
        if file.name not in pictures.values():
            file.unlink()
    write_text(folder / README, documents(studies, made_from))


def documents(studies: Sequence[Shown], made_from: Mapping[str, str]) -> str:
    """Return the gallery as Markdown; it links pictures that lie beside it."""
    claims = claim_rows(studies)
    verdicts = verdict_counts(row.claim for row in claims)
    expected, counted = false_fails(row.claim for row in claims)
    told = ", ".join(f"{n} {word}" for word, n in verdicts.items())
    studies_told = f"{len(studies)} {'study' if len(studies) == 1 else 'studies'}"
    parts = [
        "# The gallery",
        f"{studies_told}, {count(len(claims), 'claim')}: {told}. Together {total_cost(studies)}."
        " Written by `make gallery`; the same as a page that sorts and filters is `results/index.html`.",
    ]
    for topic, group in groupby(studies, key=lambda one: one.topic):
        parts += [f"## {escaped(topic)}", *(_study(one) for one in group)]
    parts += ["## Exponents beside what they should be", _exponents(studies)]
    fails = sum(row.claim.verdict == Verdict.FAILS for row in claims if row.claim.origin != "exploratory")
    chance = (
        f"Of {count(counted, 'claim')} at most {number(expected, 2)} would be expected to fail though true;"
        f" {fails} {'fails' if fails == 1 else 'fail'}."
    )
    parts += ["## How many fail by chance", chance, escaped(RULE)]
    about = "A digest of what each study says, by which a test knows whether this page is still true."
    parts += ["## Made from", about, table(["study", "digest"], sorted(made_from.items()))]
    return "\n\n".join(parts) + "\n"


def stale(readme: Path, studies: str | Path) -> list[str]:
    """Return why a written gallery is no longer true of a folder of studies: nothing if it is.

    Raises LawbookError if there is none.
    """
    try:
        text = readme.read_text(encoding="utf-8")
    except OSError as error:
        raise LawbookError(f"{readme} is not there ({error.strerror}); `make gallery` writes it") from None
    made = {name.replace("\\", ""): then for name, then in _MADE_FROM.findall(text)}
    known = study_names(studies)
    shown = {split_name(name)[0] for name in made}
    why = [f"{study} is not in it" for study in known if study not in shown]
    for name, then in made.items():
        study, preset = split_name(name)
        if study not in known or (preset and preset not in preset_names(find_study(study, studies))):
            why.append(f"{name} is there no longer")
        elif then not in (NOT_RUN, digest_now(name, studies)):
            why.append(f"{name} says something else")
    return why


def _study(study: Shown) -> str:
    card = study.card
    preset = f", preset {study.preset}" if study.preset else ""
    parts = [f"### {escaped(card.title)}"]
    if study.picture is not None:
        parts.append(f"![{escaped(study.picture.title)}]({_picture(study)})")
    first, *others = map(escaped, card.answer)
    parts.append(" ".join([f"**{first}**", *others]))
    rows = []
    for claim in card.claims:
        row = claim_row(study, claim)
        source = ": ".join(filter(None, [claim.origin, claim.source]))
        rows.append((claim.verdict, claim.text, row.measured, claim.expected, source, row.scale))
    if rows:
        parts.append(table(["verdict", "claim", "measured", "expected", "origin and source", "scale"], rows))
    parts.append(f"Study {escaped(study.study)}{preset}: {escaped(study.cost)}.")
    return "\n\n".join(parts)


def _exponents(studies: Sequence[Shown]) -> str:
    rows = [
        (
            row.study.name,
            f"{row.what} ({row.form}, {row.symbol})",
            row.text,
            "; ".join(f"{known.text} ({known.source})" for known in row.known),
        )
        for row in exponents(studies)
    ]
    return table(["study", "exponent of", "measured", "should be"], rows) if rows else "None."


def _picture(study: Shown) -> str:
    return f"{study.name.replace('@', '-')}.png"
