"""Checkouts for tests: one in which nothing has been run, and ones in which a study has."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
from benchmarks.fault_harness.checkout import Checkout, build

STUDY = "smoke"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a checkout in which nothing has been run."""
    return build(tmp_path / "checkout")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout in which the study has been run, shared by all workers: look, but do not touch."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "undisturbed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = Checkout(shared / "undisturbed")
        if not done.folder.exists():
            ran = build(done.folder).lawbook("run", STUDY)
            assert ran.returncode == 0, ran.stdout + ran.stderr
    return done


@pytest.fixture
def finished(undisturbed: Checkout, tmp_path: Path) -> Checkout:
    """Return a checkout in which the study has been run, moved to a folder of this test's own."""
    return undisturbed.copy(tmp_path / "moved")
