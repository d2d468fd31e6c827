"""Checkouts for tests: one in which nothing has been run, and ones in which a study has."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.fault_harness.checkout import Checkout, build
from tests.once import made_once

STUDY = "smoke"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a checkout in which nothing has been run."""
    return build(tmp_path / "checkout")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout in which the study has been run, shared by all workers: look, but do not touch."""
    return made_once(tmp_path_factory, "undisturbed", _run)


def _run(folder: Path) -> Checkout:
    done = build(folder)
    ran = done.lawbook("run", STUDY, "--", "--verbose")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return done


@pytest.fixture
def finished(undisturbed: Checkout, tmp_path: Path) -> Checkout:
    """Return a checkout in which the study has been run, moved to a folder of this test's own."""
    return undisturbed.copy(tmp_path / "moved")
