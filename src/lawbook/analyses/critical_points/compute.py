"""Find critical points near the weights of trained runs, and tell their losses, errors and indices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import Tensor

from lawbook.analyses import Inputs
from lawbook.analyses.critical_points.block import TABLES, CriticalPointsBlock
from lawbook.analyses.critical_points.search import Landscape, descend, flattened
from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.seeds import generator
from lawbook.studies.identity import Run
from lawbook.tasks import tasks
from lawbook.tasks.linear_modes import singular_values
from lawbook.theory.linear_saddles import critical_points
from lawbook.training.sources import open_source

ZERO = 1e-6
"""An eigenvalue counts as negative below minus this share of the largest in size: symmetries have eigenvalues of 0."""

SAME = 1e-6
"""A loss is that of a known critical point within this share of the largest of these."""


def compute(block: CriticalPointsBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables of points and seeds. Raises LawbookError for runs whose weights are not finite."""
    runs = block.looked_into(inputs.plan.runs)
    points = pd.concat([points_of(block, run, inputs.weights[run.run_id]) for run in runs], ignore_index=True)
    return {"points": points, "seeds": by_seed(points)}


def points_of(
    block: CriticalPointsBlock, run: Run, by_step: Mapping[int, Mapping[str, Tensor]]
) -> pd.DataFrame:
    """Return the rows of one run: from each of some steps, with noise of each size, where the search ended."""
    config = run.config
    landscape = landscape_of(config, block.examples)
    known = np.array(sorted(by_step))
    steps = np.unique(known[np.linspace(0, len(known) - 1, block.steps).round().astype(int)])
    places = [(int(step), noise) for step in steps for noise in block.noise]
    rng = generator(config["seed"], "starts of critical points")
    starts = []
    for step, noise in places:
        weights = flattened(dict(by_step[step]))
        if not weights.isfinite().all():
            raise LawbookError(f"the run {run.run_id} diverged; choose a smaller learning rate")
        starts.append(weights + noise * torch.from_numpy(rng.standard_normal(len(weights))))
    ended = descend(landscape, torch.stack(starts), block.tolerance, block.iterations)
    table = pd.DataFrame(places, columns=["step", "noise"]).assign(
        run_id=run.run_id, seed=config["seed"], found=(ended.norms <= block.tolerance).numpy(),
        iterations=ended.iterations.numpy(), gradient_norm=ended.norms.numpy(),
    )  # fmt: skip
    return table.assign(**told(landscape, ended.points))


def landscape_of(config: Config, examples: int) -> Landscape:
    """Return what a run descends on its first training examples."""
    source = open_source([config], {})
    (n,) = source.n_examples("train", examples)
    inputs, targets = source.examples("train", n, [0])
    # Plain SGD descends its weight decay as a part of the loss; other optimizers decay apart from it.
    decay = config["weight_decay"] if config["optimizer"] == "sgd" else 0.0
    real = targets.double() if targets.is_floating_point() else targets
    return Landscape(config, inputs[0].double(), real[0], decay)


def told(landscape: Landscape, points: Tensor) -> dict[str, Any]:
    """Return loss, error and index of points (S, P), and what is known of the critical point of the nearest loss."""
    values = torch.linalg.eigvalsh(landscape.hessians(points))
    negative = (values < -ZERO * values.abs().amax(1, keepdim=True)).sum(1).numpy()
    loss, n = landscape.losses(points).numpy(), points.shape[1]
    classes = tasks[landscape.config["task"]].targets == "classes"
    found = {
        "loss": loss, "n_params": n, "negative": negative, "index": negative / n,
        "error": landscape.errors(points).numpy() if classes else np.nan,
        "known_loss": np.nan, "known_negative": np.nan,
    }  # fmt: skip
    known = _known(landscape)
    if known is not None:
        nearest = np.abs(loss[:, None] - known[0]).argmin(1)
        found |= {"known_loss": known[0][nearest], "known_negative": known[1][nearest].astype(float)}
    return found


def _known(landscape: Landscape) -> tuple[Any, Any] | None:
    """Return losses and negative eigenvalues of the critical points, where they are known: of linear networks."""
    config = landscape.config
    if not (config["task"] == "linear_modes" and config["model"] == "deep_linear" and config["layers"] == 2):
        return None
    strengths = singular_values(config["n_modes"], config["strength"], config["decay"])
    return critical_points(strengths.tolist(), config["width"], landscape.decay)


def by_seed(points: pd.DataFrame) -> pd.DataFrame:
    """Return the table of seeds."""
    rows = []
    for seed, part in points.groupby("seed"):
        found = part[part["found"]]
        row = {"seed": seed, "starts": len(part), "found": len(found)}
        rows.append(
            row
            | {
                "rank_loss": _rank_correlation(found, "loss"),
                "rank_error": _rank_correlation(found, "error"),
                "known": _known_share(found),
            }
        )
    return pd.DataFrame(rows, columns=list(TABLES["seeds"]))


def _rank_correlation(found: pd.DataFrame, column: str) -> float:
    """Return Spearman's correlation of the index with a column; NaN where one of them does not vary."""
    if found[column].isna().any() or found["index"].nunique() < 2 or found[column].nunique() < 2:
        return np.nan
    return float(spearmanr(found["index"], found[column]).statistic)


def _known_share(found: pd.DataFrame) -> float:
    if found.empty or found["known_loss"].isna().any():
        return np.nan
    near = (found["loss"] - found["known_loss"]).abs() <= SAME * found["known_loss"].max()
    return float((near & (found["negative"] == found["known_negative"])).mean())
