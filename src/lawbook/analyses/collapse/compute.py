"""Lay the normalised learning curves of several sizes on one another, and find the ladder on which they are one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.analyses import Inputs
from lawbook.analyses.collapse.block import TABLES, CollapseBlock
from lawbook.analyses.collapse.ladders import Case, gather
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_curves
from lawbook.laws import fit
from lawbook.laws.collapse import (
    deviation,
    exponent_of_least_spread,
    normalised,
    spread_of_ladders,
)
from lawbook.laws.forms import laws
from lawbook.laws.frontier.result import percentiles
from lawbook.laws.law import Array
from lawbook.laws.note import Note, Severity, notes_to_json, refusal
from lawbook.laws.uncertainty import quantile_levels
from lawbook.results.cases import cases
from lawbook.results.evaluations import runs_at
from lawbook.results.selection import of_sweep, where
from lawbook.results.words import number
from lawbook.seeds import generator
from lawbook.storage.status import FitStatus, RunStatus

_SHARES = np.linspace(0.05, 0.95, 19)
"""Shares of training at which Δ and σ are told: at 1 every ℓ is 1."""
_FLOOR_LAW = "power_floor"
_DRAWS, _LEVEL = 1000, 0.95


def compute(block: CollapseBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'exponents', 'spreads', 'deviations' and 'curves' of one collapse."""
    return collapse_tables(block, inputs.results.runs, inputs.results.curves)


def collapse_tables(
    block: CollapseBlock, runs: pd.DataFrame, curves: pd.DataFrame, draws: int = _DRAWS
) -> dict[str, pd.DataFrame]:
    """Return the tables of a collapse from a table of runs and their curves.

    A case whose data give no collapse is refused with its reason, and the others stand. Raises LawbookError for columns
    that the runs lack, and for runs of one case that differ in more than size, seed and training time.
    """
    rows = runs_at(where(of_sweep(runs, block.sweep), block.where), curves, "every")
    for name in (block.y, block.size, *block.by):
        if name not in rows:
            raise LawbookError(f"the runs have no column {name!r}; name another")
    if rows.empty:
        raise LawbookError("no run is left; select others with where")
    found = [_case(block, name, part, draws) for name, part in cases(rows, block.by)]
    return {
        name: pd.concat([pd.DataFrame(each[name], columns=list(TABLES[name])) for each in found])
        for name in TABLES
    }


def _case(block: CollapseBlock, name: str, rows: pd.DataFrame, draws: int) -> dict[str, Any]:
    """Return the tables of one case; where it is refused, only the row that says why."""
    case, notes = gather(block, rows)
    row: dict[str, Any] = {
        "case": name, "level": _LEVEL, "n_sizes": len(case.sizes), "n_seeds": case.seeds, "n_runs": case.runs,
        "size_low": case.sizes.min(initial=np.inf), "size_high": case.sizes.max(initial=-np.inf),
    }  # fmt: skip
    try:
        found = _found(block, case, rows, draws, notes)
    except LawbookError as error:
        notes.append(refusal("no_collapse", str(error)))
        found = {"exponents": {}, "spreads": {}, "deviations": {}, "curves": {}}
    refused = any(note.severity == Severity.REFUSAL for note in notes)
    status = FitStatus.REFUSED if refused else FitStatus.OK
    row |= {**found["exponents"], "status": status, "notes": notes_to_json(notes)}
    tables = {part: pd.DataFrame(found[part]).assign(case=name) for part in TABLES if part != "exponents"}
    return {"exponents": [row], **tables}


