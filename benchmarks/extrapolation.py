"""The extrapolation contest: 92 learning curves, predicted from their smaller x.

    python benchmarks/extrapolation.py design            # the rules on the larger fitted points alone
    python benchmarks/extrapolation.py tune images       # writes choices.images, from the language curves alone
    python benchmarks/extrapolation.py tune language     # writes choices.language, from the image curves alone
    python benchmarks/extrapolation.py score [--out FOLDER]

Grid and choices are in extrapolation.yaml, the protocol and what came out in docs/extrapolation.md. Data: the
benchmark of Alabdulmohsin et al. 2022 (arXiv:2209.06640), in the folder `--data` or LAWBOOK_DATA.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from public_tables import add_data_option
from scipy.special import stdtrit

from lawbook.laws import laws
from lawbook.laws.extrapolate import CANDIDATES, Members, Rule, combine, fit_members, shares
from lawbook.laws.law import Array
from lawbook.seeds import generator

HERE = Path(__file__).resolve().parent
CHOICES = HERE / "extrapolation.yaml"
FILES = {"images": "alabdulmohsin_benchmark.vision.csv", "language": "alabdulmohsin_benchmark.lang.csv"}
RELEASED = "expected_m1_m4_bnsl_rmsle.csv"
RIVALS = ("bnsl_1", "M4")
"""Plain BNSL with one break, fitted here, and the released M4 procedure."""
WAYS = ("other_domain", "leave_one_model_out", "default")
"""How the rule was chosen: on the other domain, on the other models, or as in `lawbook.laws.extrapolate`."""
KEYS = ["Domain", "Task", "Model"]
DIVISORS = (2.0, 4.0, 8.0)
"""For `design`, the curves are fitted up to the largest fitted x divided by these."""
_DRAWS = 10_000


@dataclass(frozen=True)
class Curve:
    """One curve: the points to fit (x, log y), and those to predict."""

    key: tuple[str, str, str]
    x: Array
    log_y: Array
    x_beyond: Array
    log_y_beyond: Array


@dataclass(frozen=True)
class Cell:
    """One choice of the grid."""

    candidates: tuple[str, ...]
    rule: Rule

    def as_yaml(self) -> dict[str, Any]:
        """Return the choice as it stands in the YAML."""
        return {
            "candidates": list(self.candidates),
            "recency": list(self.rule.recency),
            "centre": self.rule.centre,
            "sharpness": self.rule.sharpness,
        }


def curves(folder: Path, domain: str) -> Iterator[Curve]:
    """Yield the curves of one domain, without its exactly repeated rows."""
    rows = pd.read_csv(folder / FILES[domain]).drop_duplicates()
    for key, curve in rows.groupby(KEYS, sort=True):
        kept = curve[curve["Training"] == 1].groupby("Seen Examples", as_index=False)["Loss"].mean()
        beyond = curve[curve["Training"] == 0]
        yield Curve(
            key=tuple(map(str, key)),
            x=kept["Seen Examples"].to_numpy(dtype=float),
            log_y=np.log(kept["Loss"].to_numpy(dtype=float)),
            x_beyond=beyond["Seen Examples"].to_numpy(dtype=float),
            log_y_beyond=np.log(beyond["Loss"].to_numpy(dtype=float)),
        )


def grid(settings: dict[str, Any]) -> list[Cell]:
    """Return all choices in the YAML's order."""
    origins = tuple(settings["origins"])
    parts = product(settings["candidates"], settings["recency"], settings["combinations"])
    return [
        Cell(tuple(names), Rule(tuple(recency), how["centre"], float(how["sharpness"]), origins))
        for names, recency, how in parts
    ]


def halved(whole: Iterable[Curve], divisor: float) -> Iterator[Curve]:
    """Yield curves whose fitted points beyond x_max/divisor are to be predicted from the others, at least 7."""
    for curve in whole:
        kept = curve.x <= curve.x[-1] / divisor * (1 + 1e-12)
        if kept.sum() > len(laws["bnsl_1"].parameters):
            yield Curve(curve.key, curve.x[kept], curve.log_y[kept], curve.x[~kept], curve.log_y[~kept])


