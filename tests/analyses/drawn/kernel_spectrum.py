"""The spectrum of a planted kernel, beside runs with the exact losses of its task."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tests.analyses.drawn import Figures, of_tables

from lawbook.analyses.kernel_spectrum.block import KernelSpectrumBlock
from lawbook.analyses.kernel_spectrum.compute import kernel_tables
from lawbook.models import models
from lawbook.studies.law_block import LawBlock
from lawbook.tasks import tasks
from lawbook.theory.kernel_modes import exact_curve

LAW = LawBlock(sweep="all", y="test_loss", x="samples", by=["target_exponent"])


def planted_tables(exponents: tuple[float, ...] = (1.5, 2.0), sample: int = 96) -> dict[str, pd.DataFrame]:
    """Return the tables of kernels of 200 modes, whose runs have their exact losses and whose law is not fitted."""
    base = {
        "task": "kernel_modes", "model": "kernel_ridge", "keep_fraction": 1.0,
        **tasks["kernel_modes"].axes.defaults(), **models["kernel_ridge"].axes.defaults(), "modes": 200,
    }  # fmt: skip
    configs = [
        {**base, "target_exponent": b, "samples": n, "seed": seed}
        for b in exponents
        for n in (8, 12, 16, 24, 32)
        for seed in (0, 1)
    ]
    runs = pd.DataFrame(configs).assign(sweeps="all", status="ok")
    runs["run_id"] = [f"run {i}" for i in range(len(runs))]
    runs["test_loss"] = exact_curve(runs, "samples", "test_loss")
    fits = pd.DataFrame([
        {"law": "planted", "parameter": "alpha", "group": f"target_exponent={b:g}", "estimate": b - 1, "low": b - 1.1,
         "high": b - 0.9, "status": "ok", "notes": "[]", "n_runs": 10, "x_low": 8.0, "x_high": 32.0}
        for b in exponents
    ])  # fmt: skip
    block = block_of(sample)
    return kernel_tables(block, runs, dict(zip(runs["run_id"], configs, strict=True)), LAW, fits)


def block_of(sample: int = 96) -> KernelSpectrumBlock:
    return KernelSpectrumBlock(
        sweep="all", by=["target_exponent"], law="planted", sample=sample, parts=4, exact="kernel_modes"
    )


def drawn(folder: Path) -> Figures:
    return of_tables("kernel_spectrum", block_of(), planted_tables(), folder)