def _found(
    block: CollapseBlock, case: Case, rows: pd.DataFrame, draws: int, notes: list[Note]
) -> dict[str, dict[str, Any]]:
    if len(case.sizes) < 3 or case.seeds == 0:
        raise LawbookError(
            f"{len(case.sizes)} sizes have curves of a seed in common, and a collapse needs 3; sweep more"
        )
    exact = _exact_case(block, rows)
    exponents = np.empty(0) if case.single else case.exponents(block.exponents)
    if not case.single and not len(exponents):
        raise LawbookError("no exponent has t* within the trainings of every size; train more steps")
    middle = None if case.single else block.exponent or float(np.mean(exponents[[0, -1]]))
    floor, floor_draws, floor_ends = _floor(block, case, rows, middle, draws)
    exact_floor = _floor(block, exact, rows, middle, 1)[0] if exact is not None else np.nan
    weights = _resampled(case.seeds, draws)
    levels = quantile_levels("bca" if case.seeds > 1 else "", max(case.seeds, 2), _LEVEL)

    row: dict[str, Any] = dict(zip(("floor", "floor_low", "floor_high"), (floor, *floor_ends), strict=True))
    spreads: dict[str, Any] = {}
    ladder = block.exponent
    if len(exponents):
        shares = np.array(block.share)
        at, end = case.ladders(exponents, shares)
        spread = spread_of_ladders(at.mean(axis=0), end.mean(axis=0), floor)
        if np.isnan(spread).all():
            raise LawbookError(f"losses at t* do not lie above the floor {number(floor)}; write a lower one")
        drawn = spread_of_ladders(
            np.tensordot(weights, at, 1), np.tensordot(weights, end, 1), floor_draws[: len(weights)]
        )
        low, high = percentiles(drawn, levels)
        spreads = {"exponent": exponents, "spread": spread, "low": low, "high": high}
        row |= _exponent(exponents, spread, drawn, levels, notes)
        if exact is not None:
            exact_at, exact_end = exact.ladders(exponents, shares)
            known = spread_of_ladders(exact_at[0], exact_end[0], exact_floor)
            spreads["exact"] = known
            row |= {"exact": float(exponent_of_least_spread(exponents, known)), "spread_exact": known.min()}
        if ladder is None:
            ladder = row["exponent"] if np.isfinite(row["exponent"]) else middle
    row["ladder"] = np.nan if ladder is None else ladder
    return {"exponents": row, "spreads": spreads} | _on_ladder(
        case, exact, ladder, (floor, floor_draws, exact_floor), weights, levels, row
    )


def _exponent(
    exponents: Array, spread: Array, drawn: Array, levels: tuple[float, float], notes: list[Note]
) -> dict[str, float]:
    """Return γ with its interval; none where the least spread lies at the edge of what was trained."""
    value = float(exponent_of_least_spread(exponents, spread))
    of_draws = exponent_of_least_spread(exponents, drawn)
    low, high = percentiles(of_draws[:, None], levels)
    ends = f"{number(exponents[0])} to {number(exponents[-1])}"
    if np.isnan(value):
        text = f"the sizes lie closest at the edge of the exponents tried, {ends}: train further"
        notes.append(refusal("edge", text))
    elif len(of_draws) and (beyond := float(np.isnan(of_draws).mean())) > 1 - _LEVEL:
        text = (
            f"in {beyond:.0%} of the draws the sizes lie closest at the edge of the exponents tried, {ends}"
        )
        notes.append(refusal("edge", text, share=beyond))
        low, high = np.full((2, 1), np.nan)
    return {
        "exponent": value, "low": float(low[0]), "high": float(high[0]), "spread": float(np.nanmin(spread)),
        "tried_low": float(exponents[0]), "tried_high": float(exponents[-1]),
    }  # fmt: skip


