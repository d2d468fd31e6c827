"""Fit one law to a table of runs: estimates with intervals, diagnostics, warnings, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.laws.autocorrelation import autocorrelated
from lawbook.laws.checks import check_history, check_inputs, check_request
from lawbook.laws.diagnostics import AGREE, diagnostics, open_ends, rising, tied_inputs, uneven, unseen_break
from lawbook.laws.fitted import Fit
from lawbook.laws.formulas import law_of
from lawbook.laws.identify import free_parameters, stuck_parameters, without_ends
from lawbook.laws.index import Index, read_index
from lawbook.laws.influence import influence, influential
from lawbook.laws.law import Array, Law
from lawbook.laws.loss import Loss, robust_delta
from lawbook.laws.noise import Spread, spread_of
from lawbook.laws.note import Note, Severity, info, refusal
from lawbook.laws.outliers import outliers
from lawbook.laws.points import Points, gather
from lawbook.laws.profile import profile, profiled
from lawbook.laws.repeats import t_reach
from lawbook.laws.run_noise import residual_noise_of
from lawbook.laws.schedules import read_schedules
from lawbook.laws.solver import Solution, refits, solve
from lawbook.laws.uncertainty import (
    Estimate,
    evidence_of,
    half_width,
    interval,
    jackknife,
    repeated,
    resample,
    resampling,
)
from lawbook.laws.unnamed import unnamed_columns
from lawbook.laws.verdict import judge, lack_of_fit, on_bound, trend
from lawbook.seeds import generator
from lawbook.storage.status import FitStatus


def fit(
    table: pd.DataFrame,
    law: str | Law,
    *,
    y: str,
    x: str | Sequence[str] | None = None,
    cluster: str | Sequence[str] | None = "seed",
    n_eval: str | int | None = None,
    loss: str = "log_least_squares",
    delta: float | str | None = None,
    weights: str | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Fit:
    """Fit y(x) = Σ_j s_j c_j φ_j(x; θ), c ≥ 0, to the means over runs, minimising Σ w ρ(g(ȳ) − g(ŷ)).

    table: a row per run. The law is one of `laws`, or a formula such as 'E + A*N^-alpha', whose inputs are the columns
    that it names; `x` may then be left out. `cluster` names the column(s) of independent units, resampled whole;
    None, and the default where there is no such column: each row is one, and no runs are averaged across them but
    at equal x. `n_eval`, a column or a number, says that y is an error over that many test examples: binomial weights,
    zeros censored at 1/n_eval. `loss` is one of `loss.LOSSES`: squared, Huber's with `delta` in residuals (or
    'auto', see `loss_of`) or absolute, of log y, log(1 + y) or y. `weights` is a column.
    Data that give no law yield a Fit with status 'refused'. Raises LawbookError for an unknown law or loss,
    an absent column, y or x out of range.

    >>> table = pd.DataFrame({"n": [1, 2, 4, 8, 16] * 3, "seed": [0] * 5 + [1] * 5 + [2] * 5})
    >>> table["loss"] = 3 * table.n ** -0.5 * (1 + 0.01 * (table.seed - 1))
    >>> fitted = fit(table, "power", y="loss", x="n", draws=100)
    >>> fitted.status.value, round(fitted.estimates["alpha"].value, 6)
    ('ok', 0.5)
    """
    points, form, penalty = _problem(
        table, law, loss, delta, y=y, x=x, cluster=cluster, n_eval=n_eval, weights=weights
    )
    return fit_points(points, form, loss=penalty, draws=draws, level=level, seed=seed)


def best_parameters(
    table: pd.DataFrame,
    law: str | Law,
    *,
    y: str,
    x: str | Sequence[str] | None = None,
    loss: str = "log_least_squares",
    delta: float | str | None = None,
) -> dict[str, float]:
    """Return the parameters that `fit` finds of a table whose rows are independent, without intervals and checks.

    NaN where there are too few points, or the law is infinite at some of them. Raises LawbookError as `fit` does.

    >>> table = pd.DataFrame({"n": [1, 2, 4, 8, 16]}).assign(loss=lambda t: 3 * t.n ** -0.5)
    >>> round(best_parameters(table, "power", y="loss", x="n")["alpha"], 6)
    0.5
    """
    points, form, penalty = _problem(table, law, loss, delta, y=y, x=x, cluster=None)
    unknown = dict.fromkeys(form.parameters, np.nan)
    if too_few(points, form):
        return unknown
    _, solution = optimum(points, form, penalty)
    found = dict(zip(form.parameters, solution.parameters[0].tolist(), strict=True))
    return found if np.isfinite(solution.objective[0]) else unknown


def _problem(
    table: pd.DataFrame,
    law: str | Law,
    loss: str,
    delta: float | str | None,
    *,
    y: str,
    x: str | Sequence[str] | None,
    **how: Any,
) -> tuple[Points, Law, Loss]:
    """Return the points, the law and the loss that a fit is asked for by; `how` are options of `gather`."""
    law = law_of(law, table, y=y, x=x)
    inputs = inputs_of(law, x)
    table, (law,), notes = read_schedules(table, [law], y, inputs)
    table, index = read_index(table, [law])
    how |= {"positive_x": law.positive_x, "shift": law.shift, "index": index}
    points = gather(table, y=y, x=inputs, **how)
    check_history(law, points.notes)
    points = replace(points, notes=(*notes, *points.notes))
    points, loss = on_its_own_scale(points, loss)
    return points, law, loss_of(points, [law], loss, delta)


def inputs_of(law: Law, x: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns that are a law's inputs: those of x, or a formula's own. Raises LawbookError for others."""
    if law.written:
        return law.inputs
    inputs = (x,) if isinstance(x, str) else tuple(x or ())
    check_inputs(law, inputs)
    return inputs


