"""The sensitivity to the learning rate: clipped at the loss before training, and a diverged run is not left out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError
from lawbook.laws.repeats import mean_interval

RATES = np.array([0.01, 0.1, 1.0, 10.0])
LOSSES = np.array([0.5, 0.2, 3.0, np.nan])
"""The third is larger than before training, 2, and the fourth run diverges."""


@pytest.fixture
def runs() -> pd.DataFrame:
    """Return three seeds, whose losses lie 0, 0.02 and 0.04 higher."""
    return pd.DataFrame(
        {
            "run_id": f"{seed} {rate}", "seed": seed, "learning_rate": rate, "test_loss": loss + 0.02 * seed,
            "status": "diverged" if np.isnan(loss) else "ok",
        }
        for seed in range(3)
        for rate, loss in zip(RATES, LOSSES, strict=True)
    )  # fmt: skip


def sensitivity(runs: pd.DataFrame, results: object = None, **options: float) -> tuple[float, ...]:
    return quantities["rate_sensitivity"].compute(results, runs, "test_loss", **options)


def test_it_is_the_mean_of_clipped_losses_above_the_least(runs: pd.DataFrame) -> None:
    of_seeds = [np.mean([0.5 + up, 0.2 + up, 2.0, 2.0]) - (0.2 + up) for up in (0.0, 0.02, 0.04)]
    assert sensitivity(runs, initial=2.0) == (*mean_interval(pd.Series(of_seeds)), 12)


def test_the_loss_before_training_is_that_of_the_curves(runs: pd.DataFrame) -> None:
    first = pd.DataFrame(
        {"run_id": runs["run_id"], "step": 0, "split": "test", "metric": "loss", "value": 2.0}
    )
    assert sensitivity(runs, SimpleNamespace(curves=first)) == sensitivity(runs, initial=2.0)
    with pytest.raises(LawbookError, match="no curve tells test_loss before training; add options"):
        sensitivity(runs, SimpleNamespace(curves=first[1:]))


def test_runs_that_failed_or_share_one_rate_have_none(runs: pd.DataFrame) -> None:
    assert np.isnan(sensitivity(runs.assign(status="ok"), initial=2.0)[0])
    with pytest.raises(LawbookError, match="the runs have one learning rate"):
        sensitivity(runs[runs["learning_rate"] == 0.1], initial=2.0)
