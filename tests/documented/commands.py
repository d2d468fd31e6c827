"""The command lines that the repository shows its readers, as they are written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path

import click
import typer

from lawbook.cli.app import app

REPOSITORY = Path(__file__).parents[2]
MARKDOWN = ("README.md", "config/README.md", "CONTRIBUTING.md", "docs/*.md", "benchmarks/README.md",
            "src/lawbook/analyses/*/README.md", "results/README.md", "CHANGELOG.md", ".github/**/*.md")  # fmt: skip
TUTORIAL = "docs/tutorial.md"
"""Its commands are typed in their order, with what stands between them, by a test of its own."""
COMMENTED = ("Makefile", "Snakefile", "workflow/**/*.smk", "profiles/*/*.yaml", "config/**/*.yaml",
             "envs/*.yaml", ".test/**/*.yaml", ".pre-commit-config.yaml", "src/lawbook/**/*.yaml")  # fmt: skip
PROGRAMS = ("lawbook", "make", "snakemake", "pip", "pytest", "python", "ruff", "snakefmt", "mypy",
            "pre-commit", "sha256sum", "conda", "git", "cp", "srun", "sbatch", r"\.(?= \.venv)")  # fmt: skip
COMMAND = re.compile(rf"([A-Z_]+=\S+ )*(\.venv/bin/)?({'|'.join(PROGRAMS)}) \S")
COMMANDS: dict[str, click.Command] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Shown:
    """A command line, and where it is shown first."""

    line: str
    source: str


def shown() -> list[Shown]:
    """Return each command line that is shown, once, in the order of the documents.

    One that only names a command, `lawbook fit` without the table that it needs, is no command line, and neither is
    one that asks for help.
    """
    first: dict[str, str] = {}
    for source, line in [*_in_markdown(), *_in_help(), *_in_comments(), *_in_messages()]:
        if not (_is_a_name(line) or "--help" in line):
            first.setdefault(line, source)
    return [Shown(line, source) for line, source in first.items()]


def of_markdown(text: str) -> list[str]:
    """Return the command lines in blocks of code and in inline code, in their order.

    >>> of_markdown("Type `lawbook doctor`, then\\n\\n    make  # all\\n    make test  # some\\n\\nand `make\\nlint`.")
    ['lawbook doctor', 'make test', 'make lint']
    >>> of_markdown("```sh\\npip install .\\n```\\n- make no mistake\\n  make none\\n")
    ['pip install .']
    """
    found, fenced, prose = [], False, ""
    for line in [*text.splitlines(), "    "]:
        fence = line.startswith("```")
        fenced ^= fence
        if fence or fenced or line.startswith("    "):
            found += [*_inline(prose), *_after_blanks(f"  {line}")]
            prose = ""
        else:
            prose += f"{line} "
    return found


def _in_markdown() -> Iterator[tuple[str, str]]:
    for file in _files(MARKDOWN):
        if file == REPOSITORY / TUTORIAL:
            continue
        for line in of_markdown(file.read_text(encoding="utf-8")):
            yield str(file.relative_to(REPOSITORY)), line


def _in_help() -> Iterator[tuple[str, str]]:
    for name, command in COMMANDS.items():
        options = [getattr(one, "help", None) or "" for one in command.params]
        for text in (command.help or "", *options):
            paragraphs = [f"  {line}" for line in cleandoc(text).splitlines()]
            for line in [one for part in paragraphs for one in _after_blanks(part)] + _inline(text):
                yield f"lawbook {name} --help", line


def _in_comments() -> Iterator[tuple[str, str]]:
    for file in _files(COMMENTED):
        text = file.read_text(encoding="utf-8")
        comments = [part for line in text.splitlines() for part in re.findall(r"(?:^|\s)#(.*)", line)[:1]]
        for line in [one for part in comments for one in _after_blanks(part)] + _inline(" ".join(comments)):
            yield str(file.relative_to(REPOSITORY)), line


def _in_messages() -> Iterator[tuple[str, str]]:
    """Yield what messages tell the user to type: in inline code, or at the end, after a colon."""
    for file in _files(("src/lawbook/**/*.py",)):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
        for text in (_literal(node) for node in nodes if node not in docstrings):
            ends = [part for line in text.splitlines() for part in line.split(": ")[1:]]
            for line in [*_inline(text), *filter(COMMAND.match, ends)]:
                yield str(file.relative_to(REPOSITORY)), line


def _literal(node: ast.AST) -> str:
    """Return the text of a string, with a word in capitals for each expression; of anything else, none."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_literal, node.values))
    if isinstance(node, ast.FormattedValue):
        return "BUNDLE" if ast.unparse(node.value) == "path.name" else "STUDY"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _inline(text: str) -> list[str]:
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]
    return [span for span in spans if COMMAND.match(span)]


def _after_blanks(line: str) -> list[str]:
    """Return the command lines that stand after two blanks or more, as those in a block, or in a column, do."""
    return [part for part in re.split(r" {2,}", line)[1:] if COMMAND.match(part)]


def _is_a_name(line: str) -> bool:
    words = line.removeprefix(".venv/bin/").split()
    command = COMMANDS.get(words[1]) if words[0] == "lawbook" and len(words) == 2 else None
    return command is not None and any(one.required for one in command.params)


def _files(patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(REPOSITORY.glob(pattern))