def on_its_own_scale(points: Points, loss: str) -> tuple[Points, str]:
    """Return the points and the loss by which a y that has been shifted is compared: on its own scale, said in a note.

    Raises LawbookError for another loss of log y than the default.
    """
    if not points.shift or not loss.startswith("log"):
        return points, loss
    if loss != Loss().name:
        raise LawbookError(
            f"loss {loss!r} takes the logarithm of {points.y}, which is not positive; name one without log"
        )
    text = f"{points.y} is not positive throughout: it is compared on its own scale, not by its logarithm"
    return replace(points, notes=(*points.notes, info("own_scale", text))), "least_squares"


def fit_points(
    points: Points, law: Law, *, loss: Loss, draws: int = 1000, level: float = 0.95, seed: int = 0
) -> Fit:
    """Fit a law to gathered points; see `fit`."""
    check_request(draws, level)
    n, p = len(points.x), len(law.parameters)
    shortage = too_few(points, law)
    if shortage:
        return without_estimates(points, law, loss, level, shortage)
    points, solution = optimum(points, law, loss)
    if not np.isfinite(solution.objective[0]):
        text = "the law is infinite or not positive at some points wherever it was started"
        return without_estimates(points, law, loss, level, refusal("not_finite", text))
    parameters = solution.parameters[0]
    data = points.data()
    r = data.log_y[0] - law.log_predict(points.x, parameters)
    method = resampling(points)
    drawn, failed = refit(points, law, loss, solution, method, draws, seed)
    left_out = np.full((0, p), np.nan)
    if method == "bca":
        left_out = refits(law, points.x, jackknife(points), loss, parameters)
    fit_p, unexplained = lack_of_fit(law, points, solution)
    told = unnamed_columns(points, law, parameters)
    reasons = [note for note in told if note.severity == Severity.REFUSAL]
    status, why = judge(law, points, solution, drawn, level, fit_p, unexplained)
    if status == FitStatus.OK and (tied := tied_inputs(law, points.notes)):
        status, why = FitStatus.NOT_IDENTIFIED, tied
    if reasons:
        status = FitStatus.REFUSED
    evidence = None
    if status != FitStatus.REFUSED:
        residual = residual_noise_of(points, law, parameters)
        evidence = evidence_of(points, law, loss, parameters, method, residual)
    estimates = {}
    for j, name in enumerate(law.parameters):
        at_floor = name == law.floor and parameters[j] == 0.0
        estimates[name] = interval(
            float(parameters[j]), drawn[:, j], left_out[:, j], method, points.n_clusters, level, at_floor
        )
    ends = {} if evidence is None else {n: profile(evidence, n, level) for n in profiled(law, points.x)}
    for name, found in ends.items():
        kind = "one_sided" if name == law.floor and estimates[name].value == 0 else "profile"
        estimates[name] = Estimate(estimates[name].value, float(found.low[0]), float(found.high[0]), kind)
    if status == FitStatus.OK and (lost := unseen_break(law, points.x, estimates, ends)):
        status, why = FitStatus.NOT_IDENTIFIED, lost
    elif status == FitStatus.NOT_IDENTIFIED and why is not None and why.code != "on_bound":
        estimates |= without_ends(estimates, free_parameters(law, points.x, parameters))
    stuck = sorted({*stuck_parameters(law, points.x, estimates), *on_bound(law, points.x, parameters)})
    estimates |= without_ends(estimates, stuck)
    # A floor of 0 may be the truth, and is told of as one that is not seen.
    if status == FitStatus.OK and (gone := [name for name in stuck if name != law.floor]):
        text = f"{', '.join(gone)} {'sit' if len(gone) > 1 else 'sits'} on a bound in all draws: no interval"
        status, why = FitStatus.NOT_IDENTIFIED, refusal("stuck_on_bound", text, parameters=gone)
    reasons += [] if why is None else [why]
    derived = derived_estimates(points, law, parameters, drawn, left_out, method, level)
    errors = np.array([half_width(values) for values in drawn.T])
    influences = _named(influence(law, points, loss, parameters, errors), law)
    spread = spread_of(points, law.log_predict(points.x, parameters), r, p, repeated(points))
    notes = (
        *reasons,
        *(note for note in told if note not in reasons),
        *outliers(points, law, parameters),
        *(note for note in points.notes if why is None or note.code != why.code),
        *diagnostics(points, law, solution, estimates, method, fit_p, failed / max(draws, 1)),
        *(autocorrelated(points, law, parameters) if status == FitStatus.OK else ()),
        *open_ends(law, ends),
        *influential(influences, law, points.inputs),
        *uneven(spread, points.y),
        *rising(points, trend(points, level)),
    )
    deviance = loss.deviance(float(solution.objective[0]), n)
    return Fit(
        law=law, y=points.y, inputs=points.inputs, status=status, estimates=estimates,
        derived=derived, notes=notes, level=level, method=method, loss=loss,
        objective=float(solution.objective[0]), gradient=float(solution.gradient[0]),
        bic=float(deviance + (p + 1) * np.log(n)), aicc=_aicc(deviance, n, p),
        lack_of_fit=fit_p, screened=solution.screened, starts=solution.starts,
        starts_at_best=int(solution.starts_at_best[0]), draws=drawn, failed_draws=failed,
        points=point_table(points, level, r, law.index), influence=influences, spread=spread, evidence=evidence,
        **_counts(points),
    )  # fmt: skip


