"""What Lawbook says of itself, by its package."""

from __future__ import annotations

from importlib.metadata import metadata


def about() -> str:
    """Return in a sentence what Lawbook is."""
    return metadata("lawbook")["Summary"]


def licence() -> str | None:
    """Return the SPDX identifier of the licence of its code."""
    return next(iter(metadata("lawbook").get_all("License-Expression", [])), None)


def repository() -> str | None:
    """Return the URL of its code."""
    urls = dict(line.split(", ", 1) for line in metadata("lawbook").get_all("Project-URL", []))
    return urls.get("Repository")
