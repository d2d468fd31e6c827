"""Compute the exponents of the best size by each counting rule, from the fitted surface of a study's law."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.counting_rules.block import FORM, TABLES, CountingRulesBlock
from lawbook.analyses.counting_rules.estimators import estimators
from lawbook.analyses.counting_rules.words import LESS_HIGH, LESS_LOW, LOWER, UPPER, WHOLE
from lawbook.errors import LawbookError
from lawbook.laws.note import notes_from_json, reason_of
from lawbook.seeds import generator
from lawbook.storage.status import FitStatus
from lawbook.theory.counting_rules import (
    NON_EMBEDDING,
    RULES,
    Floats,
    Surface,
    best_of_sampled,
    exponent_over,
)

_LEVEL, _DRAWS, _BAND_DRAWS = 0.95, 400, 100
_ENDS = ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2)
_PARAMETERS = ("E", "A", "B", "alpha", "beta")
_BELOW, _ABOVE, _PLACES = 1e2, 1e4, 161
"""How far beyond the budgets the local exponent is followed, and at how many places."""
_WITHIN = 400


def compute(block: CountingRulesBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'exponents', 'windows', 'estimators' and 'slopes': for each surface, by each pair of rules.

    A surface whose fit is no law has one row, with the reason. Raises LawbookError if the law was not fitted.
    """
    return rule_tables(block, inputs.results.fits, inputs.results.table("draws"))


def rule_tables(
    block: CountingRulesBlock, fits: pd.DataFrame, draws: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return the tables of the analysis from those of a study's fits."""
    mine = fits[(fits["law"] == block.law) & (fits["form"] == FORM)]
    if mine.empty:
        raise LawbookError(f"the law {block.law} has no fit of {FORM}; its runs are missing")
    drawn = draws[(draws["law"] == block.law) & (draws["form"] == FORM)]
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for group, rows in mine.groupby("group", sort=False):
        row = rows.iloc[0]
        of = {"surface": group, "n_runs": row["n_runs"], "status": row["status"]}
        if row["status"] != FitStatus.OK:
            reason = reason_of(notes_from_json(row["notes"]))
            parts["exponents"].append(pd.DataFrame([{**of, "reason": reason}]))
            continue
        surface = _surface(rows.set_index("parameter")["estimate"], block.embedding)
        each = drawn[drawn["group"] == group].groupby("draw", sort=False)
        refits = (one.set_index("parameter")["value"] for _, one in islice(each, _DRAWS))
        others = [_surface(one, block.embedding) for one in refits if one.notna().all()]
        for name, found in _of_surface(block, surface, others or [surface]).items():
            more = of if name == "exponents" else {"surface": group}
            parts[name].append(found.assign(**more))
    return {
        name: pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(TABLES[name]))
        for name, found in parts.items()
    }


def _surface(parameters: pd.Series, embedding: float) -> Surface:
    return Surface(**{name: float(parameters[name]) for name in _PARAMETERS}, embedding=embedding)


def _of_surface(block: CountingRulesBlock, surface: Surface, draws: list[Surface]) -> dict[str, pd.DataFrame]:
    """Return the tables of one surface; `draws` are others that the data allow as well."""
    ends = surface.best_size([block.budgets[0], block.budgets[-1]], NON_EMBEDDING)
    exponents, windows, slopes, methods = [], [], [], []
    sampled = np.geomspace(*block.sizes, block.sampled)
    for rule in RULES:
        budgets = np.array(block.budgets)
        if rule != NON_EMBEDDING:
            first, last = surface.budget(ends, rule)
            budgets = np.geomspace(first, last, len(budgets))
        alike = {"size_rule": rule, "compute_rule": rule}
        methods += [{**alike, **row} for row in estimators(surface, sampled, budgets, rule)]
        read = dict(_readings(block, surface, draws, budgets, rule))
        for size_rule in RULES:
            rules = {"size_rule": size_rule, "compute_rule": rule}
            exponents.append({**rules, **_row(block, surface, ends, budgets, read[size_rule], rules)})
            windows += [{**rules, **part} for part in _windows(surface, budgets, **rules)]
            slopes.append(_slopes(surface, draws, budgets, **rules).assign(**rules))
    return {
        "exponents": pd.DataFrame(exponents),
        "windows": pd.DataFrame(windows),
        "estimators": pd.DataFrame(methods),
        "slopes": pd.concat(slopes, ignore_index=True),
    }


