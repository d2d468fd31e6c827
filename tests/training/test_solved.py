"""The engine of solved models: the same bits in any company, nested selections, failures that stay alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from lawbook.errors import AbandonedError
from lawbook.models import models
from lawbook.pruning.pools import members_of, pool_of
from lawbook.studies.axes import PruningAxes, SeedAxes
from lawbook.studies.identity import Run, run_id
from lawbook.studies.study import NO_TRAINING
from lawbook.tasks import tasks
from lawbook.training import solved
from lawbook.training.shard import train_shard
from lawbook.training.solved import margin, probe_outputs, solve_runs


def config(task="teacher_logistic", model="logistic", **fields):
    made = {"task": task, "model": model, **NO_TRAINING}
    for axes in (tasks[task].axes, models[model].axes, PruningAxes, SeedAxes):
        made |= axes().model_dump()
    return made | {"samples": 200} | fields


def hardest(one):
    """Return the scores by which an oracle keeps the examples nearest to the teacher's hyperplane."""
    task = tasks[one["task"]]
    return -task.margins(one)[pool_of(task, one)[0]]


def test_a_run_has_the_same_bits_alone_and_in_company():
    company = [
        config(seed=seed, model=model, samples=samples, keep_fraction=fraction)
        for seed in (0, 1)
        for model in ("logistic", "max_margin")
        for samples, fraction in ((60, 1.0), (400, 0.3))
    ]
    scores = {i: hardest(one) for i, one in enumerate(company) if one["keep_fraction"] < 1}
    together = solve_runs(company, scores)
    for i in reversed(range(len(company))):
        alone = solve_runs([company[i]], {0: scores[i]} if i in scores else {})
        assert alone.n_train == [together.n_train[i]]
        for name, (value,) in alone.curve[1].items():
            assert value == together.curve[1][name][i], name


def test_metrics_are_those_of_the_weights():
    one = config(samples=120, ridge=1.0)
    found = {name: values[0] for name, values in solve_runs([one], {}).curve[1].items()}
    task = tasks["teacher_logistic"]
    examples = task.examples(one)
    inputs = examples.inputs.astype(np.float64)
    weights = models["logistic"].solve(one, inputs, examples.targets)
    right = (2 * examples.targets - 1) * (inputs @ weights["weight"])
    assert found == pytest.approx(
        {
            "train/loss": np.logaddexp(0, -right).mean(),
            "train/error": (right < 0).mean(),
            "train/margin": right.min() / np.linalg.norm(weights["weight"]),
            "test/error": task.exact_metrics(one, weights)["error"],
        },
        rel=1e-9,
    )


def test_the_margin_of_several_classes_is_the_smallest_lead():
    outputs = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 1.0]])
    assert margin(outputs, np.array([0, 1]), {"weight": np.array([3.0, 4.0])}) == pytest.approx(1 / 5)
    assert margin(outputs, np.array([0, 2]), {"weight": np.array([3.0, 4.0])}) == pytest.approx(-4 / 5)


def test_the_max_margin_student_has_the_larger_margin():
    pair = [config(model=model, samples=100) for model in ("max_margin", "logistic")]
    widest, other = solve_runs(pair, {}).curve[1]["train/margin"]
    assert widest > other > 0


def test_an_oracle_keeps_the_examples_nearest_to_the_boundary():
    task = tasks["perceptron"]
    one = config("perceptron", "max_margin", samples=800, keep_fraction=0.25, probe_angle_deg=20.0)
    kept, labels = members_of(task, one, hardest(one))
    margins = task.margins(one)
    for label in (0, 1):
        of_class = np.flatnonzero(labels == label)
        chosen = np.isin(of_class, kept)
        assert margins[of_class[chosen]].max() < margins[of_class[~chosen]].min()
    assert len(kept) == 200


class Flipping(type(tasks["teacher_logistic"])):
    """The same task with labels that no hyperplane gives."""

    def examples(self, one):
        examples = super().examples(one)
        return type(examples)(examples.inputs, np.random.default_rng(0).integers(0, 2, len(examples.targets)))


