"""The digest of a stage's code changes exactly when the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from lawbook.workflow import code_digest
from lawbook.workflow.code_digest import KEPT, NOT_COUNTED, SOURCE, digest_of, modules_reached
from lawbook.workflow.stages import STAGES, Stage

FILES = {
    "lawbook/__init__.py": "",
    "lawbook/errors.py": "",
    "lawbook/fitting/study.py": '''
"""Fit."""
from __future__ import annotations
from typing import TYPE_CHECKING
from lawbook.laws import solver
if TYPE_CHECKING:
    from lawbook.hints import Hint
def fit():
    """Fit one law."""
    from .inside import used_inside
    return solver.solve(used_inside)
''',
    "lawbook/fitting/__init__.py": "",
    "lawbook/hints.py": "Hint = 1",
    "lawbook/fitting/inside.py": "used_inside = 1",
    "lawbook/laws/__init__.py": "",
    "lawbook/laws/solver.py": "def solve(x):\n    return x + 1  # one\n",
    "lawbook/laws/forms/__init__.py": "",
    "lawbook/laws/forms/power.py": "law = 1",
    "lawbook/laws/forms/other.py": "law = 2",
}


@pytest.fixture
def source(tmp_path: Path):
    """Return a function that lays a small package in a folder of its own, with one file replaced or added."""
    made = iter(range(100))

    def lay(changed: str = "lawbook/__init__.py", by: str = "") -> Path:
        folder = tmp_path / str(next(made))
        for name, text in (FILES | {changed: by}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return folder

    return lay


def _digest(folder: Path) -> str:
    modules = frozenset({"lawbook.fitting.study", "lawbook.laws.forms.power"})
    return digest_of(modules, source=folder)


def test_comments_docstrings_and_layout_do_not_count(source) -> None:
    text = '"""New."""\n\n\ndef solve(x):\n    """Solve."""\n    return (x +\n            1)\n'

    assert _digest(source("lawbook/laws/solver.py", text)) == _digest(source())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("laws/solver.py", "def solve(x):\n    return x + 2\n"),
        ("laws/forms/power.py", "law = 3"),
        ("fitting/inside.py", "used_inside = 2"),
        ("laws/__init__.py", "changed = True"),
    ],
)
def test_whatever_is_imported_counts(source, name: str, text: str) -> None:
    assert _digest(source(f"lawbook/{name}", text)) != _digest(source())


@pytest.mark.parametrize("name", ["hints.py", "errors.py", "laws/forms/other.py", "laws/forms/new.py"])
def test_hints_unused_entries_and_what_is_listed_do_not_count(source, name: str) -> None:
    assert _digest(source(f"lawbook/{name}", "changed = True")) == _digest(source())


NESTED = '''
def solve(x):
    """Solve."""
    match x:
        case 1:
            try:
                pass
            except ValueError:
                with open(x):
                    class Inner:
                        """Inside."""
                        from lawbook.hints import Hint
'''


def test_forms_are_kept_beside_compiled_modules_while_the_text_stays(source, monkeypatch) -> None:
    def parsed(folder: Path) -> list[str]:
        """Return the files whose text is read anew, by a process that knows none."""
        code_digest._known.clear()
        code_digest._imports_in.cache_clear()
        digest_of.cache_clear()
        read: list[str] = []
        form_of = code_digest._form_of
        with monkeypatch.context() as patched:
            patched.setattr(
                code_digest, "_form_of", lambda path, *more: (read.append(path.name), form_of(path, *more))[1]
            )
            digests.append(_digest(folder))
        return read

    monkeypatch.setattr("sys.dont_write_bytecode", False)
    digests: list[str] = []
    folder = source()
    assert len(parsed(folder)) > 5
    assert parsed(folder) == []
    for damaged in ("{", "[]", "{}"):
        next(folder.rglob(f"power*{KEPT}")).write_text(damaged)
        assert parsed(folder) == ["power.py"]
    assert len(set(digests)) == 1
    (folder / "lawbook/laws/solver.py").write_text("def solve(x):\n    return x + 2  # one\n")
    assert parsed(folder) == ["solver.py"]
    assert digests[-1] != digests[0]


def test_an_import_and_a_docstring_are_found_however_deep_they_stand(source) -> None:
    folder = source("lawbook/laws/solver.py", NESTED)
    assert "lawbook.hints" in modules_reached({"lawbook.laws.solver"}, frozenset(), folder)
    again = source(
        "lawbook/laws/solver.py", NESTED.replace("Inside.", "Otherwise.").replace("Solve.", "Fit.")
    )
    assert _digest(folder) == _digest(again)


def test_a_missing_entry_is_an_error(source) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"lawbook\.laws\.forms\.absent has no file"):
        digest_of(frozenset({"lawbook.laws.forms.absent"}), source=source())


@pytest.mark.parametrize("stage", [stage for stage in STAGES.values() if stage.modules], ids=lambda s: s.name)
def test_every_stage_has_a_digest(stage: Stage) -> None:
    assert len(digest_of(frozenset(stage.modules), stage.without)) == 16


@pytest.mark.parametrize(
    ("stage", "module"),
    [("import", "lawbook.storage.user_table.numbers"), ("import", "lawbook.storage.run_state"),
     ("fit", "lawbook.storage.run_state")],
)  # fmt: skip
def test_how_a_table_from_outside_is_understood_counts(stage: str, module: str) -> None:
    without = frozenset((*NOT_COUNTED, *STAGES[stage].without))
    reached = modules_reached(STAGES[stage].modules, without, SOURCE)

    assert module in reached
    assert "lawbook.storage.tables" not in reached


def test_training_counts_what_it_computes_with_and_nothing_above_it() -> None:
    reached = modules_reached(STAGES["train"].modules, frozenset(NOT_COUNTED), SOURCE)

    assert {"lawbook.training.stack", "lawbook.pruning.selection", "lawbook.seeds"} <= reached
    for room in ("report", "laws", "studies", "cli", "progress"):
        assert not {name for name in reached if name.startswith(f"lawbook.{room}")}
