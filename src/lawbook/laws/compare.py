"""Which law predicts: several forms on the same data, judged on the held-out largest x first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lawbook.laws.fit import Fit, fit_points, optimum, residual_variance, too_few
from lawbook.laws.forms import laws
from lawbook.laws.law import Array, Flags, Law
from lawbook.laws.points import Points, gather
from lawbook.laws.solver import Loss, solve
from lawbook.laws.uncertainty import quantile_levels, resample, resampling
from lawbook.seeds import generator

BASELINE = "power"
_STRONG = 6.0
"""Difference in BIC from which on it is evidence (Raftery 1995: 'strong')."""
_DECADE = 1.0
"""Below this range of x an information criterion mistakes curvature of any kind for a law."""


@dataclass(frozen=True)
class Comparison:
    """Forms on one data set. `table` has a row per form, best first; `preferred` is a form or 'undecided'.

    Columns: form, status, reason, n_parameters, heldout_error (RMS log error at the held-out largest x of
    the form fitted to the others), heldout_error_power (of the power law), bic, delta_bic. The held-out
    points judge the forms; the fits in `fits` use all points.
    """

    table: pd.DataFrame
    preferred: str
    reason: str
    fits: dict[str, Fit]


def compare(
    table: pd.DataFrame,
    forms: Sequence[str | Law],
    *,
    y: str,
    x: str | Sequence[str],
    cluster: str | Sequence[str] | None = "seed",
    n_eval: str | int | None = None,
    loss: str = "log_least_squares",
    delta: float | None = None,
    weights: str | None = None,
    holdout: int = 1,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Fit several forms and say which one the data prefer, or 'undecided'.

    The power law is always among them where all x > 0. A form is preferred over each other if its error on
    the `holdout` largest x is smaller with a paired bootstrap interval that excludes 0; where that interval
    includes 0, by a BIC smaller by 6 or more, over at least a decade of x. If neither says so, or the two
    contradict each other, the answer is 'undecided'. A form whose floor is not told apart from 0 stands back
    for the same form without it. Other arguments and errors as in `fit`.
    """
    chosen = [laws[form] if isinstance(form, str) else form for form in forms]
    points = gather(
        table, y=y, x=x, cluster=cluster, n_eval=n_eval, weights=weights,
        positive_x=any(law.positive_x for law in chosen),
    )  # fmt: skip
    return compare_points(
        points, chosen, Loss(loss, delta), holdout=holdout, draws=draws, level=level, seed=seed
    )


