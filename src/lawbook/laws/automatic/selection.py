"""The choice between candidate laws, and what the best of them predict together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from lawbook.errors import LawbookError
from lawbook.laws.automatic.folds import Folds, folds
from lawbook.laws.automatic.library import Candidate, candidates
from lawbook.laws.checks import places
from lawbook.laws.formulas import law_of
from lawbook.laws.formulas.given import shift_of
from lawbook.laws.law import Array, Law
from lawbook.laws.loss import Loss, robust_delta
from lawbook.laws.points import Points, gather
from lawbook.laws.solver import Data, jacobian, solve
from lawbook.storage.status import UNDECIDED

_STARTS, _SCREENED, _SOUGHT = 8, 128, 400
"""Starts that each fit descends from, the best of those screened, sought on so many points."""
_BEST = 5
"""So many laws predict together."""
_NEAR = 10.0
"""Weight of the points near the target, where it is tried."""
_QUANTILES = ndtri((np.arange(199) + 0.5) / 199)
_AHEAD = 4.0
"""Without a target y is predicted at so many times the largest of every input."""
RULES = ("single", "mean", "median", "aicc")
"""How the best laws are put together: the first alone, their mean, their median, by the weights of AICc."""


@dataclass(frozen=True)
class Entry:
    """A candidate with one loss: what it was fitted with, its errors on the folds, and its fit to all points.

    `away` (F, n) is log y − log ŷ of each fold's fit at all points, `log_target` (m,) what the last fit predicts,
    `spread` (m,) its standard error, `aicc` the criterion of the fit to all points, `noise` the variance of log y at a
    point of mean weight.
    """

    candidate: Candidate
    law: Law
    loss: str
    parameters: Array
    errors: Array
    score: float
    away: Array
    log_target: Array
    spread: Array
    aicc: float
    noise: float


@dataclass(frozen=True)
class Automatic:
    """What the best candidates predict together.

    `table` has a row per candidate and loss, best first: law, formula, source, loss, n_parameters, error_inner,
    error_outer (RMS log errors at the two folds), score, aicc, used. `predictions` has a row per target: the inputs,
    estimate, low, high, and the least and most of the laws that were used. `rule` says how they were put together,
    `rules` what each rule's RMS log error at the outer fold would have been. `decided` is False where the laws
    disagree by more than the interval that each of them gives.
    """

    table: pd.DataFrame
    predictions: pd.DataFrame
    rule: str
    rules: dict[str, float]
    decided: bool
    used: tuple[Entry, ...]

    def combined(self, rule: str) -> Array:
        """Return what the best laws predict together by another rule of `RULES`, (m,)."""
        log_target = _combine(np.stack([each.log_target for each in self.used]), self.used, rule)
        return np.asarray(np.exp(log_target) - self.used[0].law.shift)

    @property
    def preferred(self) -> str:
        """Return the best law, or 'undecided'."""
        return self.used[0].candidate.name if self.decided else UNDECIDED


def automatic(
    table: pd.DataFrame,
    *,
    y: str,
    x: str | Sequence[str],
    target: pd.DataFrame | None = None,
    cluster: str | Sequence[str] | None = "seed",
    weights: str | None = None,
    level: float = 0.95,
) -> Automatic:
    """Choose a law for a table of runs, and predict y at the inputs of `target`, a row per place.

    The candidates follow from the inputs (`library.candidates`). Without a target the law is judged by the largest
    scales, and y is predicted where every input is four times its largest. See `automatic_points`; other arguments
    and errors as in `fit`.
    """
    points, laws = candidates_on(table, y=y, x=x, cluster=cluster, weights=weights)
    if target is None:
        at = np.where(points.x.max(axis=0) > 0, _AHEAD * points.x.max(axis=0), points.x.max(axis=0))[None]
    else:
        at = places(target, points.inputs)
    return automatic_points(points, laws, at, towards=target is not None, level=level)


def candidates_on(
    table: pd.DataFrame,
    *,
    y: str,
    x: str | Sequence[str],
    cluster: str | Sequence[str] | None = "seed",
    weights: str | None = None,
) -> tuple[Points, list[tuple[Candidate, Law]]]:
    """Return the points of a table and the candidate laws of its inputs. Errors as in `fit`."""
    inputs = (x,) if isinstance(x, str) else tuple(x)
    columns = table[[y, *inputs]] if {y, *inputs} <= set(table.columns) else table
    points = gather(
        table, y=y, x=inputs, cluster=cluster, weights=weights, positive_x=False, shift=shift_of(columns, y)
    )
    if len(points.x) == 0:
        raise LawbookError(f"no run has a finite {y}")
    height = np.exp(points.data().log_y[0]) - points.shift
    laws = []
    for each in candidates(inputs, points.x, height):
        law = law_of(each.formula, columns, y=y, x=None)
        # A formula of fewer inputs than were asked for is no candidate.
        if set(law.inputs) == set(inputs) and not (law.positive_x and (points.x <= 0).any()):
            laws.append((each, law.reading(inputs)))
    return points, laws


def automatic_points(
    points: Points,
    laws: Sequence[tuple[Candidate, Law]],
    target: Array,
    *,
    towards: bool = True,
    level: float = 0.95,
    rule: str = "median",
) -> Automatic:
    """Choose between candidate laws by held-out points towards the target (m, d), and predict y there.

    Each candidate is fitted by least squares, by Huber's loss, and by least squares with tenfold weight near the
    target, without the quarter of the points that lies furthest towards it, and without that and the next quarter; its
    score is the RMS log error there, the second fold with half the weight. Without `towards` the largest scales of
    every input are held out. The five best laws, each with its best loss, predict together, by their median. `rules`
    says how well this and other rules would have predicted the outer fold, had the five been chosen by the inner one.
    The interval is that of the mixture of the laws, each normal about its prediction with its standard error and its
    error at the outer fold.
    Raises LawbookError where no candidate can be fitted.
    """
    split = folds(points.x, target if towards else None)
    entries = [entry for candidate, law in laws for entry in _entries(points, candidate, law, split, target)]
    if not entries:
        raise LawbookError(f"{len(points.x)} points are too few for any candidate law; give more runs")
    inner = _best(sorted(entries, key=lambda each: float(each.errors[0])))
    rules = {name: _combined_error(points, inner, split, name) for name in RULES}
    used = _best(sorted(entries, key=lambda each: each.score))
    log_target = _combine(np.stack([each.log_target for each in used]), used, rule)
    outer = np.array([each.errors[-1] for each in used])
    width = np.sqrt(np.stack([each.spread for each in used]) ** 2 + outer[:, None] ** 2)
    members = slice(0, 1) if rule == "single" else slice(None)
    centres = np.stack([each.log_target for each in used])[members]
    mixture = (centres[:, None] + width[members][:, None] * _QUANTILES[None, :, None]).reshape(
        -1, len(target)
    )
    low, high = np.quantile(mixture, [(1 - level) / 2, (1 + level) / 2], axis=0)
    all_of = np.stack([each.log_target for each in used])
    decided = bool((np.ptp(all_of, axis=0) <= 2 * ndtri((1 + level) / 2) * np.median(width, axis=0)).all())
    shift = used[0].law.shift
    predictions = pd.DataFrame(target, columns=list(points.inputs)).assign(
        estimate=np.exp(log_target) - shift, low=np.exp(low) - shift, high=np.exp(high) - shift,
        least=np.exp(all_of.min(axis=0)) - shift, most=np.exp(all_of.max(axis=0)) - shift,
    )  # fmt: skip
    return Automatic(_table(entries, used), predictions, rule, rules, decided, tuple(used))


def _entries(points: Points, candidate: Candidate, law: Law, split: Folds, target: Array) -> list[Entry]:
    """Return a candidate fitted by each loss, none where points are too few or no fit is finite."""
    n, p = len(points.x), len(law.parameters)
    if int(split.train.sum(axis=1).min()) < p + 2:
        return []
    once = points.data()
    kept = np.concatenate([split.train, np.ones((1, n), dtype=bool)])
    data = replace(once.repeat(len(kept)), weights=once.weights * kept)
    flat = Loss("least_squares" if points.shift else "log_least_squares")
    first = solve(law, points.x, data, flat, starts=_STARTS, screened=_SCREENED, sought=_SOUGHT)
    if not np.isfinite(first.objective).all():
        return []
    away = once.log_y - law.log_predict(points.x, first.parameters)
    robust = flat.huber(robust_delta(_residuals(flat, once, away[-1])))
    near = replace(data, weights=data.weights * np.where(split.near, _NEAR, 1.0))
    fitted = {
        "least_squares": first.parameters,
        "huber": solve(law, points.x, data, robust, warm=first.parameters, trusted=True).parameters,
        "near_target": solve(law, points.x, near, flat, warm=first.parameters, trusted=True).parameters,
    }
    made = (_entry(points, candidate, law, split, target, loss, found) for loss, found in fitted.items())
    return [entry for entry in made if np.isfinite(entry.score) and np.isfinite(entry.log_target).all()]


def _residuals(loss: Loss, once: Data, away: Array) -> Array:
    """Return residuals on the scale of a loss, from those of log y."""
    return loss.residuals(once.log_y[0], once.log_y[0] - away)[0]


def _entry(
    points: Points, candidate: Candidate, law: Law, split: Folds, target: Array, loss: str, parameters: Array
) -> Entry:
    once, w = points.data(), points.data().weights[0]
    away = once.log_y - law.log_predict(points.x, parameters)
    errors = np.array([_rms(row[test], w[test]) for row, test in zip(away[:-1], split.test, strict=True)])
    score = float(np.sqrt(np.average(errors**2, weights=split.weights)))
    best = parameters[-1]
    n, p = len(points.x), len(law.parameters)
    df = max(n - p, 1)
    misfit = float(np.sum(w / w.mean() * away[-1] ** 2))
    with np.errstate(all="ignore"):
        spread = _standard_errors(law, points.x, target, best, w / w.mean(), misfit / df)
    k = p + 1
    aicc = n * np.log(max(misfit / n, 1e-30)) + 2 * k + 2 * k * (k + 1) / max(n - k - 1, 1)
    log_target = law.log_predict(target, best)
    return Entry(
        candidate, law, loss, best, errors, score, away[:-1], log_target, spread, float(aicc), misfit / df
    )


def _standard_errors(
    law: Law, x: Array, target: Array, parameters: Array, w: Array, variance: float
) -> Array:
    """Return the standard errors of log ŷ at the target, to first order, (m,)."""
    J = jacobian(law, np.concatenate([x, target]), parameters)
    if not np.isfinite(J).all():
        return np.full(len(target), np.inf)
    inverse = np.linalg.pinv(np.sqrt(w)[:, None] * J[: len(x)], rcond=1e-10)
    return np.asarray(np.sqrt(variance) * np.linalg.norm(J[len(x) :] @ inverse, axis=1))


def _rms(r: Array, w: Array) -> float:
    return float(np.sqrt(np.average(r**2, weights=w))) if np.isfinite(r).all() else np.inf


def _best(ordered: Sequence[Entry]) -> list[Entry]:
    """Return the first entries of different laws."""
    first: dict[str, Entry] = {}
    for each in ordered:
        first.setdefault(each.law.formula, each)
    return list(first.values())[:_BEST]


def _combine(values: Array, used: Sequence[Entry], rule: str) -> Array:
    """Return the prediction of several laws, values (L, m)."""
    if rule == "single":
        return np.asarray(values[0])
    if rule == "median":
        return np.asarray(np.median(values, axis=0))
    weights = np.ones(len(used))
    if rule == "aicc":
        aicc = np.array([each.aicc for each in used])
        weights = np.exp(-0.5 * (aicc - aicc.min()))
    return np.asarray(np.average(values, axis=0, weights=weights))


def _combined_error(points: Points, used: Sequence[Entry], split: Folds, rule: str) -> float:
    """Return the RMS log error at the outer fold of laws put together by a rule."""
    test, w = split.test[-1], points.data().weights[0]
    away = np.stack([each.away[-1][test] for each in used])
    return _rms(_combine(away, used, rule), w[test])


def _table(entries: Sequence[Entry], used: Sequence[Entry]) -> pd.DataFrame:
    rows = [
        {
            "law": each.candidate.name, "formula": each.candidate.formula, "source": each.candidate.source,
            "loss": each.loss, "n_parameters": len(each.law.parameters), "error_inner": each.errors[0],
            "error_outer": each.errors[-1], "score": each.score, "aicc": each.aicc,
            "used": any(each is other for other in used),
        }
        for each in sorted(entries, key=lambda each: each.score)
    ]  # fmt: skip
    return pd.DataFrame(rows)
