"""Markdown files that begin with YAML."""

from __future__ import annotations

from typing import Any

import yaml


def with_front_matter(front: dict[str, Any], body: str) -> str:
    """Return a Markdown file that begins with YAML."""
    return f"---\n{dumped(front)}---\n\n{body.rstrip()}\n"


def dumped(content: dict[str, Any]) -> str:
    r"""Return YAML in the order of the keys, each value on one line, in quotes where it needs them.

    >>> print(dumped({"title": "a: b", "about": "one\n---\ntwo"}), end="")
    title: 'a: b'
    about: "one\n---\ntwo"
    """
    return yaml.dump(content, Dumper=_OneLine, sort_keys=False, allow_unicode=True, width=float("inf"))


class _OneLine(yaml.SafeDumper):
    """Writes a text of several lines as one, with its line ends escaped."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if len(text.splitlines()) > 1 or text.endswith("\n") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_OneLine.add_representer(str, _text)
