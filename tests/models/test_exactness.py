"""Gradients on this processor: right for every model; a wrong or crashing kernel is found, told, and told again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lawbook.errors import LawbookError
from lawbook.models.exactness import TOLERANCE, Outcome, check_model, check_models, trained_models
from lawbook.training import exactness
from lawbook.training.exactness import require_exact
from lawbook.training.process import prepare_process

INSTRUCTIONS = [
    {},
    {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    {"ATEN_CPU_CAPABILITY": "avx2"},
    {"ATEN_CPU_CAPABILITY": "default"},
    {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"},
    {"MKL_CBWR": "COMPATIBLE"},
]
CONFIG: dict[str, Any] = {"model": "mlp", "device": "cpu"}


def within(**variables: str) -> dict[str, str]:
    """Return this process's environment without what it says of instruction sets, and with these variables."""
    chosen = {name for one in INSTRUCTIONS for name in one}
    return {name: value for name, value in os.environ.items() if name not in chosen} | variables


@pytest.mark.parametrize("name", trained_models())
def test_every_model_has_the_gradients_of_float64_and_the_same_bits_alone(name: str) -> None:
    prepare_process()
    outcome = check_model(name)
    assert outcome.problem == ""
    assert outcome.error <= TOLERANCE
    assert outcome.same_bits


@pytest.mark.slow
@pytest.mark.parametrize(
    "variables", INSTRUCTIONS, ids=lambda one: ", ".join(f"{k}={v}" for k, v in one.items())
)
def test_so_it_is_on_several_instruction_sets(variables: dict[str, str]) -> None:
    command = [sys.executable, "-W", "error", "-m", "lawbook.models.exactness"]
    said = subprocess.run(command, env=within(**variables), check=True, capture_output=True, text=True).stdout
    outcomes = [Outcome(**json.loads(line)) for line in said.splitlines()]
    assert [one.model for one in outcomes] == trained_models()
    assert [one for one in outcomes if one.problem or not one.same_bits] == []


@pytest.mark.slow
def test_doctests_and_models_pass_without_wide_instructions() -> None:
    variables = {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "src", "tests/models", "tests/tasks"]
    done = subprocess.run(command, env=within(**variables), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


def sabotaged(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str) -> None:
    """Let every Python process that is started from now on run a program first."""
    (folder / "sitecustomize.py").write_text(program)
    source = str(Path(exactness.__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), source]))


def test_a_wrong_gradient_is_found_in_the_model_that_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = """
from lawbook.models.mlp import MLP
def losses_and_gradients(self, config, *given, right=MLP.losses_and_gradients):
    losses = right(self, config, *given)
    if config["width"] == 3:
        for gradient in given[-1].values():
            gradient.mul_(1.001)
    return losses
MLP.losses_and_gradients = losses_and_gradients
"""
    sabotaged(monkeypatch, tmp_path, program)
    linear, mlp = check_models(["linear", "mlp"])
    assert linear.problem == ""
    assert "is off by 0.001 of its norm" in mlp.problem
    assert "width 3, depth 2" in mlp.where


def test_a_crash_is_an_outcome_of_its_model_and_the_others_are_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = "import os; from lawbook.models.mlp import MLP; MLP.forward = lambda *_: os.abort()"
    sabotaged(monkeypatch, tmp_path, program)
    linear, mlp, parity = check_models(["linear", "mlp", "parity_mlp"])
    assert (linear.problem, parity.problem) == ("", "")
    assert mlp.problem == "the process that computed its gradients crashed (SIGABRT)"


def test_an_end_that_is_not_the_processors_is_no_outcome(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sabotaged(
        monkeypatch, tmp_path, "from lawbook.models.mlp import MLP; MLP.trials = lambda *_: exit('no memory')"
    )
    with pytest.raises(LawbookError, match=r"the check of mlp did not end \(no memory\)"):
        check_models(["mlp"])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let checks find what `outcomes` says, and return which models were asked about."""
    names: list[str] = []

    def check(wanted: list[str]) -> list[Outcome]:
        names.extend(wanted)
        return [Outcome(name, 1e-6, "weight", "wrong" if name == "mlp" else "", True) for name in wanted]

    monkeypatch.setattr(exactness, "check_models", check)
    return names


def test_the_first_training_of_a_model_asks_once_and_for_each_code(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setattr("inspect.getfile", lambda kind: str(folder / f"{kind.__name__}.py"))
    for helper in ("first", "first", "second"):
        (folder / "_helper.py").write_text(helper)
        require_exact(CONFIG | {"model": "linear"}, tmp_path)
    assert asked == ["linear", "linear"]
    assert len(list(tmp_path.glob("processors/*.json"))) == 2


def test_a_wrong_processor_is_one_message_each_time(tmp_path: Path, asked: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(
            LawbookError, match=r"model mlp: wrong on this processor \(.*torch .*ONEDNN_MAX_CPU_ISA=SSE41"
        ):
            require_exact(CONFIG, tmp_path)
    assert asked == ["mlp"]


def test_a_damaged_outcome_is_found_out_again(tmp_path: Path, asked: list[str]) -> None:
    config = CONFIG | {"model": "linear"}
    require_exact(config, tmp_path)
    (file,) = tmp_path.glob("processors/*.json")
    file.write_text("{")
    require_exact(config, tmp_path)
    assert asked == ["linear", "linear"]


@pytest.mark.parametrize("changes", [{"model": "memory"}, {"device": "cuda"}])
def test_solved_models_and_gpus_are_not_checked(
    tmp_path: Path, asked: list[str], changes: dict[str, str]
) -> None:
    require_exact(CONFIG | changes, tmp_path)
    assert asked == []
