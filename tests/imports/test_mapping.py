"""Mappings: what a file may say, what is guessed without one, and what only the user can choose."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.imports.conftest import lightning_run
from tests.imports.test_jsonl import lines

from lawbook.imports import Run
from lawbook.imports._guess import guess, mapping_text, taken
from lawbook.imports._mapping import read_mapping
from lawbook.storage.checksum import check_seal
from lawbook.storage.tables import read_roles


def run(run_id: str = "a", summary: dict[str, object] | None = None, **config: object) -> Run:
    """Return a finished run."""
    return Run(run_id, run_id, "finished", config, summary or {"val_loss": 2.0, "tokens": 100})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "taken_as"),
    [
        (["val_loss", "train_loss", "loss"], "val_loss"),
        (["train/loss", "eval/loss"], "eval/loss"),
        (["loss", "test_loss"], "test_loss"),
        (["eval/c4/loss", "train/loss"], "eval/c4/loss"),
        (["best_val_loss", "val_loss"], "val_loss"),
        (["validation_loss", "Eval/LOSS_extra"], "validation_loss"),
        (["loss", "lossless"], "loss"),
    ],
)
def test_a_validation_loss_goes_before_others(keys: list[str], taken_as: str) -> None:
    told = {key: float(place) for place, key in enumerate(keys)}
    assert taken(guess([run(summary=told, n_params=10)]))["loss"] == f"summary.{taken_as}"


@pytest.mark.parametrize(
    ("config", "column", "place"),
    [
        ({"n_params": 5, "n_params_non_embedding": 4}, "N", "config.n_params"),
        ({"model.num_parameters": 5}, "N", "config.model.num_parameters"),
        ({"model_size": 5, "hidden_size": 4}, "N", "config.model_size"),
        ({"n_params": 5, "optimizer.lr": 0.1, "min_lr": 0.01}, "lr", "config.optimizer.lr"),
        (
            {"n_params": 5, "global_batch_size": 64, "eval_batch_size": 8},
            "batch_size",
            "config.global_batch_size",
        ),
        ({"n_params": 5, "data.seed": 1, "seed": 2}, "seed", "config.seed"),
    ],
)
def test_sizes_and_settings_are_found_by_name(config: dict[str, object], column: str, place: str) -> None:
    assert taken(guess([run(**config)]))[column] == place


def test_a_mapping_that_is_guessed_is_one_that_can_be_read(tmp_path: Path) -> None:
    hostile = 'val_loss: {"x"} # \u2028'
    runs = [run(summary={hostile: 1.0, "loss": 2.0, "my_tokens": 3}, n_params=5, seed=0)]
    file = tmp_path / "guessed.yaml"
    file.write_text(mapping_text(guess(runs), 1))

    assert read_mapping(file).columns == taken(guess(runs))


def test_between_equal_candidates_the_user_chooses(tmp_path: Path, type_import) -> None:
    told = [{"run_id": f"r{i}", "config": {"n_params": 10**i, "a.seed": 1, "b.seed": 2 * i},
             "summary": {"eval/a/loss": 3.0 - i / 10, "eval/b/loss": 2.0}} for i in range(3)]  # fmt: skip
    lines(tmp_path / "runs.jsonl", told)
    first = type_import("jsonl", "runs.jsonl")

    assert (first.code, first.out) == (2, "")
    assert (
        "loss may be summary.eval/a/loss or summary.eval/b/loss; keep one of them in runs.map.yaml"
        in first.err
    )
    assert not (tmp_path / "runs.parquet").exists()
    again = type_import("jsonl", "runs.jsonl")
    assert (
        "columns.loss: names 2 values (summary.eval/a/loss, summary.eval/b/loss); keep one of them"
        in again.err
    )

    file = tmp_path / "runs.map.yaml"
    file.write_text(
        file.read_text().replace('["summary.eval/a/loss", "summary.eval/b/loss"]', "summary.eval/a/loss")
    )
    chosen = type_import("jsonl", "runs.jsonl")
    assert (chosen.code, list(chosen.table.columns)) == (0, ["run", "N", "loss"])
    assert "# seed: one of " in file.read_text()


def test_values_that_are_equal_in_every_run_are_no_tie() -> None:
    runs = [run(f"r{i}", **{"n_params": i, "model.n_params": i, "b.seed": 1, "a.seed": 1}) for i in (5, 6)]

    assert taken(guess(runs))["seed"] == "config.a.seed"


MISTAKES = {
    "column: {N: config.n}": "column: there is no such key; did you mean 'columns'?",
    "{}": "columns: this key is missing",
    "columns: {}": "columns = {}: ",
    "columns: {N: n_params}": "columns.N = 'n_params': this names no value of a run; write config.KEY",
    "columns: {N: config.}": "columns.N = 'config.': this names no value of a run",
    "columns: {run: config.n_params}": "the table has a column 'run' already",
    'columns: {" N": config.n_params}': "a column cannot be called so",
    "columns: {N: config.n_params}\nstates: [finishd]": "there is no such state; did you mean 'finished'?",
    "columns: {N: config.n_params}\nstates: finished": "states = 'finished': ",
    "columns: {N: config.n_params}\nat: first": "at = 'first': ",
    "columns: {N: config.n_params}\nat: min": "at: min needs a column of a metric",
    "columns: {loss: summary.val_loss}\nof: lss": "of names 'lss', which is no column; did you mean 'loss'?",
    "columns: {loss: summary.val_loss}\nrequire: [los]": "require names 'los', which is no column; did you mean",
    "columns: {N: config.n_params}\nwhere: {config.seed: {atleast: 3}}": "where.config.seed.atleast: there is no",
    "columns: {N: config.n_params}\nwhere: {config.seed: {at_least: x}}": "write a value, a list of values",
    "columns: {1: config.n_params}": "columns.1",
    "columns: 3": "columns = 3: ",
    "columns: {N: config.n_parms}": "'config.n_parms': no run has this value; did you mean 'config.n_params'?",
    "columns: {N: config.n_params}\nwhere: {config.sed: 3}": "did you mean 'config.seed'?",
    "columns: {N: config.n_params, N: config.seed}": "the key 'N' stands twice",
    "columns: [": "this is not YAML",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_a_mapping_is_one_message(tmp_path: Path, type_import, text: str) -> None:
    lightning_run(tmp_path / "logs/version_0", 1000, [3.0])
    done = type_import("lightning", "logs", mapping=text)

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert done.err.startswith("Error: map.yaml: ")
    assert MISTAKES[text] in done.err


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("config.n_params: 2000", ["version_1"]),
        ("config.n_params: [1000, 3000]", ["version_0", "version_2"]),
        ("config.n_params: {at_least: 1500}", ["version_1", "version_2"]),
        ("config.n_params: {at_least: 1500, at_most: 2500}", ["version_1"]),
        ("run.name: version_2", ["version_2"]),
    ],
)
def test_rows_are_of_the_runs_that_are_wanted(
    tmp_path: Path, type_import, where: str, kept: list[str]
) -> None:
    for i in range(3):
        lightning_run(tmp_path / f"logs/version_{i}", 1000 * (i + 1), [3.0, 2.0])
    columns = "columns: {N: config.n_params, loss: summary.val_loss}\n"
    done = type_import("lightning", "logs", mapping=f"{columns}where: {{{where}}}\n")

    assert done.table["run"].to_list() == kept
    assert all("where: " in reason for reason in done.rejected["reason"])


def test_the_states_that_count_are_the_users(tmp_path: Path, type_import) -> None:
    told = [
        {"id": s, "state": s, "config": {"n_params": 1}, "summary": {"loss": 2.0}}
        for s in ("finished", "crashed")
    ]
    lines(tmp_path / "runs.jsonl", told)
    columns = "columns: {N: config.n_params, loss: summary.loss, state: run.state}\n"

    default = type_import("jsonl", "runs.jsonl", mapping=columns)
    assert default.table["state"].to_list() == ["finished"]
    both = type_import("jsonl", "runs.jsonl", mapping=columns + "states: [finished, crashed]\n")
    assert both.table["state"].to_list() == ["finished", "crashed"]


def test_steps_that_give_no_row_are_counted(tmp_path: Path, type_import) -> None:
    lightning_run(tmp_path / "logs/version_0", 1000, [3.0, "nan", 2.0, "inf"])
    columns = "columns: {loss: summary.val_loss, N: config.n_params}\n"

    every = type_import("lightning", "logs", mapping=columns + "at: every\n")
    assert every.table["step"].to_list() == [0, 2]
    assert "2 steps of 1 runs are left out" in every.out
    lowest = type_import("lightning", "logs", mapping=columns + "at: min\n")
    assert (lowest.table["step"].to_list(), lowest.table["loss"].to_list()) == ([2], [2.0])
    assert type_import("lightning", "logs", mapping=columns).code == 2  # it has diverged


def test_sizes_are_numbers_where_numbers_are_needed_and_names_elsewhere(tmp_path: Path, type_import) -> None:
    told = [
        {"config": {"model_size": size, "label": size}, "summary": {"loss": 2.0}} for size in ("300M", "1.4B")
    ]
    lines(tmp_path / "runs.jsonl", told)
    guessed = type_import("jsonl", "runs.jsonl")
    assert guessed.table["N"].to_list() == [300_000_000, 1_400_000_000]

    mapping = "columns: {loss: summary.loss, N: config.model_size, label: config.label}\n"
    assert type_import("jsonl", "runs.jsonl", mapping=mapping).table["label"].to_list() == ["300M", "1.4B"]


def test_a_value_of_the_end_is_the_same_at_every_step(tmp_path: Path, type_import) -> None:
    lightning_run(tmp_path / "logs/version_0", 1000, [3.0, 2.0, 2.5])
    columns = "columns: {loss: summary.val_loss, D: summary.tokens, all: final.tokens}\nat: every\n"
    done = type_import("lightning", "logs", mapping=columns)

    assert done.table.drop(columns="run").to_dict("list") == {
        "step": [0, 1, 2], "loss": [3.0, 2.0, 2.5], "D": [0, 100, 200], "all": [200, 200, 200],
    }  # fmt: skip


def test_a_setting_that_some_runs_lack_is_missing_not_zero(tmp_path: Path, type_import) -> None:
    for i in range(2):
        lightning_run(tmp_path / f"logs/version_{i}", 1000, [3.0])
    (tmp_path / "logs/version_1/hparams.yaml").write_text("n_params: 2000\n")
    done = type_import("lightning", "logs")

    assert done.table["lr"].isna().to_list() == [False, True]
    assert "missing in some rows: lr (in 1 of 2), seed (in 1 of 2)" in done.out


def test_a_table_says_where_it_came_from(tmp_path: Path, type_import) -> None:
    lightning_run(tmp_path / "logs/version_0", 1000, [3.0])
    folder = type_import("lightning", "logs").folder
    origin = json.loads((folder / "runs.import.json").read_text())

    assert origin["sha256"] == hashlib.sha256((folder / "runs.parquet").read_bytes()).hexdigest()
    assert (origin["kind"], origin["source"], origin["runs"], origin["rejected"]) == (
        "lightning",
        "logs",
        1,
        0,
    )
    assert origin["mapping"]["columns"] == yaml.safe_load((folder / "runs.map.yaml").read_text())["columns"]
    check_seal(folder / "runs.parquet")
    assert read_roles(folder / "runs.parquet") == {
        "run": "identity", "N": "axis", "D": "metric", "loss": "metric", "lr": "axis", "seed": "axis",
    }  # fmt: skip
    before = (folder / "runs.parquet").read_bytes(), origin["source_sha256"]
    (tmp_path / "logs/version_0/metrics.csv").write_text("step,val_loss,tokens\n0,3.5,1\n")
    type_import("lightning", "logs")
    assert json.loads((folder / "runs.import.json").read_text())["source_sha256"] != before[1]
    assert (folder / "runs.parquet").read_bytes() != before[0]


def test_the_same_table_as_csv(tmp_path: Path, type_import) -> None:
    lightning_run(tmp_path / "logs/version_0", 1000, [1 / 3])
    table = type_import("lightning", "logs").table
    type_import("lightning", "logs", "--out", "runs.csv")

    assert pd.read_csv(tmp_path / "runs.csv").to_dict() == table.to_dict()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lightnig", "logs"), "there is no kind 'lightnig' of import; did you mean 'lightning'?"),
        (("lightning", "log"), "log: there is no such folder; did you mean 'logs'?"),
        (("lightning", "empty"), "empty: holds no metrics.csv; give a folder with lightning_logs"),
        (("tensorboard", "logs"), "logs: holds no event file"),
        (("mlflow", "logs"), "logs: holds no run of MLflow"),
        (("jsonl", "logs"), "logs: holds no .jsonl file"),
        (("lightning", "map.yaml"), "map.yaml: is no folder"),
        (
            ("lightning", "logs", "--out", "runs.xlsx"),
            "--out runs.xlsx: a table is written as Parquet or CSV",
        ),
        (("lightning", "logs", "--map", "absent.yaml"), "absent.yaml"),
        (
            ("lightning", "diverged"),
            "none of 1 runs gives a row (1 × summary.val_loss = nan is no finite number)",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_one_message(
    tmp_path: Path, type_import, arguments: tuple[str, ...], message: str
) -> None:
    lightning_run(tmp_path / "logs/version_0", 1000, [3.0])
    lightning_run(tmp_path / "diverged/version_0", 1000, [3.0, "nan"])
    (tmp_path / "empty").mkdir()
    (tmp_path / "map.yaml").write_text("columns: {loss: summary.val_loss}\n")
    more = ("--map", "map.yaml") if "diverged" in arguments else ()
    done = type_import(*arguments, *more)

    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_metrics_without_a_loss_are_listed(tmp_path: Path, type_import) -> None:
    lines(tmp_path / "runs.jsonl", [{"n_params": 1, "accuracy": 0.5}])
    done = type_import("jsonl", "runs.jsonl")

    assert "no metric looks like a loss" in done.err
    assert "summary.accuracy" in done.err


def test_what_is_imported_is_fitted_by_the_command_that_is_shown(tmp_path: Path, type_import) -> None:
    for i in range(12):
        n = int(10 ** (5 + i / 4))
        lightning_run(tmp_path / f"logs/version_{i}", n, [4.0, 1.5 + 400 * n**-0.5])
        (tmp_path / f"logs/version_{i}/metrics.csv").write_text(f"step,val_loss\n1,{1.5 + 400 * n**-0.5!r}\n")
    done = type_import("lightning", "logs")
    (command,) = [line.removeprefix("Next: ") for line in done.out.splitlines() if line.startswith("Next: ")]
    words = command.split()
    fitted = subprocess.run(
        [sys.executable, "-m", *words, "--draws", "20", "--json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert fitted.returncode in (0, 3), fitted.stderr
    alpha = json.loads(fitted.stdout)["fits"]["power_floor"]["estimates"]["alpha"]["value"]
    assert alpha == pytest.approx(0.5, abs=1e-3)


def test_a_kind_of_ones_own_is_one_file(tmp_path: Path, type_import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAWBOOK_EXTENSIONS", "")  # as it was, once the test has ended
    for folder in ("config", "extensions/imports"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "config/config.yaml").write_text("extensions: extensions\n")
    (tmp_path / "extensions/imports/lab_book.py").write_text(
        "from lawbook.imports import Kind, Run\n\n"
        "def read(source, answers):\n"
        "    for line in answers.read(__import__('pathlib').Path(source)).decode().split():\n"
        "        n, loss = line.split(':')\n"
        "        yield Run(n, n, 'done', {'n_params': int(n)}, {'loss': float(loss)})\n\n"
        "kind = Kind('a page', read)\n"
    )
    (tmp_path / "page").write_text("100:3.5 200:3.0\n")
    done = type_import("lab_book", "page")

    assert done.code == 0, done.err
    assert done.table.to_dict("list") == {"run": ["100", "200"], "N": [100, 200], "loss": [3.5, 3.0]}


def test_the_command_line_starts_without_what_imports_need() -> None:
    program = (
        "import sys, lawbook.cli.app\n"
        "heavy = {'pydantic', 'pandas', 'urllib.request', 'lawbook.imports'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
