"""Which law predicts: several forms on the same data, judged on the held-out largest x first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.laws.checks import check_history
from lawbook.laws.fit import fit_points, inputs_of, loss_of, on_its_own_scale, too_few
from lawbook.laws.fitted import Fit
from lawbook.laws.forms import laws
from lawbook.laws.formulas import law_of
from lawbook.laws.heldout import Scores, drawn_errors, miss, noise_draws, origins, scales, score
from lawbook.laws.index import read_index
from lawbook.laws.law import Array, Flags, Law
from lawbook.laws.model_comparison import Family, linearised, noise_of, settle
from lawbook.laws.note import codes_of
from lawbook.laws.points import Points, gather
from lawbook.laws.schedules import read_schedules
from lawbook.laws.solver import Loss
from lawbook.laws.verdict import unexplained_by_chance
from lawbook.storage.status import UNDECIDED, FitStatus

BASELINE = "power"
_POWER = {"m1": BASELINE, "m2": BASELINE, "bnsl_0": BASELINE}
"""Other names of the power law, with or without a floor."""
_PAIRED_DRAWS = 400


@dataclass(frozen=True)
class Comparison:
    """Forms on one data set. `table` has a row per form, best first; `preferred` is a form or 'undecided'.

    Columns: form, status, reason, n_parameters, heldout_error (RMS log error at the held-out largest scales
    of the form fitted to the others) with its interval heldout_low, heldout_high, heldout_error_power (of the
    power law), rolling_error (RMS log error over all origins: fitted to the smallest scales, predicting the
    next), bic, delta_bic, aicc (null where n ≤ k + 1). The held-out points judge the forms; the fits in
    `fits` use all points.
    """

    table: pd.DataFrame
    preferred: str
    reason: str
    fits: dict[str, Fit]


def compare(
    table: pd.DataFrame,
    forms: str | Sequence[str | Law],
    *,
    y: str,
    x: str | Sequence[str] | None = None,
    cluster: str | Sequence[str] | None = "seed",
    n_eval: str | int | None = None,
    loss: str = "log_least_squares",
    delta: float | str | None = None,
    weights: str | None = None,
    holdout: int = 1,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Fit several forms and say which one the data prefer, or 'undecided'.

    The power law is always among them where all x > 0. A form and the same with a floor are one family,
    which the larger of them represents. A family is preferred over another if data drawn from the other's fit
    with the seeds' noise would favour it so much with a probability of at most 0.5 %, and not the reverse; one
    that needs fewer parameters also by a BIC smaller by 6 if neither is excluded. Over less than a decade of x the
    data must also exclude a law between the two, with 15 % of the other in it (`model_comparison.between`). Nothing is
    decided against the paired interval of the errors at the `holdout` largest scales. A winner that itself misses the
    points must predict these scales better, and so over all origins, over at least two decades. It misses them if lack
    of fit or a pattern in the residuals has p < 0.01, or if no repeats and less than 8 degrees of freedom leave it
    open. Unless a family beats every other, the answer is 'undecided'. Within it the form with the floor is named if
    the floor is told apart from 0.

    Scales are distinct x; for several inputs, see `heldout.scales`. Other arguments and errors as in `fit`.
    """
    asked = [forms] if isinstance(forms, str) else list(forms)
    if not asked:
        raise LawbookError("name at least one law to compare with the power law")
    chosen, inputs = laws_of(asked, table, y, x)
    table, chosen, notes = read_schedules(table, chosen, y, inputs)
    table, index = read_index(table, chosen)
    points = gather(
        table, y=y, x=inputs, cluster=cluster, n_eval=n_eval, weights=weights,
        positive_x=any(law.positive_x for law in chosen), shift=max(law.shift for law in chosen), index=index,
    )  # fmt: skip
    for law in chosen:
        check_history(law, points.notes)
    points = replace(points, notes=(*notes, *points.notes))
    points, loss = on_its_own_scale(points, loss)
    common = loss_of(points, chosen, loss, delta)
    return compare_points(points, chosen, common, holdout=holdout, draws=draws, level=level, seed=seed)


