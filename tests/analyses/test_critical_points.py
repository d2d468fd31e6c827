"""Critical points: all of a linear network are known, a lost search is told, and the report says what was found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.analyses.drawn import content_of, written
from tests.analyses.drawn.critical_points import planted

from lawbook.analyses.critical_points.answer import answer
from lawbook.analyses.critical_points.block import CriticalPointsBlock
from lawbook.analyses.critical_points.compute import by_seed, landscape_of, points_of
from lawbook.analyses.critical_points.search import Landscape, descend
from lawbook.analyses.critical_points.section import points_table
from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError
from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.studies.identity import Run
from lawbook.tasks import tasks

BASE = {**TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(), "optimizer": "sgd"}
LINEAR = {
    **BASE, **tasks["linear_modes"].axes.defaults(), **models["deep_linear"].axes.defaults(), "task": "linear_modes",
    "model": "deep_linear", "samples": 2, "n_modes": 2, "width": 2, "weight_decay": 0.05,
}  # fmt: skip


def digits(**changed: object) -> Landscape:
    """Return what a perceptron of four units descends on 32 coarse digits."""
    task, model = tasks["coarse_digits"].axes.defaults(), models["mlp"].axes.defaults()
    config = {
        **BASE,
        **task,
        **model,
        "task": "coarse_digits",
        "model": "mlp",
        "width": 4,
        "activation": "tanh",
    }
    return landscape_of(config | changed, 32)


def test_all_critical_points_that_are_found_of_a_linear_network_are_known() -> None:
    block = CriticalPointsBlock(sweep="all", noise=[0.3, 0.8], steps=8)
    rng = np.random.default_rng(0)
    by_step = {
        step: {name: torch.from_numpy(rng.normal(0, 0.3, (2, 2))) for name in ("weight_0", "weight_1")}
        for step in range(1, 9)
    }
    points = points_of(block, Run("a", LINEAR), by_step)

    assert points["found"].all()
    assert points["negative"].nunique() > 1
    (seed,) = by_seed(points).to_dict("records")
    assert (seed["starts"], seed["found"], seed["known"]) == (16, 16, 1.0)
    assert seed["rank_loss"] > 0.7
    assert np.isnan(seed["rank_error"])
    with pytest.raises(LawbookError, match="diverged"):
        points_of(block, Run("a", LINEAR), {1: {name: one * np.inf for name, one in by_step[1].items()}})


def test_gradient_and_hessian_are_those_of_differences_with_the_decay() -> None:
    landscape = digits(weight_decay=0.1)
    points = torch.from_numpy(np.random.default_rng(1).normal(0, 0.5, (3, 70)))
    ahead = torch.zeros_like(points)
    ahead[:, 7] = 1e-5
    slope = (landscape.losses(points + ahead) - landscape.losses(points - ahead)) / 2e-5
    torch.testing.assert_close(landscape.gradients(points)[:, 7], slope, rtol=1e-6, atol=1e-8)
    bend = (landscape.gradients(points + ahead) - landscape.gradients(points - ahead)) / 2e-5
    torch.testing.assert_close(landscape.hessians(points)[:, 7], bend, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(landscape.hessians(points[1:2])[0], landscape.hessians(points)[1])
    assert digits(optimizer="adamw", weight_decay=0.1).decay == 0, "AdamW decays apart from its loss"


def test_the_norm_of_the_gradient_falls_and_a_start_that_needs_longer_is_lost() -> None:
    landscape = digits(weight_decay=0.02)
    starts = torch.from_numpy(np.random.default_rng(2).normal(0, 0.5, (4, 70)))
    ended = descend(landscape, starts, 1e-8, 3)
    assert (ended.norms < landscape.gradients(starts).norm(dim=1)).all()
    assert (ended.norms > 1e-8).all()
    assert ended.iterations.tolist() == [3, 3, 3, 3]
    torch.testing.assert_close(ended.norms, landscape.gradients(ended.points).norm(dim=1))


@pytest.mark.parametrize("known", [False, True])
def test_claims_and_report_tell_what_was_planted(known: bool, tmp_path: Path) -> None:
    points = planted(known)
    tables = {"points": points, "seeds": by_seed(points)}
    results = written("critical_points", tables, tmp_path)
    found = results.analysis("critical_points", "planted")

    rank = quantities["index_rank_correlation"].compute(found, points, against="loss")
    assert rank[0] == pytest.approx(1, abs=0.01)
    assert rank[3] == 3
    share = quantities["critical_share"].compute(found, points)[0]
    assert share == pytest.approx(1 if known else 11 / 12)
    of_known = quantities["known_critical_share"].compute(found, points)[0]
    assert of_known == 1 if known else np.isnan(of_known)
    block = CriticalPointsBlock(sweep="networks")
    table = points_table("planted", block, found)
    assert table.rows[0][:2] == ("0", "3"), "the minima"
    assert {len(row) for row in table.rows} == {4}
    (clause,) = answer(content_of("critical_points", block), results)
    assert ("theory knows" if known else "rank correlation") in clause
