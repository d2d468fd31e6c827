"""ReScience C: the `metadata.yaml` of an article, filled in as far as the study says, its authors' part left open.

The keys are those of https://github.com/rescience/template, in its order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lawbook.exports import Finished, Form, summary_of
from lawbook.exports._lawbook import repository
from lawbook.exports._markdown import dumped
from lawbook.storage.files import write_text
from lawbook.storage.status import Verdict

PUBLISHED = "published"
"""The origin of claims that come from the article that is replicated."""

AUTHORS_PART = """\
# Written by `lawbook export` from the study and its results. What is empty here is not known to them.
#
# To be filled by the author(s) at the time of submission.
# title: [Re] stands before a replication that succeeded, [¬Re] before one that failed.
# affiliations of an author: codes of those below; * marks the contact author.
# code: the URL is mandatory for a replication, a DOI or SWH identifier after acceptance.

"""
EDITORS_PART = """
# To be filled by the author(s) after acceptance, with what the editor provides.

"""
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})(?:v\d+)?", re.IGNORECASE)
_DOI = re.compile(r"\b(?:doi:|https?://doi\.org/)(10\.\d{4,9}/[^\s,;)]+)", re.IGNORECASE)


def article_of(study: Finished) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the metadata of an article about the study: the authors' part, and that of the editors."""
    published = [claim for claim in study.claims if claim["origin"] == PUBLISHED]
    sources, verdicts = ([claim[column] for claim in published] for column in ("source", "verdict"))
    content = study.content
    named = [what.name for what in (content.task, content.model) if what is not None]
    authors = {
        "title": title_of(content.title, verdicts),
        "authors": [{"name": None, "orcid": None, "email": None, "affiliations": "1,*"}],
        "affiliations": [{"code": 1, "name": None, "address": None}],
        "keywords": ", ".join(["scaling laws", *named, "python", "snakemake"]),
        "code": [{"url": repository()}, {"doi": None}, {"swh": None}],
        "data": [{"url": None}, {"doi": None}],
        "replication": [{key: value} for key, value in replicated(sources).items()],
        "abstract": summary_of(study),
        "bibliography": None,
        "type": "Replication" if published else None,
        "domain": None,
        "language": "Python",
    }
    editors = {
        "review": [{"url": None}],
        "contributors": [
            {"name": None, "orcid": None, "role": role} for role in ("editor", "reviewer", "reviewer")
        ],
        "dates": [{"received": None}, {"accepted": None}, {"published": None}],
        "article": [{"number": None}, {"doi": None}, {"url": None}],
        "journal": [{"name": "ReScience C"}, {"issn": "2430-3658"}, {"volume": None}, {"issue": None}],
    }
    return authors, editors


def title_of(title: str, verdicts: Sequence[str]) -> str:
    """Return the title, with the mark that the verdicts on published claims give it: none while one is undecided.

    >>> title_of("A law", ["holds", "holds"]), title_of("A law", ["holds", "fails"]), title_of("A law", ["undecided"])
    ('[Re] A law', '[¬Re] A law', 'A law')
    """
    if Verdict.FAILS in verdicts:
        return f"[¬Re] {title}"
    return f"[Re] {title}" if verdicts and set(verdicts) == {Verdict.HOLDS} else title


def replicated(sources: Sequence[str]) -> dict[str, str | None]:
    """Return the article that was replicated, from the sources of published claims; its URL and DOI if it is one.

    >>> replicated(["A 2022, arXiv:2206.14486, figure 3", "A 2022, arXiv:2206.14486, figure 1"])["doi"]
    '10.48550/arXiv.2206.14486'
    >>> replicated(["A 2022, arXiv:2206.14486", "B 2020, doi:10.1000/182"])["url"] is None
    True
    """
    cited = " ".join(sources)
    found = {
        f"10.48550/arXiv.{number}": f"https://arxiv.org/abs/{number}" for number in _ARXIV.findall(cited)
    }
    found |= {doi: f"https://doi.org/{doi}" for doi in _DOI.findall(cited)}
    doi, url = next(iter(found.items())) if len(found) == 1 else (None, None)
    return {"cite": "; ".join(dict.fromkeys(sources)) or None, "bib": None, "url": url, "doi": doi}


def _write(study: Finished, out: Path) -> list[str]:
    authors, editors = article_of(study)
    write_text(out / "metadata.yaml", AUTHORS_PART + dumped(authors) + EDITORS_PART + dumped(editors))
    return ["metadata.yaml, to be filled in: authors, data, domain"]


export = Form("{study}-rescience", _write)
