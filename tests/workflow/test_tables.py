"""What stages read of a study whose runs come from a table: no curves, which it has not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lawbook.studies import plan_study
from lawbook.workflow.stages import STAGES

STUDIES = Path(__file__).parents[2] / "config" / "studies"


@pytest.mark.parametrize(
    ("study", "part", "curves"), [("phases", "ia", False), ("compute_optimal", "best_size", True)]
)
def test_an_analysis_reads_curves_of_trained_runs_alone(study: str, part: str, curves: bool) -> None:
    read = STAGES["analyse"].reads(plan_study(study, STUDIES), f"compute_frontier/{part}")

    assert ("curves.parquet" in read) == curves
    assert "runs.parquet" in read