def _on_ladder(
    case: Case, exact: Case | None, ladder: float | None, floors: tuple[float, Array, float], weights: Array,
    levels: tuple[float, float], row: dict[str, Any],
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Return the tables 'deviations' and 'curves' of the ladder that is shown, and add the supercollapse to the row."""
    floor, floor_draws, exact_floor = floors
    at, end = case.ladder(ladder, _SHARES)
    if not np.isfinite(end).all():
        raise LawbookError(f"the ladder of exponent {number(ladder)} leaves the trainings; choose another")
    delta, sigma = deviation(at, end, floor)
    ratio = _ratio(delta, sigma)
    ratio_ends = np.full((2, len(_SHARES)), np.nan)
    if case.seeds > 1:
        picks = _picks(case.seeds, len(weights))
        of_draws = [
            deviation(at[p], end[p], f) for p, f in zip(picks, floor_draws[: len(picks)], strict=True)
        ]
        ratios = np.array([_ratio(*each) for each in of_draws])
        ratio_ends = np.stack(percentiles(ratios, levels))
        known = np.isfinite(ratio)
        drawn = ratios[np.isfinite(ratios[:, known]).all(axis=1)][:, known]  # not those of one seed alone
        ends = (
            np.quantile((drawn < 1).mean(axis=1), levels) if len(drawn) and known.any() else (np.nan, np.nan)
        )
        row["supercollapse"] = float((ratio[known] < 1).mean()) if known.any() else np.nan
        row |= {"supercollapse_low": float(ends[0]), "supercollapse_high": float(ends[1])}
    one = normalised(at, end[..., None], floor)
    times = [case.anchor * (size / case.sizes[0]) ** ladder for size in case.sizes] if ladder is not None else [
        each.ends[0] for each in case.curves
    ]  # fmt: skip
    curves = {
        "size": np.repeat(case.sizes, len(_SHARES)), "share": np.tile(_SHARES, len(case.sizes)),
        "time": np.outer(times, _SHARES).ravel(), "loss": at.mean(axis=0).ravel(),
        "normalised": one.mean(axis=0).ravel(),
        "seed_sd": one.std(axis=0, ddof=1).ravel() if case.seeds > 1 else np.nan,
    }  # fmt: skip
    deviations = {
        "share": _SHARES, "delta": delta, "sigma": sigma, "ratio": ratio, "ratio_low": ratio_ends[0],
        "ratio_high": ratio_ends[1],
    }  # fmt: skip
    if exact is not None:
        known_at, known_end = exact.ladder(ladder, _SHARES)
        deviations["exact"] = deviation(known_at, known_end, exact_floor)[0]
        curves["exact"] = normalised(known_at[0], known_end[0][:, None], exact_floor).ravel()
    return {"deviations": deviations, "curves": curves}


def _ratio(delta: Array, sigma: Array) -> Array:
    """Return Δ / σ, NaN where seeds do not differ."""
    return delta / np.where(sigma > 0, sigma, np.nan)


def _exact_case(block: CollapseBlock, rows: pd.DataFrame) -> Case | None:
    """Return the case with each run's exact losses, which need no repeats; None where no theory covers them all."""
    if block.exact is None:
        return None
    one = rows.drop_duplicates([block.size, "steps", "step", *block.by])
    exact = exact_curves[block.exact](one, block.time, block.y)
    if exact.isna().any():
        return None
    return gather(block, one.assign(**{block.y: exact}).assign(seed=0, status=RunStatus.OK.value))[0]


def _floor(
    block: CollapseBlock, case: Case, rows: pd.DataFrame, exponent: float | None, draws: int
) -> tuple[float, Array, tuple[float, float]]:
    """Return L₀, draws of it (draws,), and its interval, NaN where it is known."""
    if block.floor == "exact":
        assert block.exact is not None  # the block's own check
        told = getattr(exact_curves[block.exact], "floor", None)
        known = np.full(1, np.nan) if told is None else np.unique(told(rows, block.y))
        if len(known) != 1 or not np.isfinite(known[0]):
            raise LawbookError(f"the theory {block.exact} knows no one floor of these runs; write a number")
        return float(known[0]), np.full(draws, known[0]), (np.nan, np.nan)
    if block.floor != "fit":
        return float(block.floor), np.full(draws, block.floor), (np.nan, np.nan)
    _, end = case.ladder(exponent, _SHARES[-1:])
    table = pd.DataFrame(
        {
            "size": np.tile(case.sizes, len(end)), "seed": np.repeat(np.arange(len(end)), len(case.sizes)),
            "loss": end.ravel(),
        }
    )  # fmt: skip
    fitted = fit(table, _FLOOR_LAW, y="loss", x="size", cluster="seed", draws=max(draws, 1))
    if fitted.status == FitStatus.REFUSED:
        raise LawbookError(f"the floor cannot be fitted: {fitted.reason}; write floor: a number")
    law = laws[_FLOOR_LAW]
    estimate = fitted.estimates[law.floor or ""]
    drawn = fitted.draws[:, law.parameters.index(law.floor or "")]
    drawn = np.where(np.isfinite(drawn), drawn, estimate.value)
    picked = drawn[np.arange(draws) % len(drawn)] if len(drawn) else np.full(draws, estimate.value)
    return estimate.value, picked, (estimate.low, estimate.high)


def _picks(seeds: int, draws: int) -> NDArray[np.int64]:
    """Return which seeds each draw takes, (draws, S), with replacement."""
    return generator(0, "collapse").integers(0, seeds, (draws, seeds))


def _resampled(seeds: int, draws: int) -> Array:
    """Return the weight of each seed in each draw, (draws, S); none of one seed, which shows no noise."""
    if seeds < 2:
        return np.empty((0, seeds))
    return np.stack([np.bincount(pick, minlength=seeds) for pick in _picks(seeds, draws)]) / seeds
