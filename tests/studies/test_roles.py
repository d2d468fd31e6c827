"""Every column of a table of runs has a role, from the plan and not from its name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.results.reader import Results
from lawbook.storage.tables import read_roles, write_table
from lawbook.studies import Plan, load_study, make_plan

STUDIES = Path(__file__).parents[2] / "config/studies"


@pytest.fixture(scope="module")
def parity() -> Plan:
    """Return the plan of a study whose task measures more than loss and error."""
    return make_plan(load_study(STUDIES / "quanta.yaml"))


def test_a_plan_knows_the_role_of_each_of_its_columns(parity: Plan) -> None:
    table = parity.table()

    assert set(table) <= set(parity.roles)
    by_role = {role: {c for c in table if parity.roles[c] == role} for role in set(parity.roles.values())}
    assert by_role["identity"] == {"run_id", "sweeps", "flops_rule"}
    assert by_role["size"] == {"n_params", "n_params_non_embedding", "flops", "scoring_flops"}
    assert by_role["cost"] == {"shard", "device", "devices", "strategy", "bytes", "predicted_s"}
    assert {"task", "n_tasks", "width", "learning_rate", "keep_fraction", "seed"} <= by_role["axis"]
    assert parity.roles["test_learned_half_bit"] == "metric"


def test_roles_are_kept_in_the_file(parity: Plan, tmp_path: Path) -> None:
    runs = parity.table().assign(test_loss=1.0, train_sharpness=2.0)
    write_table(runs, tmp_path / "runs.parquet", roles={**parity.roles, "train_sharpness": "measurement"})
    found = Results(tmp_path)

    assert found.columns("metric", "measurement") == ["test_loss", "train_sharpness"]
    assert found.axes == [column for column in runs if parity.roles.get(column) == "axis"]
    assert "train_sharpness" not in found.axes, "a stray column is no axis"


def test_a_table_without_roles_is_one_message(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"x": [1.0]}), tmp_path / "runs.parquet")

    with pytest.raises(LawbookError, match="does not say what its columns are; delete it and run again"):
        read_roles(tmp_path / "runs.parquet")


TABLE = """
title: Given
question: What is each column?
table: {path: runs.csv}
laws: {loss: {y: loss, x: N, by: [data], where: {D: 8}}}
claims:
  - {difference: speed, of: {optimizer: a}, minus: {optimizer: b}, paired_by: run, at_least: 0, origin: exploratory}
"""


def test_what_a_study_names_of_a_table_says_its_role(tmp_path: Path) -> None:
    columns = ["N", "D", "loss", "speed", "data", "optimizer", "run", "seed", "run_name", "n_params"]
    (tmp_path / "given.yaml").write_text(TABLE)
    (tmp_path / "runs.csv").write_text(",".join(columns) + "\n")

    roles = make_plan(load_study(tmp_path / "given.yaml")).roles

    assert {c for c in columns if roles[c] == "axis"} == {"D", "data", "optimizer", "run", "seed"}
    assert {c for c in columns if roles[c] == "metric"} == {"loss", "speed"}
    assert {c for c in columns if roles[c] == "size"} == {"N"}
    assert {c for c in columns if roles[c] == "attribute"} == {"run_name", "n_params"}
    assert roles["run_id"] == roles["status"] == "identity"
