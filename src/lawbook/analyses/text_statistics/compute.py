"""Compute β, γ and α_D of each text of a sweep, with what theory knows of them and what training measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.analyses import Inputs
from lawbook.analyses.text_statistics.block import TABLES, TextStatisticsBlock
from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_curves
from lawbook.laws.fit import fit
from lawbook.laws.law import Array
from lawbook.laws.note import Note, notes_to_json, refusal
from lawbook.laws.text_statistics import (
    UNSEEN,
    Jackknifed,
    Text,
    covariance_norms,
    covariance_traces,
    decay,
    entropy_drops,
    local_decays,
    shuffled,
    variation,
)
from lawbook.results.cases import cases
from lawbook.results.reader import Results
from lawbook.results.selection import of_sweep, where
from lawbook.results.words import number
from lawbook.seeds import generator
from lawbook.storage.status import FitStatus
from lawbook.studies.law_block import LawBlock
from lawbook.tasks import PoolTask, tasks

_LEVEL = 0.95
_LAGS = 32
"""Lags, at most, evenly spaced in their logarithm."""
_FLOORS = 3
"""Texts in random order whose covariance is the floor."""
_ABOVE = 2.0
_STEADY = 2.0
"""Local exponents of a power law vary by less than this factor."""

Estimator = Callable[[Array], float]


@dataclass(frozen=True)
class OfLaw:
    """The law beside: its columns y and x, the rows that it was fitted to, and the fits of the study."""

    y: str
    x: str
    rows: pd.DataFrame
    fits: pd.DataFrame


@dataclass(frozen=True)
class _Decay:
    """A statistic at places x (m,), those that are used, what theory knows of it, and what its exponent is less by."""

    name: str
    x: Array
    found: Jackknifed
    used: NDArray[np.bool_]
    exact: Array
    minus: float = 0.0

    def exponent(self, y: Array) -> float:
        """Return the exponent of y (m,) over the places that are used."""
        return decay(self.x[self.used], y[self.used], self.minus)

    def local(self) -> Array:
        """Return the local exponents."""
        return local_decays(self.x[self.used], self.found.value[self.used], self.minus)


def compute(block: TextStatisticsBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'covariance', 'entropy' and 'exponents'."""
    configs = {run.run_id: run.config for run in inputs.plan.runs}
    law = None if block.law is None else _of_law(inputs.plan.study.content.laws[block.law], inputs.results)
    return statistic_tables(block, inputs.results.runs, configs, law)


def _of_law(block: LawBlock, results: Results) -> OfLaw:
    """Return what is known of a law of the study."""
    rows, x = where(results.points_of(block), block.where), block.inputs[0]
    if block.range is not None:
        rows = rows[rows[x].between(*block.range)]
    return OfLaw(block.y, x, rows, results.fits)


def statistic_tables(
    block: TextStatisticsBlock, runs: pd.DataFrame, configs: dict[str, Config], law: OfLaw | None
) -> dict[str, pd.DataFrame]:
    """Return the tables of the runs' texts. configs: of the runs, by run_id; law: the one that is laid beside.

    Raises LawbookError for a text that is too short for its parts.
    """
    rows = where(of_sweep(runs, block.sweep), block.where)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for name, chosen in cases(rows, block.by):
        config = configs[chosen["run_id"].iloc[0]]
        found = _case(block, config, read_text(config, block.tokens, block.parts), len(chosen))
        if law is not None:
            ids = chosen["run_id"]
            own = replace(law, rows=law.rows[law.rows["run_id"].isin(ids)])
            least = _least_loss(block, config)
            found["exponents"].append(_stored(block, law, name) if least is None else _excess(own, least))
        for table, records in found.items():
            parts[table].append(pd.DataFrame(records).assign(case=name)[[*TABLES[table]]])
    return {name: pd.concat(each, ignore_index=True) for name, each in parts.items()}