def errors(whole: Iterable[Curve], cells: list[Cell], origins: tuple[float, ...]) -> pd.DataFrame:
    """Return log RMSLE, a row per curve (Domain, Task, Model) and a column per cell, and for plain 'bnsl_1'."""
    names = tuple(dict.fromkeys(["bnsl_1", *(name for cell in cells for name in cell.candidates)]))
    recency = tuple(sorted({0.0, *(rho for cell in cells for rho in cell.rule.recency)}))
    rows = {}
    for curve in whole:
        members = fit_members(
            curve.x, curve.log_y, np.ones(len(curve.x)), curve.x_beyond,
            [laws[name] for name in names], recency, origins,
        )  # fmt: skip
        plain = Cell(("bnsl_1",), Rule(recency=(0.0,)))
        predicted = [_predict(members, cell) for cell in [*cells, plain]]
        rows[curve.key] = [0.5 * np.log(np.mean((curve.log_y_beyond - each) ** 2)) for each in predicted]
        print(f"\r{len(rows)} curves", end="", flush=True)
    print()
    index = pd.MultiIndex.from_tuples(rows, names=KEYS)
    found = pd.DataFrame(list(rows.values()), index=index, columns=[*range(len(cells)), "bnsl_1"])
    return found.fillna(np.inf)  # a rule that predicts no number has missed


def _predict(members: Members, cell: Cell) -> Array:
    """Return the log y that a cell predicts, with the members that it has."""
    table = members.table
    own = (table["form"].isin(cell.candidates) & table["recency"].isin(cell.rule.recency)).to_numpy()
    chosen = Members(table[own], members.log_y[own])
    return combine(chosen.log_y, shares(chosen, cell.rule), cell.rule.centre)


def best(found: pd.DataFrame, cells: list[Cell]) -> int:
    """Return the cell of least geometric mean RMSLE over the curves, the first of equal ones."""
    return int(np.argmin(found[list(range(len(cells)))].mean().to_numpy()))


def design(folder: Path) -> None:
    """Print how all rules predict the larger fitted points from the smaller ones; reads no row to be predicted."""
    settings = yaml.safe_load(CHOICES.read_text(encoding="utf-8"))
    cells = grid(settings)
    default = cells.index(Cell(CANDIDATES, Rule()))
    for domain in FILES:
        parts = [
            errors(halved(curves(folder, domain), divisor), cells, tuple(settings["origins"]))
            for divisor in DIVISORS
        ]
        means = pd.concat(parts).mean()
        rank = 1 + int((means[list(range(len(cells)))] < means[default]).sum())
        print(
            f"{domain}: {' + '.join(str(len(part)) for part in parts)} curves; geometric mean RMSLE: "
            f"default {np.exp(means[default]):.5f} (rank {rank} of {len(cells)}), "
            f"best {np.exp(means[list(range(len(cells)))].min()):.5f}, bnsl_1 {np.exp(means['bnsl_1']):.5f}"
        )


def tune(folder: Path, domain: str) -> None:
    """Choose the rule for a domain from the curves of the other and write it into the YAML."""
    settings = yaml.safe_load(CHOICES.read_text(encoding="utf-8"))
    cells = grid(settings)
    other = next(name for name in FILES if name != domain)
    found = errors(curves(folder, other), cells, tuple(settings["origins"]))
    means = np.exp(found.mean())
    chosen = best(found, cells)
    print(f"tuned on {other}: cell {chosen} of {len(cells)}, geometric mean RMSLE {means[chosen]:.5f} there")
    settings["choices"] = {**(settings.get("choices") or {}), domain: cells[chosen].as_yaml()}
    head = CHOICES.read_text(encoding="utf-8").partition("choices:")[0]
    text = yaml.safe_dump({"choices": settings["choices"]}, default_flow_style=None, sort_keys=False)
    CHOICES.write_text(head + text, encoding="utf-8")


