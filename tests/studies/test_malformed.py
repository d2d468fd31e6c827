"""Every malformed study gives one error: file, field, value and fix; exit code 2; and nothing is trained.

Each file of `malformed/` begins with the fragments that its error has to hold.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lawbook.cli.app import main

FILES = sorted((Path(__file__).parent / "malformed").glob("*.yaml"))


def test_there_are_eighty_of_them() -> None:
    assert len(FILES) >= 80


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_one_error_says_what_where_and_how_to_mend_it(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "# expect: "
    expected = [line.removeprefix(head) for line in file.read_text().splitlines() if line.startswith(head)]
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(f"studies: {file.parent}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["lawbook", "plan", file.stem])

    with pytest.raises(SystemExit) as ended:
        main()

    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert said.err.startswith(f"Error: {file}: ")
    assert len(said.err.splitlines()) == 1
    assert expected
    assert [fragment for fragment in expected if fragment not in said.err] == []
    assert "; " in said.err, "no fix is given"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config"]
