"""A study that starts its jobs warm, two at a time, leaves the bytes of one whose jobs are processes, one by one."""

from __future__ import annotations

import pytest
from benchmarks.fault_harness.checkout import Checkout
from tests.workflow.conftest import STUDY

TIMED = ("costs", "shards/", "progress", "report.html", "card.json", "scorings", "sha256sums.txt")
"""Results that tell how long something took, or digests of those."""


@pytest.mark.slow
def test_plain_snakemake_on_one_core_leaves_the_same_bytes(checkout: Checkout, undisturbed: Checkout) -> None:
    ran = checkout.snakemake("--cores", "1", STUDY)

    assert ran.returncode == 0, ran.stderr
    folders = [one.path("") for one in (checkout, undisturbed)]
    files, others = (
        {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} for folder in folders
    )
    compared = sorted(name for name in files & others if not name.startswith(TIMED))
    assert {"runs.parquet", "curves.parquet", "fits.parquet", "claims.parquet", "plan.parquet"} < {*compared}
    assert sum(name.endswith(".svg") for name in compared) > 1
    different = [name for name in compared if len({(one / name).read_bytes() for one in folders}) > 1]
    assert not different