def compare_points(
    points: Points,
    forms: Sequence[Law],
    loss: Loss,
    *,
    holdout: int = 1,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare forms on gathered points; see `compare`."""
    if BASELINE not in {law.name for law in forms} and (points.x > 0).all():
        forms = [*forms, laws[BASELINE]]
    fits = {
        law.name: fit_points(points, law, loss=loss, draws=draws, level=level, seed=seed) for law in forms
    }
    order = np.argsort(points.x[:, 0], kind="stable")
    held = np.zeros(len(points.x), dtype=bool)
    held[np.isin(points.x[:, 0], np.unique(points.x[order, 0])[-holdout:])] = True
    errors = {
        law.name: _heldout_errors(points, held, law, loss, min(draws, 400), seed)
        for law in forms
        if not too_few(points.keep(~held), len(law.parameters) - 1)
        and not too_few(points, len(law.parameters))
    }
    nothing = (np.nan, np.zeros(0))
    rows = [
        {
            "form": law.name,
            "status": fits[law.name].status,
            "reason": fits[law.name].reason,
            "n_parameters": len(law.parameters),
            "heldout_error": errors.get(law.name, nothing)[0],
            "heldout_error_power": errors.get(BASELINE, nothing)[0],
            "bic": fits[law.name].bic,
        }
        for law in forms
    ]
    table = pd.DataFrame(rows).sort_values(["heldout_error", "n_parameters", "bic"], ignore_index=True)
    table["delta_bic"] = table["bic"] - table["bic"].min()
    preferred, reason = _prefer(
        table, errors, fits, quantile_levels(resampling(points), points.n_clusters, level)
    )
    return Comparison(table, preferred, reason, fits)


def _heldout_errors(
    points: Points, held: Flags, law: Law, loss: Loss, draws: int, seed: int
) -> tuple[float, Array]:
    """Return the RMS log error on the held-out points, and the same for paired resampled data, (draws,)."""
    rest, solution = optimum(points.keep(~held), law, loss)
    away = points.keep(held)

    def error(log_y: Array, censored: Flags, parameters: Array) -> Array:
        miss = log_y - law.log_predict(away.x, parameters)
        # Below an upper limit a prediction is not wrong.
        miss = np.where(censored, np.minimum(miss, 0.0), miss)
        return np.asarray(np.sqrt(np.mean(miss**2, axis=-1)))

    once = away.data()
    value = float(error(once.log_y, once.censored, solution.parameters)[0])
    method = resampling(points)
    variance, df = residual_variance(rest, law, solution)
    base = points.base.copy()
    base[~held] = rest.base
    # One generator, one order of clusters and points: every form sees the same resampled data.
    whole = replace(points, base=base)
    drawn = resample(whole, method, draws, generator(seed, "heldout"), variance, df)
    kept = solve(law, rest.x, drawn.at_points(~held), loss, warm=solution.parameters[0])
    values = error(drawn.log_y[:, held], drawn.censored[:, held], kept.parameters)
    return value, np.where(kept.converged, values, np.nan)


def _prefer(
    table: pd.DataFrame,
    errors: dict[str, tuple[float, Array]],
    fits: dict[str, Fit],
    levels: tuple[float, float],
) -> tuple[str, str]:
    """Return the preferred form or 'undecided', and why."""
    fitted = table[table["form"].isin(list(errors)) & (table["status"] != "refused")]
    # A floor that is not told apart from 0 leaves the form without it: no rival of its own.
    same = [f for f in fitted["form"] if _floorless(fits[f]) in set(fitted["form"])]
    fitted = fitted[~fitted["form"].isin(same)]
    beside = "".join(f"; the floor of {form} is not told apart from 0" for form in same)
    if fitted.empty:
        return "undecided", "every form is refused"
    best = fitted.iloc[0]
    if len(fitted) == 1:
        return str(best["form"]), f"no other form is left{beside}"
    reasons = []
    for _, rival in fitted.iloc[1:].iterrows():
        difference = errors[str(rival["form"])][1] - errors[str(best["form"])][1]
        difference = difference[np.isfinite(difference)]
        gap = float(rival["heldout_error"] - best["heldout_error"])
        delta_bic = float(rival["bic"] - best["bic"])
        pair = f"{best['form']} against {rival['form']}"
        low, high = np.quantile(difference, levels) if len(difference) else (-np.inf, np.inf)
        told_apart = low > 0
        decades = fits[str(best["form"])].decades[0]
        by_bic = delta_bic >= _STRONG and decades >= _DECADE
        if (told_apart and delta_bic > -_STRONG) or by_bic:
            reasons.append(
                f"{pair}: held-out error smaller by {gap:.3g} [{low:.3g}, {high:.3g}], ΔBIC {delta_bic:.1f}"
            )
            continue
        return "undecided", (
            f"{pair}: held-out errors differ by {gap:.3g} [{low:.3g}, {high:.3g}], ΔBIC {delta_bic:.1f}"
            f" over {decades:.1f} decades"
        )
    return str(best["form"]), "; ".join(reasons) + beside


def _floorless(fitted: Fit) -> str:
    """Name the form without the floor if the fit's floor is not identified, else ''."""
    lost = any(notice.kind == "floor_not_identified" for notice in fitted.warnings)
    return fitted.law.name.removesuffix("_floor") if lost else ""
