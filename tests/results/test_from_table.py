"""A table of runs is imported as it is, or refused by file, column and row."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.laws.note import Note, Severity, notes_from_json
from lawbook.results.from_table import import_table
from lawbook.storage.user_table import read_source
from lawbook.studies import Plan, load_study, make_plan

STUDY = """
title: Taking
question: Is every row there?
table: {path: FILE, rename: {params: N}}
laws:
  loss_by_size: {y: loss, x: N}
"""
ROWS = "params,loss,seed\n8,0.9,0\n16,0.8,0\n32,,0\n"


@pytest.fixture
def planned(tmp_path: Path) -> Callable[..., Plan]:
    """Return a function that plans the study of a table with this content."""

    def plan(content: str | bytes, name: str = "runs.csv") -> Plan:
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        (tmp_path / "taking.yaml").write_text(STUDY.replace("FILE", name))
        return make_plan(load_study(tmp_path / "taking.yaml"))

    return plan


def test_rows_stand_in_their_order_under_the_studys_names(planned: Callable[..., Plan]) -> None:
    runs, source = import_table(planned(ROWS))

    assert runs["run_id"].tolist() == ["row_1", "row_2", "row_3"]
    assert runs["N"].tolist() == [8, 16, 32]
    assert runs["loss"].isna().tolist() == [False, False, True]
    assert (runs["status"] == "ok").all()
    assert runs["diverged_step"].isna().all()
    assert source.to_dict("records") == [
        {
            "file": "runs.csv", "sha256": hashlib.sha256(ROWS.encode()).hexdigest(), "rows": 3,
            "rename": '{"params": "N"}', "notes": "[]",
        }
    ]  # fmt: skip


def test_an_index_column_and_a_byte_order_mark_do_no_harm(planned: Callable[..., Plan]) -> None:
    plain, _ = import_table(planned(ROWS))
    marked, _ = import_table(planned("\ufeff" + ROWS))
    indexed, _ = import_table(planned(",params,loss,seed\n0,8,0.9,0\n1,16,0.8,0\n2,32,,0\n"))

    pd.testing.assert_frame_equal(marked, plain)
    pd.testing.assert_frame_equal(indexed, plain)


def test_parquet_gives_the_same_runs(planned: Callable[..., Plan], tmp_path: Path) -> None:
    plain, _ = import_table(planned(ROWS))
    pd.read_csv(tmp_path / "runs.csv").to_parquet(tmp_path / "other.parquet")
    stored, _ = import_table(planned((tmp_path / "other.parquet").read_bytes(), "other.parquet"))

    pd.testing.assert_frame_equal(stored, plain)


def test_a_table_is_read_as_lawbook_fit_reads_it(planned: Callable[..., Plan], tmp_path: Path) -> None:
    runs, _ = import_table(
        planned("params;loss;known;note\n8;0.1234567890123456789;true; a \n\n16;n/a;false;-\n")
    )

    source = read_source(tmp_path / "runs.csv").table
    assert list(source.index) == [2, 4]
    assert runs["loss"].tolist()[0] == float("0.1234567890123456789") == source["loss"].tolist()[0]
    assert runs["loss"].isna().tolist() == runs["note"].isna().tolist() == [False, True]
    assert (runs["N"].dtype, runs["known"].dtype) == (np.dtype(np.int64), np.dtype(bool))
    assert runs["note"].iloc[0] == "a"


def test_a_run_keeps_its_own_name_and_status(planned: Callable[..., Plan]) -> None:
    runs, _ = import_table(planned("run_id,params,loss,status\n7,8,0.9,ok\n8,16,,diverged\n"))

    assert runs["run_id"].tolist() == ["7", "8"]
    assert runs["status"].tolist() == ["ok", "diverged"]


def notes_in(source: pd.DataFrame) -> dict[str, Note]:
    """Return what the table 'source' tells of how the file was read, by code."""
    return {note.code: note for note in notes_from_json(source["notes"].iloc[0])}


@pytest.mark.parametrize("column", ["status", "State"])
def test_runs_that_did_not_end_are_left_out_and_named_by_their_rows(
    planned: Callable[..., Plan], column: str
) -> None:
    words = ("finished", "crashed", "diverged", "RUNNING", "finished")
    rows = "".join(f"{8 * i},{1 / i},{word}\n" for i, word in enumerate(words, start=1))
    runs, source = import_table(planned(f"params,loss,{column}\n{rows}"))

    assert runs["run_id"].tolist() == ["row_1", "row_3", "row_5"]
    assert runs["status"].tolist() == ["ok", "diverged", "ok"]
    note = notes_in(source)["failed"]
    assert (note.severity, note.details["rows"]) == (Severity.WARNING, [3, 5])
    assert "2 runs did not end (RUNNING, crashed) and are left out" in note.message
    assert source["rows"].tolist() == [5]


def test_a_column_of_states_may_be_renamed_away(planned: Callable[..., Plan], tmp_path: Path) -> None:
    planned("params,loss,State\n8,0.9,CA\n16,0.8,NY\n")
    study = tmp_path / "taking.yaml"
    study.write_text(study.read_text().replace("{params: N}", "{params: N, State: region}"))
    runs, _ = import_table(make_plan(load_study(study)))

    assert runs["region"].tolist() == ["CA", "NY"]
    assert (runs["status"] == "ok").all()


def test_numbers_are_understood_and_it_is_said(planned: Callable[..., Plan]) -> None:
    runs, source = import_table(planned("params;loss;name\n300M;2,5;7B\n1.4B;2,25;13B\n"))

    assert runs["N"].tolist() == [3e8, 1.4e9]
    assert runs["loss"].tolist() == [2.5, 2.25]
    assert runs["name"].tolist() == ["7B", "13B"]
    assert notes_in(source)["numbers_as_written"].severity == Severity.INFO


def test_a_column_that_tells_the_seeds_is_seed_besides(planned: Callable[..., Plan]) -> None:
    runs, source = import_table(planned("params,loss,config.seed\n8,0.9,5\n16,0.8,6\n"))

    assert runs["seed"].tolist() == runs["config.seed"].tolist() == [5, 6]
    assert "config.seed" in notes_in(source)["seed_recognised"].message
    assert notes_in(import_table(planned(ROWS))[1]) == {}


def test_a_packed_file_of_json_lines_is_a_table(planned: Callable[..., Plan]) -> None:
    lines = '{"params": 8, "loss": 0.9, "config": {"a": 1}}\n{"params": 16, "loss": 0.8}\n'
    runs, _ = import_table(planned(gzip.compress(lines.encode()), "runs.jsonl.gz"))

    assert runs["N"].tolist() == [8, 16]
    assert "config" not in runs


def test_a_law_over_a_column_of_lists_is_one_message_before_anything_is_read(
    planned: Callable[..., Plan],
) -> None:
    with pytest.raises(
        LawbookError, match=r"column 'N' holds lists or objects, not one value a row; write what"
    ):
        planned('{"params": [8], "loss": 0.9}\n', "runs.jsonl")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("params,loss,State\n8,0.9,crashed\n", "no run ended: all are crashed"),
        ("params,loss\n", "has no rows"),
        ("params,loss\n8,0.9\n16,n/k\n32,oops\n", r"column 'loss' is not numeric: rows 3, 4 \('n/k', 'oops'\)"),
        ("params,loss\n~8k,0.9\n", r"column 'params' is not numeric: rows 2 \('~8k'\)"),
        ("run_id,params,loss\na,8,1\nb,8,1\na,8,1\n", r"'run_id': a run stands twice \(rows 2, 4: 'a', 'a'\)"),
        ("params,loss,status\n8,1,fine\n", r"'status': this is no status of a run \(rows 2: 'fine'\); write ok"),
        ('params,loss\n8,1\n"16,2\n', r"runs.csv: the header has 2 cells .*, row 3 has 1; a cell left out"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_named(planned: Callable[..., Plan], content: str, said: str) -> None:
    with pytest.raises(LawbookError, match=said):
        import_table(planned(content))


def test_a_study_that_trains_has_no_table(tmp_path: Path) -> None:
    studies = Path(__file__).parents[2] / "config/studies"

    with pytest.raises(LawbookError, match="it has no table to import"):
        import_table(make_plan(load_study(studies / "smoke.yaml")))


def test_a_schedule_may_have_a_name(planned: Callable[..., Plan], tmp_path: Path) -> None:
    planned("params,step,rate,loss\nconst,1k,1e-3,0.9\ndrop,2k,1e-3,0.8\n")
    study = tmp_path / "taking.yaml"
    law = "{y: loss, x: [N, step, rate], compare: [annealing]}"
    study.write_text(study.read_text().replace("{y: loss, x: N}", law))
    runs, _ = import_table(make_plan(load_study(study)))

    assert runs["N"].tolist() == ["const", "drop"]
    assert runs["step"].tolist() == [1000, 2000]