def test_a_problem_without_solution_fails_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(solved, "_task", lambda one: Flipping() if one["seed"] == 1 else tasks[one["task"]])
    configs = [config(model="max_margin", samples=200, seed=seed) for seed in range(3)]
    trained = solve_runs(configs, {})
    reason = "the 200 examples are not separable by a hyperplane through the origin"
    assert trained.failed == {1: reason}
    assert np.isnan(trained.curve[1]["test/error"]).tolist() == [False, True, False]
    alone = solve_runs([configs[2]], {})
    assert trained.curve[1]["test/error"][2] == alone.curve[1]["test/error"][0]

    runs = [Run(run_id(one), one) for one in configs]
    curves, outcomes = train_shard(runs, shard="all", cache=tmp_path, code="test")
    outcomes = outcomes.set_index("run_id").loc[[run.run_id for run in runs]]
    assert outcomes["status"].tolist() == ["ok", "failed", "ok"]
    assert outcomes["reason"].tolist()[1] == reason
    assert curves[curves["run_id"] == runs[1].run_id]["value"].isna().all()


def test_a_solved_run_comes_back_from_the_cache(tmp_path):
    runs = [Run(run_id(one), one) for one in (config(seed=seed) for seed in range(3))]
    first, outcomes = train_shard(runs, shard="all", cache=tmp_path, code="test")
    again, cached = train_shard(runs, shard="all", cache=tmp_path, code="test")
    assert outcomes["engine"].tolist() == ["solve"] * 3
    assert not outcomes["cached"].any()
    assert cached["cached"].all()
    np.testing.assert_array_equal(first["value"], again["value"])
    assert (first["step"] == 1).all()
    assert first["samples_seen"].eq(200).all()


def test_probes_say_the_sigmoid_of_their_field_and_are_all_alike():
    """The problem is convex: a second probe, whatever it draws, is the first again."""
    task = tasks["teacher_logistic"]
    one = config(ridge=10.0, samples=300)
    pool, labels = pool_of(task, one)
    probes = [{**one, "probe": i, "learns": "same"} for i in range(2)]
    first, second = probe_outputs(probes, [pool, pool])
    inputs = task.examples(one).inputs[pool].astype(np.float64)
    weight = models["logistic"].solve(one, inputs, labels[pool])["weight"]
    assert first.probabilities.shape == (1, 300, 2)
    np.testing.assert_allclose(first.probabilities[0, :, 1], expit(inputs @ weight), rtol=1e-9)
    np.testing.assert_allclose(first.probabilities.sum(axis=-1), 1, rtol=1e-12)
    np.testing.assert_array_equal(first.features, inputs[None])
    np.testing.assert_array_equal(first.probabilities, second.probabilities)


def test_a_probe_of_held_out_data_has_not_seen_what_it_is_asked_about():
    """In-sample probes fit their own pool; those of another one err on it as on any other data."""
    task = tasks["teacher_logistic"]
    wrong = {"same": [], "heldout": []}
    exact = []
    for seed in range(5):
        one = config(samples=200, seed=seed, ridge=0.01)
        pool, labels = pool_of(task, one)
        exact += solve_runs([one], {}).curve[1]["test/error"]
        for learns, errors in wrong.items():
            (said,) = probe_outputs([{**one, "probe": 0, "learns": learns}], [pool])
            errors.append((said.probabilities[0].argmax(axis=1) != labels[pool]).mean())
    assert max(wrong["same"]) == 0
    assert np.mean(wrong["heldout"]) == pytest.approx(np.mean(exact), abs=4 * np.sqrt(0.1 * 0.9 / 1000))


def test_a_job_without_owner_stops_between_two_runs(monkeypatch):
    asked = []

    def gone():
        asked.append(True)
        if len(asked) == 2:
            raise AbandonedError("gone")

    monkeypatch.setattr(solved, "check_wanted", gone)
    beats = []
    with pytest.raises(AbandonedError):
        solve_runs([config(seed=seed) for seed in range(5)], {}, beats.append)
    assert beats == []
    solve_runs([config()], {}, beats.append)
    assert beats == [1]