def too_few(points: Points, law: Law) -> Note | None:
    """Return the note on what is missing to fit a law, None if nothing is."""
    n, p = len(points.x), len(law.parameters)
    if n == 0:
        return refusal("no_points", f"no run has a finite {points.y}")
    for j, name in enumerate(points.inputs):
        # One schedule is enough for a law that reads its history.
        if j in points.measured and not (law.coupled and j == 0) and len(np.unique(points.x[:, j])) == 1:
            text = f"one distinct {name} ({points.x[0, j]:g}): no law can be seen"
            return refusal("one_x", text, input=name)
    if n < p + 2:
        text = (
            f"too few points: {n} distinct {', '.join(points.inputs)} for {p} parameters (at least {p + 2})"
        )
        return refusal("too_few_points", text, points=n, needed=p + 2)
    if law.index is not None and len(lost := np.setdiff1d(range(len(law.index.values)), points.values)):
        text = f"no point has {law.index.column} = {law.index.values[lost[0]]}"
        return refusal("empty_value", text, value=law.index.values[lost[0]])
    return None


def loss_of(points: Points, forms: Sequence[Law], name: str, delta: float | str | None) -> Loss:
    """Return the loss; δ 'auto' is `robust_delta` of the residuals of the form that least squares fits best."""
    if not isinstance(delta, str):
        return Loss(name, delta)
    if delta != "auto":
        raise LawbookError(f"delta = {delta!r} is neither a number > 0 nor 'auto'")
    flat = Loss(name, 1.0).squared
    fitted = [(optimum(points, law, flat)[1], law) for law in forms if not too_few(points, law)]
    if not fitted:
        return Loss(name, 1.0)
    best, law = min(fitted, key=lambda each: float(each[0].objective[0]))
    r, _ = flat.residuals(points.data().log_y, law.log_predict(points.x, best.parameters[0]))
    return Loss(name, robust_delta(r))


def optimum(points: Points, law: Law, loss: Loss) -> tuple[Points, Solution]:
    """Return the best fit to all clusters, and the points with their final weights.

    Binomial weights at smoothed errors give a first fit; its errors give the weights of the second.
    """
    solution = _solved(law, points, loss)
    if points.binomial:
        points = points.reweighted(law.log_predict(points.x, solution.parameters[0]))
        solution = _solved(law, points, loss)
    return points, solution


