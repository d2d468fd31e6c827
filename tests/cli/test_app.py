"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.conftest import Typed

from lawbook.storage.tables import write_table

STUDIES = Path(__file__).parents[2] / "config/studies"


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: Typed) -> Typed:
    """Return a function that runs the command line in a fresh folder: arguments -> exit code, output, errors."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(f"studies: {STUDIES}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return typed


def _judged(*verdicts: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "claim": range(len(verdicts)), "text": [f"claim {i}" for i in range(len(verdicts))], "kind": "value",
            "origin": "exact", "source": "", "expected": "0.5 ± 0.1", "estimate": 0.51, "low": 0.5, "high": 0.52,
            "n": 8, "verdict": verdicts, "reason": "the interval lies across the edge",
        }
    )  # fmt: skip


def test_plan_lists_shards_and_totals(call) -> None:
    code, out, _ = call("plan", "smoke")

    assert code == 0
    assert "width=16_pruned" in out
    assert "total" in out


def test_plan_gives_every_run_as_csv(call) -> None:
    code, out, _ = call("plan", "smoke", "--csv")

    assert code == 0
    assert out.startswith("run_id,sweeps,shard,")
    assert len(out.splitlines()) == 1 + 20


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [(["holds", "holds"], 0), (["holds", "undecided"], 3), (["undecided", "fails"], 1), ([], 0)],
)
def test_verify_exits_by_the_worst_verdict_and_prints_all_claims(
    call, tmp_path: Path, verdicts: list[str], code: int
) -> None:
    write_table(_judged(*verdicts), tmp_path / "results/smoke/claims.parquet", "claims")

    found, out, _ = call("verify", "smoke")

    assert found == code
    assert all(verdict in out for verdict in verdicts)
    assert out.count("across the edge") == sum(verdict != "holds" for verdict in verdicts)


def test_verify_and_report_say_how_to_make_what_is_missing(call) -> None:
    for command in ("verify", "report"):
        code, _, errors = call(command, "smoke")
        assert code == 2
        assert "`lawbook run smoke` makes it" in errors


def test_an_unknown_study_is_one_message(call) -> None:
    code, out, errors = call("plan", "smok")

    assert (code, out) == (2, "")
    assert errors == f"Error: there is no study 'smok' in {STUDIES}; did you mean 'smoke'?\n"


def test_an_unknown_setting_is_one_message(call, tmp_path: Path) -> None:
    (tmp_path / "config/config.yaml").write_text("reslts: elsewhere\n")

    code, _, errors = call("plan", "smoke")

    assert code == 2
    assert errors == (
        "Error: config/config.yaml: reslts = 'elsewhere': there is no such key; did you mean 'results'?\n"
    )


def test_a_folder_without_settings_is_one_message(call, tmp_path: Path) -> None:
    (tmp_path / "config/config.yaml").unlink()

    code, _, errors = call("plan", "smoke")

    assert code == 2
    assert "run this in the folder that holds config" in errors


@pytest.mark.parametrize("twin", [False, True])
def test_a_study_called_yml_is_named_with_the_fix(call, tmp_path: Path, twin: bool) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/one.yml").write_text((STUDIES / "smoke.yaml").read_text())
    if twin:
        (tmp_path / "mine/one.yaml").write_text((STUDIES / "smoke.yaml").read_text())
    (tmp_path / "config/config.yaml").write_text("studies: mine\n")

    said = "mine/one.yml: the file of a study ends in .yaml; rename or delete it"
    assert call("plan", "one") == (2, "", f"Error: {said}\n")
    assert "the file of a study ends in .yaml" in " ".join(call("status")[1].replace("│", "").split())


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_a_folder_without_studies_is_one_message(call, tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "config/config.yaml").write_text(f"studies: {folder}\n")

    for command in (("plan", "smoke"), ("status",)):
        code, out, errors = call(*command)
        assert (code, out) == (2, "")
        assert errors.startswith(f"Error: studies = '{folder}': ")
        assert errors.count("\n") == 1


def test_status_shows_progress_of_one_study_and_of_all(call) -> None:
    assert "waiting" in call("status", "smoke")[1]
    everything = call("status")[1]
    assert "smoke" in everything
    assert "0%" in everything


def test_the_cache_is_listed_and_cleared(call, tmp_path: Path) -> None:
    kind = tmp_path / "results/.cache/0123456789abcdef"
    kind.mkdir(parents=True)
    (kind / "a.parquet").write_bytes(b"12345")

    assert "0123456789abcdef" in call("cache", "list")[1]
    assert call("cache", "clear", "--yes")[0] == 0
    assert not kind.exists()
    assert "0 bytes" in call("cache", "list")[1]


def test_options_that_lawbook_sets_itself_are_refused(call) -> None:
    code, _, errors = call("run", "smoke", "--", "--config", "results=elsewhere")

    assert code == 2
    assert errors.startswith("Error: --config: `lawbook run` sets this itself")


@pytest.mark.parametrize("cores", ["0", "-1", "many", "2.5", "", "²"])
def test_a_number_of_jobs_that_is_none_is_one_message(call, cores: str) -> None:
    code, out, errors = call("run", "smoke", f"--cores={cores}")

    assert (code, out) == (2, "")
    assert errors == f"Error: --cores {cores!r}: write how many jobs may run at once, from 1 on, or all\n"


def test_the_version_is_told(call) -> None:
    assert call("--version") == (0, f"lawbook {importlib.metadata.version('lawbook')}\n", "")


def test_help_answers_at_once_since_it_loads_nothing_heavy() -> None:
    program = (
        "import sys, lawbook.cli.app\n"
        "heavy = {'torch', 'numpy', 'pandas', 'scipy', 'matplotlib', 'pydantic', 'snakemake'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
