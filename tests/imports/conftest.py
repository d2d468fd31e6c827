"""What the tests of imports share: the command in a folder of its own, and runs as their sources write them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from tests.imports.tracking_server import Server, playing

from lawbook.cli.app import main
from lawbook.imports import Rejected, Run, imports
from lawbook.imports._answers import Answers


@dataclass(frozen=True)
class Imported:
    """How a command ended, what it said, and the folder in which it was typed."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def table(self) -> pd.DataFrame:
        """Return the table."""
        return pd.read_parquet(self.folder / "runs.parquet")

    @property
    def rejected(self) -> pd.DataFrame:
        """Return the rejected runs."""
        return pd.read_csv(self.folder / "runs.rejected.csv", keep_default_na=False)


@pytest.fixture
def type_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Return a function that types `lawbook import … --out runs.parquet` in a fresh folder, with a mapping or none."""
    monkeypatch.chdir(tmp_path)

    def typed(kind: str, source: object, *more: str, mapping: str | None = None) -> Imported:
        if mapping is not None:
            (tmp_path / "map.yaml").write_text(mapping)
            more = ("--map", "map.yaml", *more)
        arguments = ["lawbook", "import", kind, str(source), "--out", "runs.parquet", *more]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert ended.value.code in (None, 0, 2), said.err
        return Imported(int(ended.value.code or 0), said.out, said.err, tmp_path)

    return typed


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Run | Rejected]]:
    """Return a function that reads the runs of a source."""

    def runs(kind: str, source: object, answers: Answers | None = None) -> list[Run | Rejected]:
        return list(imports[kind].read(str(source), answers or Answers(tmp_path / "answers")))

    return runs


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a server on this machine that answers as MLflow's does."""
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with playing() as played:
        yield played


def lightning_run(folder: Path, n_params: int, losses: list[object], config: str = "") -> Path:
    """Write a run as Lightning's CSVLogger does: a row for the training loss and one for the validation loss."""
    folder.mkdir(parents=True)
    rows = [
        line
        for step, loss in enumerate(losses)
        for line in (f"0,{step},{step * 100},,2.0", f"0,{step},,{loss},")
    ]
    (folder / "metrics.csv").write_text("\n".join(["epoch,step,tokens,val_loss,train_loss", *rows]) + "\n")
    (folder / "hparams.yaml").write_text(f"n_params: {n_params}\noptimizer:\n  lr: 0.001\nseed: 0\n{config}")
    return folder