def laws_of(
    asked: Sequence[str | Law], table: pd.DataFrame, y: str, x: str | Sequence[str] | None
) -> tuple[list[Law], tuple[str, ...]]:
    """Return the laws that are compared, each once, over the same inputs, and these.

    Formulas are named formula, formula_2, … Their inputs are put in the order of x, or of the first law.
    Raises LawbookError for laws of different inputs.
    """
    chosen: dict[str, Law] = {}
    inputs = None if x is None else ((x,) if isinstance(x, str) else tuple(x))
    for given in asked:
        count = sum(law.written for law in chosen.values())
        law = law_of(given, table, y=y, x=x, name=f"formula_{count + 1}" if count else "formula")
        own = inputs_of(law, inputs)
        inputs = inputs or own
        if any(law.formula == other.formula for other in chosen.values() if law.written):
            continue
        if set(own) != set(inputs):
            raise LawbookError(
                f"{law.name} reads {', '.join(own)}, the others {', '.join(inputs)}; compare laws of the same columns"
            )
        chosen[law.name] = law.reading(inputs) if law.written else law
    assert inputs is not None
    return list(chosen.values()), inputs


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
    if holdout < 1 or holdout != int(holdout):
        raise LawbookError(
            f"holdout = {holdout} must be a whole number ≥ 1: it is how many of the largest scales are held out"
        )
    if BASELINE not in {law.name for law in forms} and (points.x > 0).all():
        forms = [*forms, laws[BASELINE]]
    fits = {
        law.name: fit_points(points, law, loss=loss, draws=draws, level=level, seed=seed) for law in forms
    }
    scored = _scored(points, fits, loss, holdout, min(draws, _PAIRED_DRAWS), seed)
    unheld = {law.name: _unheld(points, fits[law.name], holdout) for law in forms if law.name not in scored}
    tail = (1 - level) / 2
    nothing = (np.nan, np.nan, np.full(1, np.nan))
    baseline = scored.get(BASELINE, nothing)[0]
    rows = []
    for law in forms:
        error, rolling, drawn = scored.get(law.name, nothing)
        low, high = np.quantile(drawn, (tail, 1 - tail))
        fitted = fits[law.name]
        rows.append(
            {
                "form": law.name, "status": fitted.status,
                "reason": "; ".join(filter(None, (fitted.reason, unheld.get(law.name, ""), _uncorrected(fitted)))),
                "n_parameters": len(law.parameters), "heldout_error": error, "heldout_low": low,
                "heldout_high": high, "heldout_error_power": baseline, "rolling_error": rolling,
                "bic": fitted.bic, "aicc": fitted.aicc,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows).sort_values(
        ["heldout_error", "rolling_error", "n_parameters", "bic"], ignore_index=True
    )
    table.insert(list(table.columns).index("bic") + 1, "delta_bic", table["bic"] - table["bic"].min())
    preferred, reason = _prefer(table, scored, unheld, fits, points, tail, seed)
    return Comparison(table, preferred, reason, fits)


def _unheld(points: Points, fitted: Fit, holdout: int) -> str:
    """Say why a form has no held-out error, '' if it has no fit either and says why."""
    law = fitted.law
    if too_few(points, law):
        return ""
    of = [law.inputs.index(name) for name in law.scale]
    rank = scales(points.x[:, of] if of else points.x)
    left = int(np.sum(rank <= rank.max() - holdout))
    return (
        f"not held out: {left} points lie below the held-out scales, too few for {len(law.parameters)} parameters or"
        " all at one value of an input"
    )


def _uncorrected(fitted: Fit) -> str:
    """Say why a fit has no AICc (Hurvich and Tsai 1989, Biometrika 76:297), '' if it has one or no BIC either.

    Its k counts the noise's variance beside the law's parameters.
    """
    k = len(fitted.law.parameters) + 1
    if np.isnan(fitted.bic) or not np.isnan(fitted.aicc):
        return ""
    return f"no AICc: {fitted.n_points} points for k = {k} (at least {k + 2})"


Scored = dict[str, tuple[float, float, Array]]
"""Per form: held-out error, rolling error, and draws of the first that are paired between the forms."""


def _scored(points: Points, fits: dict[str, Fit], loss: Loss, holdout: int, draws: int, seed: int) -> Scored:
    """Score the forms that leave a point over, all on the same origins."""
    sizes = {name: len(fitted.law.parameters) for name, fitted in fits.items()}
    law = next(iter(fits.values())).law
    of = [law.inputs.index(name) for name in law.scale]
    values = points.values if points.index else None

    def origins_of(names: Sequence[str]) -> list[tuple[Flags, Flags]]:
        least = 1 + max(sizes[name] for name in names)
        own = 1 + max(fits[name].law.own_parameters for name in names)
        return origins(points.x, holdout, least, of, values, own)

    able = [name for name in sizes if not too_few(points, fits[name].law) and origins_of([name])]
    if not able:
        return {}
    splits = origins_of(able)
    scores = {name: score(points, fits[name].law, loss, splits) for name in able}
    spread, df = min(_left_over(fits[name].law, scores[name]) for name in able)
    noise = noise_draws(points, spread, df, draws, seed)
    return {
        name: (each.error, each.rolling, drawn_errors(points, fits[name].law, each, splits[-1], noise))
        for name, each in scores.items()
    }


def _left_over(law: Law, scores: Scores) -> tuple[float, int]:
    """Return the standard deviation of log y at weight 1 as the residuals show it, and its degrees n − p."""
    rest = scores.rest
    data = rest.data()
    r = miss(law, rest.x, data.log_y, data.censored, scores.parameters[None])
    df = max(len(rest.x) - len(law.parameters), 1)
    return float(np.sqrt(np.sum(data.weights * r**2) / df)), df


def family(form: str) -> str:
    """Name the family of a form: the form without its floor, by one name where it has several."""
    return _POWER.get(form, form.removesuffix("_floor"))


def _prefer(
    table: pd.DataFrame,
    scored: Scored,
    unheld: dict[str, str],
    fits: dict[str, Fit],
    points: Points,
    tail: float,
    seed: int,
) -> tuple[str, str]:
    """Return the preferred form or 'undecided', and why."""
    left = [form for form in table["form"] if fits[form].status != FitStatus.REFUSED]
    # A refused form is no winner, but still a rival to those that are not; a baseline of fewer inputs is neither.
    able = [name for name in scored if len(fits[name].law.inputs) == len(points.inputs)]
    standing = [form for form in left if form in able]
    if not standing:
        few = "the points without the held-out scales are too few"
        return UNDECIDED, few if left else "every form is refused"
    noise = noise_of(points)
    families, beside = [], ""
    for kind in dict.fromkeys(family(name) for name in [*standing, *able]):
        members = [name for name in able if family(name) == kind]
        named, note = _named([name for name in standing if family(name) == kind], fits)
        beside += note
        most = fits[max(members, key=lambda name: len(fits[name].law.parameters))]
        error, rolling, drawn = scored[most.law.name]
        linear = linearised(most.law, points, most.parameters)
        poor = most.lack_of_fit
        if np.isnan(poor):
            poor = unexplained_by_chance(linear, points.x, noise.exact)
        decades = np.array(most.decades)
        families.append(
            Family(
                law=most.law, named=named, linear=linear, poor=poor, bic=most.bic, error=error,
                rolling=rolling, drawn=drawn,
                decades=float(decades[np.isfinite(decades)].max(initial=0.0)),
            )
        )  # fmt: skip
    # What could not be held out is not beaten by that: a fit of its own keeps it in the contest, and nobody wins alone.
    absent = {
        name: why or fits[name].reason for name, why in unheld.items()
        if len(fits[name].law.inputs) == len(points.inputs) and family(name) not in map(family, able)
    }  # fmt: skip
    apart = "; ".join(f"{name} is not compared ({why})" for name, why in absent.items())
    if len(families) == 1:
        named = families[0].named
        if apart or not named:
            return UNDECIDED, apart or "no other form is left"
        return named, f"no other form is left{beside}"
    winner, reason = settle(families, noise, tail, seed)
    if winner == UNDECIDED:
        return winner, reason
    if any(fits[name].status != FitStatus.REFUSED for name in absent):
        return UNDECIDED, f"{apart}, and so not beaten; among the others {reason}"
    return winner, reason + beside + (f"; {apart}" if apart else "")


def _named(forms: list[str], fits: dict[str, Fit]) -> tuple[str, str]:
    """Return which of a family's forms that are not refused is meant, and a remark if it is for its floor.

    A floor that is not told apart from 0 leaves the form without it; else the BIC says which of the two.
    """
    lost = [
        form for form in forms
        if "floor_not_identified" in codes_of(fits[form].notes)
    ]  # fmt: skip
    left = [form for form in forms if form not in lost]
    if not left:
        return (lost[0] if lost else ""), ""
    remark = "".join(f"; the floor of {form} is not told apart from 0" for form in lost)
    return min(left, key=lambda form: fits[form].bic), remark
