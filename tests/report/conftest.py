"""What tests of the page share: a results folder with planted values along training, and a real browser.

The values have diverged runs and unreached levels among them. The browser is Chromium, driven by Playwright; where
there is none, its tests are skipped; LAWBOOK_CHROMIUM names one elsewhere.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lawbook.storage.tables import write_table
from lawbook.studies import Plan, Study, load_study, make_plan

STUDY = """
title: Planted values along training
question: Do the figures show them?
task: {name: sgd_oracle, modes: 8}
model: {name: linear}
training: {optimizer: sgd, learning_rate: 0.2, batch_size: 16, steps: 100}
sweeps:
  phases: {axes: {learning_rate: [0.1, 0.2, 0.4], momentum: [0, 0.5], seed: {count: 3}}}
  rates: {axes: {learning_rate: [0.1, 0.2, 0.4], seed: {count: 3}}}
  sizes: {axes: {modes: {log2: [2, 512]}, seed: {count: 2}}}
  one: {axes: {learning_rate: [0.1], seed: {count: 3}}}
columns:
  memorised: {first: step, test_loss: {at_most: 0.5}}
  understood: {first: step, test_loss: {at_most: 0.1}}
"""
STEPS = np.array([0, 1, 10, 100])
K = 4


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Plan, Path]:
    """Return a study, its plan, and a folder with its runs and curves, planted."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "planted.yaml").write_text(STUDY, encoding="utf-8")
    study = load_study(folder / "planted.yaml")
    plan = make_plan(study)
    runs = plan.table().drop(columns=["bytes", "predicted_s", "shard"])
    rate, seed = runs["learning_rate"], runs["seed"]
    fast = (rate == 0.4) & (runs["momentum"] == 0.5)
    one_of_three = (rate == 0.4) & (runs["momentum"] == 0) & (seed == 2)
    runs = runs.assign(
        status=np.where(fast | one_of_three, "diverged", "ok"),
        test_loss=(1 / rate) * (1 + 0.1 * seed),
        sharpness=2 / rate,
        memorised=np.where((rate > 0.1) & ~((rate == 0.2) & (seed == 0)), 10 / rate, np.nan),
        understood=np.where((rate > 0.1) & (seed > 0) & (runs["momentum"] == 0), 100 / rate, np.nan),
    )
    runs.loc[runs["status"] == "diverged", ["test_loss", "sharpness", "memorised", "understood"]] = np.nan
    parts = []
    for run in runs.to_dict("records"):
        value = np.where(
            (STEPS > 10) & (run["status"] == "diverged"), np.nan, 2.0 + run["seed"] - 0.01 * STEPS
        )
        about = {"run_id": run["run_id"], "step": STEPS, "samples_seen": 16 * STEPS}
        parts.append(
            pd.DataFrame({**about, "split": "test", "metric": "loss", "index": None, "value": value})
        )
        sharp = np.full(len(STEPS), 2 / run["learning_rate"])
        parts.append(
            pd.DataFrame({**about, "split": None, "metric": "sharpness", "index": None, "value": sharp})
        )
        for k in range(K):
            grown = (1 + STEPS) / (k + 1) * (1 + 0.5 * run["seed"])
            parts.append(
                pd.DataFrame({**about, "split": None, "metric": "spectrum", "index": k, "value": grown})
            )
    curves = pd.concat([part.astype({"index": "Int64"}) for part in parts], ignore_index=True)
    write_table(runs, folder / "runs.parquet")
    write_table(curves, folder / "curves.parquet")
    return study, plan, folder


@dataclass
class Opened:
    """A page in the browser, what it asked of the network, and what it said on the console."""

    page: Any
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright, of the extra dev")
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = os.environ.get("LAWBOOK_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        pytest.skip("needs Chromium; LAWBOOK_CHROMIUM names one")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium)
        yield launched
        launched.close()


@pytest.fixture
def open_file(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Return how to open a file in the browser, with what that should be like."""
    contexts = []

    def opened(file: Path, **like: object) -> Opened:
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **like}))
        contexts[-1].set_default_timeout(10_000)
        found = Opened(contexts[-1].new_page())
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.on("console", lambda message: found.said.append(message.text))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        found.page.on("dialog", lambda dialog: (found.said.append(dialog.message), dialog.dismiss()))
        found.page.goto(file.as_uri())
        return found

    yield opened
    for context in contexts:
        context.close()
