"""The quanta sampler draws by its frequencies, its learner errs on what it has not seen, and eight seeds agree."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lawbook.axes import AxisError
from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.theory.quanta import exact_curve, frequencies, sampler_loss
from lawbook.training.solved import solve_runs

task, model = tasks["quanta"], models["memory"]
BASE = {
    "task": "quanta", "model": "memory", **task.axes.defaults(), **TrainingAxes.defaults(), **PruningAxes.defaults(),
    **SeedAxes.defaults(), "n_tasks": 50, "alpha": 0.4, "samples": 20,
}  # fmt: skip


def test_facts_have_their_frequencies_and_pools_are_nested():
    config = BASE | {"n_tasks": 9, "samples": 100_000}
    drawn = task.examples(config).inputs[:, 0].astype(int)
    assert stats.chisquare(np.bincount(drawn, minlength=10)[1:], 1e5 * frequencies(9, 0.4)).pvalue > 1e-4
    np.testing.assert_array_equal(drawn[:50], task.examples(config | {"samples": 50}).inputs[:, 0])


def test_the_error_is_the_mass_that_was_not_seen():
    config = BASE | {"seed": 4}
    seen = set(task.examples(config).inputs[:, 0].astype(int).tolist())
    expected = sum(p for k, p in enumerate(frequencies(50, 0.4), start=1) if k not in seen)
    trained = solve_runs([config], {})
    assert trained.curve[1]["test/error"][0] == pytest.approx(expected, rel=1e-12)
    assert trained.curve[1]["train/error"] == [0.0]
    known = model.outputs(config, {"seen": np.array([2.0, 5.0])}, np.array([[2.0], [3.0]]))
    assert known.argmax(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize(("alpha", "within"), [(0.3, 0.02), (0.5, 0.02), (1.0, 0.04)])
def test_eight_seeds_agree_with_the_exact_sums(alpha, within):
    """K = 1,000,000 facts, D = 100 to 100,000: the mean ratio, each D within its error, and the exponents."""
    samples = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]
    configs = [
        BASE | {"n_tasks": 10**6, "alpha": alpha, "samples": size, "seed": seed}
        for seed in range(8)
        for size in samples
    ]
    errors = np.array(solve_runs(configs, {}).curve[1]["test/error"]).reshape(8, -1)
    exact = sampler_loss(samples, 10**6, alpha)
    ratio = errors / exact
    assert ratio.mean() == pytest.approx(1, abs=within)
    spread = ratio.std(axis=0, ddof=1) / np.sqrt(8)
    assert (np.abs(ratio.mean(axis=0) - 1) < 5 * spread).all()
    slopes = [np.polyfit(np.log(samples), np.log(y), 1)[0] for y in (errors.mean(axis=0), exact)]
    assert slopes[0] == pytest.approx(slopes[1], abs=0.01)


def test_the_exact_curve_of_runs():
    import pandas as pd

    runs = pd.DataFrame(
        {"n_tasks": [50, 50, 9], "alpha": [0.4, 0.4, 1.0], "samples": [20, 5, 20]}, index=[3, 1, 7]
    )
    found = exact_curve(runs, "samples", "test_error")
    assert found[3] == pytest.approx(sampler_loss(20, 50, 0.4))
    assert found[1] == pytest.approx(sampler_loss(5, 50, 0.4))
    assert found[7] == pytest.approx(sampler_loss(20, 9, 1.0))
    assert exact_curve(runs, "samples", "test_loss").isna().all()


def test_it_goes_with_a_memory_and_is_not_pruned():
    assert [name for name, model in models.items() if task.inputs in model.reads] == ["memory"]
    with pytest.raises(AxisError) as caught:
        task.check(BASE | {"keep_fraction": 0.5})
    assert caught.value.axis == "keep_fraction"
