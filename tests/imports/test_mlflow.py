"""MLflow: its file store, laid out as MLflow 3.17 does, and its server, played by one on this machine."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from tests.imports.tracking_server import Server

from lawbook.errors import LawbookError
from lawbook.imports import Rejected
from lawbook.imports._answers import Answers


def store_run(
    experiment: Path,
    run_id: str,
    status: int = 3,
    stage: str = "active",
    meta: str = "",
    **metrics: list[float],
) -> Path:
    """Write a run of a file store; its parameters are text, and its metrics lines of time, value and step."""
    folder = experiment / run_id
    for part in ("params/optimizer", "metrics/eval", "tags", "artifacts"):
        (folder / part).mkdir(parents=True)
    experiment.joinpath("meta.yaml").write_text("artifact_location: x\nexperiment_id: '7'\nname: sizes\n")
    written = f"run_id: {run_id}\nrun_name: {run_id} by name\nstatus: {status}\nlifecycle_stage: {stage}\n"
    (folder / "meta.yaml").write_text(meta or written)
    (folder / "params/n_params").write_text("12000000")
    (folder / "params/optimizer/lr").write_text("3e-4")
    (folder / "tags/mlflow.user").write_text("someone")
    (folder / "tags/team").write_text("scaling")
    for name, values in {"tokens": [1e6, 2e6], "eval/loss": [3.0, 2.5], **metrics}.items():
        points = [f"17640000000{step} {value} {step * 10}\n" for step, value in enumerate(values)]
        (folder / "metrics" / name).write_text("".join(points))
    return folder


def test_a_file_store_is_read(tmp_path: Path, read) -> None:
    store_run(tmp_path / "mlruns/7", "abc")
    (run,) = read("mlflow", tmp_path / "mlruns")

    assert (run.run_id, run.name, run.state) == ("abc", "abc by name", "finished")
    assert run.config == {"n_params": "12000000", "optimizer/lr": "3e-4"}
    assert run.summary == {"tokens": 2e6, "eval/loss": 2.5}
    assert run.curve([])[0] == {"tokens": 1e6, "eval/loss": 3.0}
    assert run.about == {"experiment": "sizes", "tags.team": "scaling"}


def test_states_are_words_and_what_was_deleted_stays_so(tmp_path: Path, type_import) -> None:
    for number in range(1, 6):
        store_run(tmp_path / "mlruns/7", f"r{number}", status=number)
    store_run(tmp_path / "mlruns/7", "gone", stage="deleted")
    store_run(tmp_path / "mlruns/.trash/8", "hidden")
    done = type_import("mlflow", "mlruns")

    assert list(done.table["run"]) == ["r3"]
    rejected = dict(zip(done.rejected["run"], done.rejected["reason"], strict=True))
    assert rejected == {
        "r1": "its state is running", "r2": "its state is scheduled", "r4": "its state is failed",
        "r5": "its state is killed", "gone": "deleted in MLflow",
    }  # fmt: skip


def test_texts_become_typed_columns(tmp_path: Path, type_import) -> None:
    store_run(tmp_path / "mlruns/7", "abc")
    done = type_import("mlflow", (tmp_path / "mlruns").as_uri())

    assert done.table.dtypes.astype(str).to_dict() | {"run": ""} == {
        "run": "", "N": "int64", "D": "float64", "loss": "float64", "lr": "float64",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (("meta.yaml", b"run_id: [\n"), "meta.yaml is not YAML"),
        (("metrics/tokens", b"1 x 0\n"), "line 1 is no `timestamp value step`"),
        (("metrics/tokens", b"1\n"), "line 1 is no `timestamp value step`"),
    ],
)
def test_a_damaged_run_is_rejected_and_the_others_read(
    tmp_path: Path, read, damage: tuple[str, bytes], reason: str
) -> None:
    store_run(tmp_path / "mlruns/7", "good")
    (store_run(tmp_path / "mlruns/7", "bad") / damage[0]).write_bytes(damage[1])
    bad, good = read("mlflow", tmp_path / "mlruns")

    assert (good.run_id, isinstance(bad, Rejected)) == ("good", True)
    assert reason in bad.reason


def test_a_point_that_is_still_written_is_left_out(tmp_path: Path, read) -> None:
    folder = store_run(tmp_path / "mlruns/7", "abc")
    with (folder / "metrics/tokens").open("a") as file:
        file.write("1764000000 3")
    answers = Answers(tmp_path / "answers")
    (run,) = read("mlflow", tmp_path / "mlruns", answers)

    assert run.summary["tokens"] == 2e6
    assert "cut off" in answers.notes[0]


def test_a_data_base_is_told_how_to_be_read(read) -> None:
    with pytest.raises(LawbookError, match="mlflow server --backend-store-uri sqlite://"):
        read("mlflow", "sqlite:///mlflow.db")


MAPPING = "columns: {N: config.n_params, loss: summary.val/loss, name: run.experiment}\n"


def test_a_server_is_asked_page_by_page_and_once(server: Server, type_import) -> None:
    done = type_import("mlflow", server.url, mapping=MAPPING)
    n_asked = len(server.asked)

    assert done.code == 0
    assert (len(done.table), n_asked) == (22, 1 + 9)
    assert dict(zip(done.rejected["run"], done.rejected["reason"], strict=True)) == {
        "r00": "no config.n_params", "r22": "summary.val/loss = nan is no finite number",
        "r24": "its state is failed",
    }  # fmt: skip

    again = type_import("mlflow", server.url, mapping=MAPPING + "at: min\n")
    assert f"were kept ({n_asked}); --refresh asks anew" in again.out
    assert set(server.asked[n_asked:]) == {"metrics/get-history"}
    assert (again.table["loss"].to_list(), again.table["step"].to_list()) == ([0.0] * 23, [3] * 23)

    type_import("mlflow", server.url, "--refresh", mapping=MAPPING)
    assert server.asked.count("runs/search") == 2 * 9


def test_an_experiment_alone_may_be_asked_for(server: Server, type_import) -> None:
    done = type_import("mlflow", f"{server.url}/#/experiments/2/runs", mapping=MAPPING)

    assert set(done.table["name"]) == {"others"}
    assert len(done.table) == 12


def test_a_busy_server_is_asked_again(server: Server, type_import) -> None:
    server.busy = 2
    assert type_import("mlflow", server.url, mapping=MAPPING).code == 0
    assert server.asked[:3] == ["experiments/search"] * 3


def test_an_account_is_given_and_written_down_nowhere(server: Server, type_import) -> None:
    done = type_import("mlflow", server.url.replace("://", "://me:hunter2@"), mapping=MAPPING)

    assert server.accounts == {f"Basic {base64.b64encode(b'me:hunter2').decode()}"}
    written = [file.read_bytes() for file in done.folder.rglob("*") if file.is_file()]
    assert written
    assert not any(b"hunter2" in content for content in written)
    assert "hunter2" not in done.out


def test_an_answer_of_another_service_is_one_message(server: Server, type_import) -> None:
    server.experiments = "none"
    done = type_import("mlflow", server.url)

    assert done.code == 2
    assert "does not answer as MLflow does" in done.err
    assert not (done.folder / "runs.parquet").exists()
