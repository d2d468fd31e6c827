"""A linear memory of Zipf facts: SGD, signs and Muon against loops, enumeration and one another."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from lawbook.axes import AxisError
from lawbook.errors import LawbookError
from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.theory.quanta import frequencies
from lawbook.theory.zipf_memory import exact_curve, sgd_loss
from lawbook.training.optimizers import Part, optimizers
from lawbook.training.stack import train_stack

TASK = tasks["zipf_memory"]
CONFIG = {
    "task": "zipf_memory", "model": "linear", **TASK.axes.defaults(), **models["linear"].axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "n_facts": 9, "alpha": 0.5, "batch_size": 4, "steps": 6, "evaluations": 2, "learning_rate": 1.0, "optimizer": "sgd",
    "dtype": "float64",
}  # fmt: skip
DIAGONAL = CONFIG | {"model": "diagonal", "layers": 1, "start_strength": 0.0, "rows": "batch"}


def losses(*configs):
    return train_stack(list(configs)).curve[6]["test/loss"]


def test_the_mean_of_sgd_is_that_over_all_batches() -> None:
    """Two steps on two facts, batches of two: sixteen histories."""
    p, rate = frequencies(2, 0.5), 0.7
    mean = 0.0
    for history in product([0, 1], repeat=4):
        counts = np.array([[history[:2].count(k), history[2:].count(k)] for k in (0, 1)])
        left = np.prod(1 - rate * counts / 2, axis=1)
        mean += np.prod(p[list(history)]) * float(p @ left**2)

    assert sgd_loss([2], 2, 0.5, rate, 2)[0] == pytest.approx(mean, rel=1e-12)


def test_the_study_expects_what_theory_says_of_its_runs() -> None:
    sgd = {alpha: sgd_loss([128], 20_000, alpha, rate, 100)[0] for alpha, rate in ((0.5, 2.6), (1.0, 1.6))}
    config = DIAGONAL | {"n_facts": 20_000, "batch_size": 100}
    coverage = {
        alpha: exact_curve.along_steps(config | {"alpha": alpha}, np.array([128]), "test_unseen")[0]
        for alpha in sgd
    }
    assert sgd[0.5] / coverage[0.5] == pytest.approx(2.95, abs=0.01)
    assert sgd[1.0] / coverage[1.0] == pytest.approx(5.63, abs=0.01)


def test_matrices_and_their_diagonals_learn_the_same() -> None:
    for optimizer, rate in (("sgd", 0.9), ("signum", 1.0)):
        how = {"optimizer": optimizer, "learning_rate": rate}
        assert losses(CONFIG | how) == pytest.approx(losses(DIAGONAL | how), rel=1e-6)  # inputs are float32


def test_muon_and_signs_know_what_they_have_seen() -> None:
    for optimizer in ("muon", "signum"):
        runs = [CONFIG | {"optimizer": optimizer, "seed": seed} for seed in (0, 1)]
        for config, loss in zip(runs, losses(*runs), strict=True):
            stream = TASK.open([config])
            seen = {int(k) for step in range(6) for k in stream.batch(step)[0][0].argmax(axis=1)}
            missing = [frequencies(9, 0.5)[k] for k in range(9) if k not in seen]
            assert loss == pytest.approx(sum(missing), rel=1e-12)


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 2.0), ("signum", 0.125)])
def test_with_all_facts_in_every_batch_time_is_exact(optimizer: str, rate: float) -> None:
    config = DIAGONAL | {"draws": "population", "optimizer": optimizer, "learning_rate": rate}
    exact = exact_curve.along_steps(config, np.array([6]), "test_loss")

    assert losses(config) == pytest.approx(exact, rel=1e-6)


def test_facts_by_their_frequencies_are_no_examples() -> None:
    with pytest.raises(AxisError, match="no whole number of examples"):
        TASK.check(CONFIG | {"draws": "population"})


def test_muon_steps_along_the_orthogonal_factor() -> None:
    """Of a network's matrices by their places in its row; vectors by their norm; momentum and decay as written."""
    config = {
        "task": "linear_modes", "model": "deep_linear", **tasks["linear_modes"].axes.defaults(),
        **models["deep_linear"].axes.defaults(), **TrainingAxes.defaults(), "n_modes": 3, "width": 5,
        "optimizer": "muon", "momentum": 0.5,
    }  # fmt: skip
    rng = np.random.default_rng(0)
    shapes, row = {0: (5, 3), 16: (3, 5)}, rng.normal(size=32)  # rows of 15 numbers begin at multiples of 16
    weights, momentum = torch.from_numpy(row.copy()), torch.zeros(32, dtype=torch.float64)
    expected, average = row.copy(), np.zeros(32)
    for step in range(2):
        gradient = rng.normal(size=32)
        part = Part([weights], [torch.from_numpy(gradient)], [[momentum]], torch.tensor(step + 1.0), 1.0)
        optimizers["muon"].step(config, part, step, 0.1, 0.2)
        average = 0.5 * average + gradient
        expected *= 1 - 0.1 * 0.2
        for start, shape in shapes.items():
            place = slice(start, start + 15)
            left, _, right = np.linalg.svd(average[place].reshape(shape), full_matrices=False)
            expected[place] -= 0.1 * (left @ right).ravel()

    for start in shapes:
        np.testing.assert_allclose(
            weights.numpy()[start : start + 15], expected[start : start + 15], rtol=1e-12
        )

    vector, gradient = torch.zeros(4), torch.tensor([3.0, 0.0, 4.0, 0.0])
    part = Part([vector], [gradient], [[torch.zeros(4)]], torch.tensor(1.0), 1.0)
    optimizers["muon"].step(TrainingAxes.defaults(), part, 0, 1.0, 0.0)
    torch.testing.assert_close(vector, -gradient / 5)


def test_muon_takes_all_tensors_of_a_run_at_one_rate() -> None:
    part = Part([torch.ones(16)], [torch.ones(16)], [[torch.zeros(16)]], torch.tensor(1.0), 0.5)
    config = CONFIG | {"optimizer": "muon"}  # 81 weights, in a row of 96

    with pytest.raises(LawbookError, match="write parametrization: standard"):
        optimizers["muon"].step(config, part, 0, 0.1, 0.0)