def read_text(config: Config, tokens: int, parts: int) -> Text:
    """Return so many pieces, evenly spaced over the pool of a run's task, of as many tokens together at most."""
    task = cast(PoolTask, tasks[config["task"]])
    windows = task.splits(config)["pool"]
    each = min(len(windows), max(1, tokens // task.n_inputs(config))) // parts
    if each < 1:
        raise LawbookError(
            f"the pool has {len(windows)} windows, too few for {parts} parts; write fewer parts"
        )
    inputs = task.examples(config).inputs
    starts = [i * (len(windows) // parts) for i in range(parts)]
    return [inputs[windows[start : start + each]].ravel() for start in starts]


def _case(
    block: TextStatisticsBlock, config: Config, text: Text, n_runs: int
) -> dict[str, list[dict[str, Any]]]:
    lags = np.unique(np.geomspace(*block.lags, _LAGS).round().astype(np.int64))
    if lags[-1] >= len(text[0]):
        raise LawbookError(
            f"lags up to {lags[-1]} leave a part of {len(text[0])} tokens; write fewer parts, or shorter lags"
        )
    contexts = np.arange(1, block.contexts[1] + 1)
    known = _exact(block, config, lags, np.append(contexts, contexts[-1] + 1))
    exact_covariance, entropies = known if known is not None else (np.full(len(lags), np.nan), None)
    covariance, floor = _covariance(block, text, lags)
    drops, unseen = entropy_drops(text, int(contexts[-1]))
    exact_drops = np.full(len(contexts), np.nan) if entropies is None else entropies[:-1] - entropies[1:]
    above = np.logical_and.accumulate(covariance.value > _ABOVE * floor)
    seen = (unseen < UNSEEN) & (contexts >= block.contexts[0])
    beta = _Decay("beta", lags.astype(float), covariance, above, exact_covariance)
    gamma = _Decay("gamma", np.sqrt(contexts * (contexts + 1.0)), drops, seen, exact_drops, minus=1.0)
    about = {"level": _LEVEL, "n_tokens": sum(map(len, text)), "n_parts": len(text), "n_runs": n_runs}
    half_c, half_e = covariance.spread(_LEVEL), drops.spread(_LEVEL)
    return {
        "covariance": [
            {"lag": n, "value": v, "low": v - h, "high": v + h, "floor": floor, "used": int(u), "exact": e}
            for n, v, h, u, e in zip(lags, covariance.value, half_c, above, exact_covariance, strict=True)
        ],
        "entropy": [
            {"context": n, "place": x, "drop": v, "low": v - h, "high": v + h, "unseen": s, "used": int(u), "exact": e}
            for n, x, v, h, s, u, e in zip(
                contexts, gamma.x, drops.value, half_e, unseen, seen, exact_drops, strict=True
            )
        ],
        "exponents": [row | about for row in _exponents(beta, gamma)],
    }  # fmt: skip


def _exact(
    block: TextStatisticsBlock, config: Config, lags: NDArray[np.int64], contexts: NDArray[np.int64]
) -> tuple[Array, Array] | None:
    """Return what the theory knows of the text: C at the lags, H at the contexts; None where it says nothing."""
    if block.exact is None:
        return None
    statistics = getattr(exact_curves[block.exact], "statistics", None)
    if statistics is None:
        raise LawbookError(f"the theory {block.exact} knows no text; leave exact out")
    found: tuple[Array, Array] | None = statistics(config, lags, contexts)
    return found


def _covariance(block: TextStatisticsBlock, text: Text, lags: NDArray[np.int64]) -> tuple[Jackknifed, float]:
    """Return the norms of the covariances, and that of texts in random order, which an operator norm is less by."""
    rng = generator(0, "text statistics")
    if block.norm == "trace":
        of_random = [covariance_traces(shuffled(text, rng), lags.tolist()).value for _ in range(_FLOORS)]
        return covariance_traces(text, lags.tolist()), float(np.sqrt(np.square(of_random).mean()))
    of_random = [covariance_norms(shuffled(text, rng), [1]).value for _ in range(_FLOORS)]
    floor = float(np.mean(of_random))
    found = covariance_norms(text, lags.tolist())
    return Jackknifed(found.value - floor, found.without - floor), floor


def _exponents(beta: _Decay, gamma: _Decay) -> list[dict[str, Any]]:
    """Return the rows of β, γ and their prediction."""
    rows, notes = [], list[Note]()
    for each in (beta, gamma):
        value, own = each.exponent(each.found.value), []
        local = each.local()
        varies = variation(local)
        symbol = {"beta": "β", "gamma": "γ"}[each.name]
        if np.isnan(value):
            own.append(refusal("few_points", f"{symbol} needs two places above the noise; read more text"))
        elif not varies < _STEADY:
            told = ", ".join(number(one) for one in local)
            text = f"no power law: the local {symbol} is {told} from one end of the range to the other"
            own.append(refusal("no_power_law", text, variation=varies if np.isfinite(varies) else None))
        without = np.array([each.exponent(y) for y in each.found.without])
        rows.append(
            _row(each.name, value, without, each.exponent(each.exact), own)
            | {
                "variation": varies if np.isfinite(varies) else np.nan,
                "local": " ".join(f"{one:.4g}" for one in local),
                "first": each.x[each.used].min(initial=np.inf), "last": each.x[each.used].max(initial=-np.inf),
                "without": without,
            }
        )  # fmt: skip
        notes += own
    b, g = rows
    predicted = _row(
        "predicted", g["estimate"] / (2 * b["estimate"]), g["without"] / (2 * b["without"]),
        g["exact"] / (2 * b["exact"]), notes,
    )  # fmt: skip
    if not notes and not b["low"] > 0:
        text = f"β is not told from 0: its interval begins at {number(b['low'])}; read more text"
        predicted["notes"], predicted["status"] = (
            notes_to_json([refusal("no_decay", text)]),
            FitStatus.REFUSED,
        )
    if predicted["status"] == FitStatus.REFUSED:
        predicted |= {"estimate": np.nan, "low": np.nan, "high": np.nan}
    return [{key: value for key, value in row.items() if key != "without"} for row in (b, g, predicted)]


def _row(name: str, value: float, without: Array, exact: float, notes: list[Note]) -> dict[str, Any]:
    half = float(Jackknifed(np.array([value]), without[:, None]).spread(_LEVEL)[0])
    return {
        "quantity": name, "estimate": value, "low": value - half, "high": value + half, "exact": exact,
        "variation": np.nan, "local": None, "first": np.nan, "last": np.nan,
        "status": FitStatus.REFUSED if notes else FitStatus.OK, "notes": notes_to_json(notes),
    }  # fmt: skip


def _least_loss(block: TextStatisticsBlock, config: Config) -> float | None:
    """Return the mean loss of the best reader on the windows that runs are tested on; None where it is not known."""
    known = None if block.exact is None else getattr(exact_curves[block.exact], "least_loss", None)
    if known is None:
        return None
    task = cast(PoolTask, tasks[config["task"]])
    test, examples = task.splits(config)["test"], task.examples(config)
    least: float | None = known(config, examples.inputs[test], examples.targets[test])
    return least


def _excess(law: OfLaw, least: float) -> dict[str, Any]:
    """Return the exponent of the loss above what the best reader leaves, by the power law."""
    table = law.rows.assign(excess=law.rows[law.y].astype(float) - least)
    found = fit(table[[law.x, "excess", "seed", "status"]], "power", y="excess", x=law.x, cluster="seed")
    row = {
        "estimate": np.nan, "low": np.nan, "high": np.nan, "first": float(table[law.x].min()),
        "last": float(table[law.x].max()), "status": found.status, "notes": notes_to_json(found.notes),
    }  # fmt: skip
    if found.status == FitStatus.OK:
        alpha = found.estimates["alpha"]
        row |= {"estimate": alpha.value, "low": alpha.low, "high": alpha.high}
    return _of_training(row, table["run_id"].nunique())


def _stored(block: TextStatisticsBlock, law: OfLaw, case: str) -> dict[str, Any]:
    """Return the exponent of the law in the group of a case."""
    rows = law.fits[(law.fits["law"] == block.law) & (law.fits["parameter"] == "alpha")]
    rows = rows[rows["group"].fillna("") == case]
    if rows.empty:
        raise LawbookError(
            f"the law {block.law} has no exponent alpha in the group {case!r}; give both the same by"
        )
    row = rows.iloc[0].to_dict()
    if row["status"] != FitStatus.OK:
        row |= {"estimate": np.nan, "low": np.nan, "high": np.nan}
    return _of_training(row | {"first": row["x_low"], "last": row["x_high"]}, row["n_runs"])


def _of_training(row: dict[Any, Any], n_runs: int) -> dict[str, Any]:
    told = ("estimate", "low", "high", "first", "last", "status", "notes")
    about = {"quantity": "measured", "level": _LEVEL, "exact": np.nan, "variation": np.nan, "local": None}
    return about | {name: row[name] for name in told} | {"n_tokens": None, "n_parts": None, "n_runs": n_runs}