def _readings(
    block: CountingRulesBlock, surface: Surface, draws: list[Surface], budgets: Floats, rule: str
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield, by the rule that sizes are counted by, the exponent as sampled and exactly, with their intervals."""
    log_sizes = np.linspace(np.log(block.sizes[0]), np.log(block.sizes[1]), block.sampled)
    shifts = (log_sizes[1] - log_sizes[0]) * (generator(0, "counting_rules").random(_DRAWS) - 0.5)
    sampled: dict[str, list[float]] = {name: [] for name in RULES}
    exact: dict[str, list[float]] = {name: [] for name in RULES}
    for i, shift in enumerate([0.0, *shifts]):
        one = surface if i == 0 else draws[i % len(draws)]
        sizes = np.exp(log_sizes + shift)
        chosen = sizes[best_of_sampled(one, sizes, budgets, rule)]
        for name in RULES:
            sampled[name].append(exponent_over(budgets, one.count(chosen, name)))
    for one in (surface, *draws[:_BAND_DRAWS]):
        best = one.best_size(budgets, rule)
        for name in RULES:
            exact[name].append(exponent_over(budgets, one.count(best, name)))
    for name in RULES:
        exponent, low, high = _with_interval(sampled[name])
        known, known_low, known_high = _with_interval(exact[name])
        yield name, {
            "exponent": exponent, "low": low, "high": high,
            "exact": known, "exact_low": known_low, "exact_high": known_high,
        }  # fmt: skip


def _with_interval(readings: list[float]) -> tuple[float, float, float]:
    """Return the first of some readings with the percentiles of the others, widened where it lies beyond them."""
    value, *others = readings
    low, high = np.quantile(others, _ENDS)
    return value, min(value, float(low)), max(value, float(high))


def _row(
    block: CountingRulesBlock,
    surface: Surface,
    ends: Floats,
    budgets: Floats,
    read: dict[str, float],
    rules: dict[str, str],
) -> dict[str, object]:
    local = surface.local_exponent(np.geomspace(ends[0], ends[1], _WITHIN), **rules)
    return {
        **read,
        "level": _LEVEL,
        "local_low": local.min(),
        "local_high": local.max(),
        "limit": surface.limit,
        "compute_low": budgets[0],
        "compute_high": budgets[-1],
        "size_low": ends[0],
        "size_high": ends[1],
        "n_budgets": len(budgets),
        "n_sampled": block.sampled,
    }


def _windows(
    surface: Surface, budgets: Floats, size_rule: str, compute_rule: str
) -> Iterator[dict[str, object]]:
    """Yield the exact exponent over the whole of the budgets and over parts of it that hold two budgets or more."""
    low, high = budgets[0], budgets[-1]
    middle = np.sqrt(low * high)
    parts = {
        WHOLE: (low, high), LOWER: (low, middle), UPPER: (middle, high),
        LESS_LOW: (10 * low, high), LESS_HIGH: (low, high / 10),
    }  # fmt: skip
    for window, (start, stop) in parts.items():
        inside = budgets[(budgets >= start * (1 - 1e-9)) & (budgets <= stop * (1 + 1e-9))]
        if len(inside) > 1:
            sizes = surface.count(surface.best_size(inside, compute_rule), size_rule)
            ends = {"compute_low": inside[0], "compute_high": inside[-1]}
            yield {"window": window, **ends, "exponent": exponent_over(inside, sizes)}


def _slopes(
    surface: Surface, draws: list[Surface], budgets: Floats, size_rule: str, compute_rule: str
) -> pd.DataFrame:
    """Return the local exponent along compute, from below the budgets to far above, with its interval."""
    at = np.geomspace(budgets[0] / _BELOW, budgets[-1] * _ABOVE, _PLACES)
    every = np.array(
        [
            one.local_exponent(one.best_size(at, compute_rule), size_rule, compute_rule)
            for one in (surface, *draws[:_BAND_DRAWS])
        ]
    )
    low, high = np.quantile(every[1:], _ENDS, axis=0)
    sizes = surface.best_size(at, compute_rule)
    return pd.DataFrame({"compute": at, "size": sizes, "exponent": every[0], "low": low, "high": high})
