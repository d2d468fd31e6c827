"""Writes the rule graph of README.md, from what Snakemake says of the study in .test:  python docs/rule_graph.py"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
README = REPOSITORY / "README.md"
COMMAND = "-s workflow/Snakefile -c 1 -d .test --forceall --rulegraph mermaid-js"
Edge = tuple[str, str]


def rule_edges() -> set[Edge]:
    """Return the pairs of rules of which the second needs what the first makes, as Snakemake prints them."""
    command = [sys.executable, "-m", "snakemake", *COMMAND.split()]
    said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]$", said, re.MULTILINE))
    return {(names[a], names[b]) for a, b in re.findall(r"^\s*(id\d+) --> (id\d+)$", said, re.MULTILINE)}


def without_detours(edges: set[Edge]) -> set[Edge]:
    """Return the edges without those that a longer way goes beside.

    >>> sorted(without_detours({("a", "b"), ("b", "c"), ("a", "c")}))
    [('a', 'b'), ('b', 'c')]
    """

    def reaches(a: str, c: str) -> bool:
        return any(b == c or reaches(b, c) for start, b in edges if start == a)

    return {(a, c) for a, c in edges if not any(reaches(b, c) for start, b in edges if start == a and b != c)}


def rule_graph() -> str:
    """Return the graph in Mermaid's notation, which GitHub draws."""
    lines = [f"    {a} --> {b}" for a, b in sorted(without_detours(rule_edges()))]
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"])


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(re.sub(r"```mermaid\n.*?```", rule_graph(), text, flags=re.DOTALL), encoding="utf-8")
