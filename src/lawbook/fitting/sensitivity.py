"""How much a number depends on choices that could as well have been made otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.fitting.censored import censored_choices, has_censored
from lawbook.fitting.groups import Group, check_block, groups_of, points_of
from lawbook.laws.fit import fit_points
from lawbook.laws.fitted import Fit
from lawbook.laws.forms import laws as forms
from lawbook.laws.loss import Loss, robust_delta
from lawbook.results.evaluations import runs_at
from lawbook.results.selection import LawBlock
from lawbook.storage.columns import metric_column, split_and_metric
from lawbook.storage.tables import conform, empty


def sensitivity(
    laws: Mapping[str, LawBlock],
    runs: pd.DataFrame,
    *,
    curves: pd.DataFrame | None = None,
    bounded: Collection[str] = (),
    draws: int = 200,
) -> pd.DataFrame:
    """Return the headline form's exponent under each defensible choice, a row each (table 'sensitivity').

    Choices: as fitted; without the smallest or largest x; with the floor on or off; error for loss or the
    reverse, where that column exists; the other residual loss (δ of log-Huber = 1.345 robust standard
    deviations of the residuals). With censored values, which `bounded` columns may have, the first three alone. A
    refused fit keeps its estimate; one without estimates is null.
    """
    rows = []
    for name, block in laws.items():
        table = runs_at(runs, curves, block.at, block.first_step)
        check_block(name, block, table)
        for group in groups_of(name, block, table):
            choices = censored_choices if has_censored(block, group, bounded) else _choices
            for choice, fitted in choices(block, group, draws):
                parameter = fitted.law.exponent
                estimate = fitted.estimates[parameter]
                rows.append(
                    {
                        "law": name, "form": fitted.law.name, "group": group.group, "parameter": parameter,
                        "choice": choice, "estimate": estimate.value, "low": estimate.low,
                        "high": estimate.high, "status": fitted.status,
                    }
                )  # fmt: skip
    return conform(pd.DataFrame(rows), "sensitivity") if rows else empty("sensitivity")


def _choices(block: LawBlock, group: Group, draws: int) -> Iterator[tuple[str, Fit]]:
    """Yield each defensible choice with the headline form fitted under it."""
    law, loss = block.form(block.compare[0]), Loss(block.loss, block.delta)
    try:
        points = points_of(block, group)
    except LawbookError:
        return
    headline = fit_points(points, law, loss=loss, draws=draws)
    yield "as fitted", headline
    for name, values in zip(block.inputs if len(block.inputs) > 1 else ("x",), points.x.T, strict=True):
        if name != points.index and len(np.unique(values)) > 1:
            for end, edge in (("smallest", values.min()), ("largest", values.max())):
                without = points.keep(np.asarray(values != edge))
                yield f"without {end} {name}", fit_points(without, law, loss=loss, draws=draws)
    partner = law.name.removesuffix("_floor") if law.floor else f"{law.name}_floor"
    if partner in forms and partner != law.name:
        yield (
            "without floor" if law.floor else "with floor",
            fit_points(points, forms[partner], loss=loss, draws=draws),
        )
    split, metric = split_and_metric(block.y)
    other = metric_column(split, "loss" if metric == "error" else "error")
    if (
        split
        and metric in ("loss", "error")
        and other in group.runs.columns
        and group.runs[other].notna().any()
    ):
        # Where that column has no logarithm there is no such choice.
        with suppress(LawbookError):
            again = fit_points(points_of(block, group, other), law, loss=loss, draws=draws)
            yield f"{other} for {block.y}", again
    others = {
        shape: replace(loss, name=loss.scale + shape, delta=None) for shape in ("least_squares", "absolute")
    }
    if loss.scale == "log_" and loss.shape != "huber" and np.isfinite(headline.objective):
        r = headline.points["residual"].to_numpy()
        others["huber"] = loss.huber(robust_delta(r))
    for changed in others.values():
        if changed.shape != loss.shape:
            name = changed.name + (f" δ={changed.delta:.2g}" if changed.delta else "")
            yield name, fit_points(points, law, loss=changed, draws=draws)