def _solved(law: Law, points: Points, loss: Loss) -> Solution:
    """Return the optimum, from four times as many starts where fewer than three agree on it."""
    first = solve(law, points.x, points.data(), loss)
    # Of a law of one or two nonlinear parameters all starts are followed anyhow.
    more = min(4 * first.starts, first.screened // 4) if len(law.nonlinear) > 2 else 0
    if first.starts_at_best[0] >= AGREE or more <= first.starts:
        return first
    again = solve(law, points.x, points.data(), loss, starts=more)
    # Where more starts find nothing better, what fewer of them found stays.
    return again if again.objective[0] < first.objective[0] else replace(first, starts=again.starts)


def refit(
    points: Points, law: Law, loss: Loss, solution: Solution, method: str, draws: int, seed: int
) -> tuple[Array, int]:
    """Return the refitted parameters of resampled data, (draws, p), and how many did not converge."""
    residual = residual_noise_of(points, law, solution.parameters[0])
    drawn = resample(points, method, draws, generator(seed, "bootstrap"), residual)
    values = refits(law, points.x, drawn, loss, solution.parameters[0])
    return values, int(np.sum(~np.isfinite(values[:, 0])))


def _named(table: pd.DataFrame, law: Law) -> pd.DataFrame:
    return table if law.index is None or table.empty else law.index.named(table)


def point_table(
    points: Points, level: float, residuals: Array | None = None, index: Index | None = None
) -> pd.DataFrame:
    """Return the points as a table: inputs, y, low, high (t over clusters), n_seeds, residual, censored.

    Residuals are of log y, of a y that is not positive those of y. A censored y is the upper limit 1/n_eval, and has
    no lower end.
    """
    data = points.data()
    log_y, censored = data.log_y[0], data.censored[0]
    m = points.clusters_per_point
    spread = np.sqrt(points.variances)
    half = t_reach(m, level) * spread
    table = pd.DataFrame(points.x, columns=list(points.inputs))
    table["y"] = np.exp(log_y) - points.shift
    table["low"] = np.where(censored, np.nan, np.exp(log_y - half) - points.shift)
    table["high"] = np.where(censored, np.exp(log_y), np.exp(log_y + half) - points.shift)
    table["n_seeds"] = m
    table["residual"] = np.nan if residuals is None else residuals
    if points.shift and residuals is not None:
        table["residual"] = np.exp(log_y) - np.exp(log_y - residuals)
    table["censored"] = censored
    return table if index is None else index.named(table)


def _aicc(deviance: float, n: int, p: int) -> float:
    """Return Akaike's criterion with its small-sample term, NaN where that is not defined (n ≤ p + 2)."""
    k = p + 1  # with the variance
    return float(deviance + 2 * k + 2 * k * (k + 1) / (n - k - 1)) if n > k + 1 else np.nan


def derived_estimates(
    points: Points, law: Law, parameters: Array, drawn: Array, left_out: Array, method: str, level: float
) -> dict[str, Estimate]:
    """Return the law's derived quantities with intervals from the draws."""
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.exp(np.log(points.x).mean(axis=0))
        return {
            name: interval(
                float(f(parameters, centre)), f(drawn, centre), f(left_out, centre), method,
                points.n_clusters, level, False,
            )
            for name, f in law.derived.items()
        }  # fmt: skip


def _counts(points: Points) -> dict[str, Any]:
    ranges = tuple((float(c.min()), float(c.max())) for c in points.x.T) if len(points.x) else ()
    return {
        "x_range": ranges or ((np.nan, np.nan),) * len(points.inputs),
        "n_runs": int(points.runs.sum()),
        "n_seeds": points.n_clusters,
        "n_censored": points.n_censored,
        "n_diverged": points.n_diverged,
    }


def without_estimates(points: Points, law: Law, loss: Loss, level: float, why: Note | None) -> Fit:
    """Return a fit without estimates, refused; `why` stands before what is noted of the points."""
    nothing = Estimate(np.nan, np.nan, np.nan, "none")
    return Fit(
        law=law, y=points.y, inputs=points.inputs, status=FitStatus.REFUSED,
        estimates=dict.fromkeys(law.parameters, nothing), derived=dict.fromkeys(law.derived, nothing),
        notes=(*(() if why is None else (why,)), *points.notes), level=level, method="none",
        loss=loss, objective=np.nan, gradient=np.nan, bic=np.nan, aicc=np.nan, lack_of_fit=np.nan, screened=0, starts=0,
        starts_at_best=0, draws=np.full((0, len(law.parameters)), np.nan), failed_draws=0,
        points=point_table(points, level, index=law.index), influence=pd.DataFrame(),
        spread=Spread(np.nan, 0.0, 0.0, np.nan, 1.0), evidence=None, **_counts(points),
    )  # fmt: skip
