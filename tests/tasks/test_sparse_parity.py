"""Batches have the promised labels and frequencies, pools are passed over, and the population's loss is exact."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from lawbook.axes import AxisError
from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.tasks.sparse_parity import BIT_NATS, subsets
from lawbook.theory.quanta import frequencies

task = tasks["sparse_parity"]
BASE = {
    "task": "sparse_parity", "model": "parity_mlp",
    **task.axes.defaults(), **models["parity_mlp"].axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "n_tasks": 7, "n_bits": 11, "batch_size": 500,
}  # fmt: skip


def drawn(config, step=0):
    """The task numbers, bits and labels of one run's batch."""
    inputs, targets = task.open([config]).batch(step)
    assert inputs.dtype == np.float32
    return inputs[0, :, -1].astype(int), inputs[0, :, :-1].astype(int), targets[0]


@pytest.mark.parametrize("samples", [None, 300])
def test_labels_are_the_parities_of_each_task_s_own_bits(samples):
    config = BASE | {"samples": samples, "seed": 3}
    numbers, bits, labels = drawn(config, 5)
    assert set(bits.ravel()) == {0, 1}
    assert (np.diff(numbers) >= 0).all()
    chosen = subsets(config)
    for number, row, label in zip(numbers, bits, labels, strict=True):
        assert label == sum(row[bit] for bit in chosen[number]) % 2


def test_tasks_and_bits_have_their_frequencies():
    numbers, bits, labels = drawn(BASE | {"batch_size": 100_000, "alpha": 0.6})
    expected = 1e5 * np.arange(1, 8) ** -1.6 / np.sum(np.arange(1, 8) ** -1.6)
    assert stats.chisquare(np.bincount(numbers, minlength=7), expected).pvalue > 1e-4
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 4.5 / math.sqrt(4e5)
    assert abs(labels.mean() - 0.5) < 4.5 / math.sqrt(4e5)


@pytest.mark.parametrize(("n_tasks", "n_bits", "size"), [(7, 11, 3), (10, 5, 3), (1, 1, 1), (200, 32, 3)])
def test_subsets_differ_from_task_to_task_and_by_seed(n_tasks, n_bits, size):
    config = BASE | {"n_tasks": n_tasks, "n_bits": n_bits, "subset_size": size}
    found = [tuple(row) for row in subsets(config)]
    assert len(set(found)) == n_tasks
    assert set(found) <= set(combinations(range(n_bits), size))
    assert n_tasks == 1 or found != [tuple(row) for row in subsets(config | {"seed": 1})]


def test_examples_are_a_function_of_seed_and_step():
    alone = task.open([BASE | {"seed": 2}])
    stack = task.open([BASE, BASE | {"seed": 2, "alpha": 1.0}, BASE | {"seed": 2, "learning_rate": 1.0}])
    for step in (4, 0, 4):
        for mine, theirs in zip(alone.batch(step), stack.batch(step), strict=True):
            np.testing.assert_array_equal(mine[0], theirs[2])
        inputs, _ = stack.batch(step)
        assert not np.array_equal(inputs[0], inputs[2])
        assert not np.array_equal(inputs[1], inputs[2])
    assert not np.array_equal(alone.batch(0)[0], alone.batch(1)[0])


def test_a_pool_is_passed_over_once_an_epoch_in_a_new_order():
    config = BASE | {"samples": 6000, "batch_size": 1000, "n_bits": 20}
    stream = task.open([config])
    epochs = [
        np.concatenate([stream.batch(step)[0][0] for step in range(start, start + 6)]) for start in (0, 6, 66)
    ]
    first, second, late = (epoch[np.lexsort(epoch.T)] for epoch in epochs)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, late)
    assert not np.array_equal(epochs[0], epochs[1])
    assert len(np.unique(first[:, :-1], axis=0)) > 5900
    assert not np.array_equal(stream.batch(0)[0], task.open([config | {"samples": None}]).batch(0)[0])


def knowing(configs, known, lead):
    """Outputs of networks that know the first tasks and guess at the others."""
    chosen = [subsets(config) for config in configs]

    def predict(inputs):
        outputs = np.zeros((*inputs.shape[:2], 2), dtype=np.float32)
        for run, x in enumerate(inputs):
            numbers, bits = x[:, -1].astype(int), x[:, :-1].astype(int)
            labels = np.take_along_axis(bits, chosen[run][numbers], axis=1).sum(axis=1) % 2
            outputs[run, np.arange(len(x)), labels] = np.where(numbers < known[run], lead, 0.0)
        return outputs

    return predict


def test_the_loss_is_the_population_s_over_the_learned_tasks():
    configs = [
        BASE | {"n_tasks": 40, "n_bits": 20, "alpha": alpha, "seed": seed}
        for alpha, seed in ((0.4, 0), (0.4, 1), (1.0, 1))
    ]
    known = [3, 17, 40]
    found = task.open(configs).evaluate({}, knowing(configs, known, 3.0))
    for run, (config, n) in enumerate(zip(configs, known, strict=True)):
        p = frequencies(40, config["alpha"])
        learned = math.log1p(math.exp(-3.0))
        expected = p[:n].sum() * learned + p[n:].sum() * math.log(2)
        for split in ("validation", "test"):
            assert found[split, "loss"][run] == pytest.approx(expected, rel=1e-6)
        assert found["test", "error"][run] == pytest.approx(p[n:].sum(), rel=1e-6)
        assert found["test", "learned_tenth_bit"][run] == found["test", "learned_half_bit"][run] == n
        each = [found[f"task_{k}", "loss"][run] for k in range(1, 41)]
        np.testing.assert_allclose(each, np.where(np.arange(40) < n, learned, math.log(2)), rtol=1e-6)
    halfway = task.open(configs).evaluate({}, knowing(configs, known, 1.0))
    assert 0.1 < math.log1p(math.exp(-1.0)) / BIT_NATS < 0.5
    assert halfway["test", "learned_tenth_bit"].tolist() == [0, 0, 0]
    assert halfway["test", "learned_half_bit"].tolist() == known


@pytest.mark.parametrize(
    ("change", "axis"),
    [
        ({"subset_size": 12}, "subset_size"),
        ({"n_tasks": 166}, "n_tasks"),
        ({"samples": 1 << 40}, "samples"),
    ],
)
def test_impossible_axes(change, axis):
    with pytest.raises(AxisError) as caught:
        task.check(BASE | change)
    assert caught.value.axis == axis
    task.check(BASE | {"n_tasks": 165})