def score(folder: Path, out: Path | None) -> None:
    """Score the frozen choices and the choices that leave one model out; print all, write the curves to `out`."""
    settings = yaml.safe_load(CHOICES.read_text(encoding="utf-8"))
    cells = grid(settings)
    released = pd.read_csv(folder / RELEASED).rename(
        columns={"dom": "Domain", "task": "Task", "model": "Model"}
    )
    released = released.set_index(KEYS)[["M1", "M2", "M3", "M4", "bnsl1_multistart_lm"]]
    tables = []
    for domain in FILES:
        found = errors(curves(folder, domain), cells, tuple(settings["origins"]))
        number = [cell.as_yaml() for cell in cells].index(settings["choices"][domain])
        default = cells.index(Cell(CANDIDATES, Rule()))
        table = pd.DataFrame({"other_domain": found[number], "leave_one_model_out": _left_out(found, cells)})
        table = table.assign(default=found[default], bnsl_1=found["bnsl_1"])
        table = table.join(np.log(released))
        if table.isna().any(axis=None):
            raise SystemExit(f"{RELEASED} lacks curves of {FILES[domain]}")
        _print(domain, table)
        tables.append(table.assign(domain=domain))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        pd.concat(tables).to_csv(out / "extrapolation.csv")


def _left_out(found: pd.DataFrame, cells: list[Cell]) -> pd.Series:
    """Return each curve's log RMSLE with the cell that is best on the other models' curves of its domain."""
    model = found.index.get_level_values("Model")
    parts = []
    for name in model.unique():
        chosen = best(found[model != name], cells)
        print(f"  without {name}: cell {chosen} {cells[chosen].as_yaml()}")
        parts.append(found.loc[model == name, chosen])
    return pd.concat(parts).reindex(found.index)


def _print(domain: str, table: pd.DataFrame) -> None:
    print(f"{domain}: {len(table)} curves; geometric mean RMSLE")
    for name in table.columns:
        print(f"  {name:22s} {np.exp(table[name].mean()):.5f}")
    for own, rival in product(WAYS, RIVALS):
        difference = table[own] - table[rival]
        groups = [part.to_numpy() for _, part in difference.groupby("Model")]
        low, high = clustered_interval(groups)
        low_t, high_t = t_interval(groups)
        beats = max(high, high_t) < 0
        print(
            f"  log({own} / {rival}): {difference.mean():+.3f}, bootstrap [{low:+.3f}, {high:+.3f}], "
            f"t of the model means [{low_t:+.3f}, {high_t:+.3f}]; better on {(difference < 0).sum()} of "
            f"{len(difference)} curves, {sum(part.mean() < 0 for part in groups)} of {len(groups)} models: "
            f"{'beats' if beats else 'loses' if min(low, low_t) > 0 else 'undecided'}"
        )


def clustered_interval(groups: list[Array], level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of the mean over all values when whole groups are redrawn."""
    rng = generator(0, "extrapolation contest")
    drawn = rng.integers(len(groups), size=(_DRAWS, len(groups)))
    sums, counts = np.array([part.sum() for part in groups]), np.array([len(part) for part in groups])
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


def t_interval(groups: list[Array], level: float = 0.95) -> tuple[float, float]:
    """Return Student's interval of the mean of the groups' means, which percentiles of few groups fall short of."""
    means = np.array([part.mean() for part in groups])
    half = stdtrit(len(means) - 1, (1 + level) / 2) * means.std(ddof=1) / np.sqrt(len(means))
    return float(means.mean() - half), float(means.mean() + half)


def main() -> None:
    """Try, tune or score."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_data_option(parser)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("design")
    commands.add_parser("tune").add_argument("domain", choices=list(FILES))
    commands.add_parser("score").add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.command == "design":
        design(given.data)
    elif given.command == "tune":
        tune(given.data, given.domain)
    else:
        score(given.data, given.out)


if __name__ == "__main__":
    main()
