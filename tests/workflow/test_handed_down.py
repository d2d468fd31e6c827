"""What `lawbook run` knows of the code goes down to its Snakemake, and no further."""

import os
from pathlib import Path

import pytest

from lawbook.workflow import code_digest, handed_down


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has read no code yet."""
    monkeypatch.setattr(code_digest, "_known", {})
    code_digest.digest_of.cache_clear()
    code_digest._imports_in.cache_clear()
    monkeypatch.delenv(handed_down.VARIABLE, raising=False)


@pytest.mark.usefixtures("fresh")
def test_a_child_finds_the_same_digest_without_reading_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = frozenset({"lawbook.laws.fit"})
    own = code_digest.digest_of(modules)
    with handed_down.handing_down() as environment:
        monkeypatch.setattr(code_digest, "_known", {})
        code_digest.digest_of.cache_clear()
        code_digest._imports_in.cache_clear()
        monkeypatch.setenv(handed_down.VARIABLE, environment[handed_down.VARIABLE])
        handed_down.take_over()
    assert handed_down.VARIABLE not in os.environ
    monkeypatch.setattr(code_digest.ast, "parse", lambda _: pytest.fail("the code was read again"))
    assert code_digest.digest_of(modules) == own


@pytest.mark.usefixtures("fresh")
def test_where_its_parent_was_killed_a_child_reads_the_code_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(handed_down.VARIABLE, str(tmp_path / "gone.json"))
    handed_down.take_over()
    assert not code_digest.known_forms()
    assert code_digest.digest_of(frozenset({"lawbook.seeds"}))
