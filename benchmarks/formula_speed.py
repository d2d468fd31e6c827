"""What it costs to write a law as a formula: the same fits from the same starts, beside laws written by hand.

    python benchmarks/formula_speed.py
    python benchmarks/formula_speed.py --turns 9 --page       also writes docs/formula_speed.md

Every shipped law with slopes by hand that has a formula in the same parameters is fitted both ways from the same
starts, as `fit` does it: from more starts where few agree on the optimum. The ratio of CPU-seconds is formula over
hand, the median over turns. Every published law of the tests is fitted beside SciPy's `least_squares` of the same by
hand in NumPy, from as many starts in the same bounds; `excess` is how far the objective of the first lies above that
of the second, relative to it.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track
from scipy.optimize import least_squares

from lawbook.laws.fit import optimum
from lawbook.laws.forms import laws
from lawbook.laws.formulas import formula, law_of
from lawbook.laws.law import Array, Law
from lawbook.laws.loss import Loss
from lawbook.laws.points import Points, gather
from lawbook.storage.files import write_text

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.laws.designs import DESIGNS  # noqa: E402
from tests.laws.formulas.published import PUBLISHED, Published  # noqa: E402

PAGE = ROOT / "docs/formula_speed.md"
FORMULAS = {
    "power": "A*x^-alpha",
    "power_floor": "E + A*x^-alpha",
    "growth": "A*x^gamma",
    "m1": "beta*x^-c",
    "m2": "err_inf + beta*x^-c",
    "m3": "beta*(1/x + gamma)^c",
    "logarithmic": "B*log(X/x)",
    "exponential": "A*exp(-k*x)",
    "exponential_floor": "E + A*exp(-k*x)",
    "stretched_exponential": "A*exp(-(x/tau)^beta)",
    "stretched_exponential_floor": "E + A*exp(-(x/tau)^beta)",
    "bnsl_0": "a + b*x^-c0",
    "bnsl_1": "a + b*x^-c0*(1 + (x/d1)^(1/f1))^(-c1*f1)",
    "bnsl_2": "a + b*x^-c0*(1 + (x/d1)^(1/f1))^(-c1*f1)*(1 + (x/d2)^(1/f2))^(-c2*f2)",
    "chinchilla": "E + A*N^-alpha + B*D^-beta",
    "chinchilla_gamma": "E + scale*(N^-alpha + exp(log_ratio)*D^-beta)^gamma; scale in [0, inf]; E in [0, inf]",
    "chinchilla_pnorm": "E + A*(N^(-alpha*p) + exp(log_ratio*p)*D^(-beta*p))^(1/p); A in [0, inf]; E in [0, inf]",
    "over_training": "E + A*N^-alpha + B*D^-alpha",
    "kaplan": "A*(N^(-alpha_N/alpha_D) + exp(log_ratio/alpha_D)/D)^alpha_D; A in [0, inf]",
    "learning_rate_valley": (
        "E + A*N^-alpha + B*D^-beta + H*(log(learning_rate) - log_k - a*log(N) - b*log(D))^2; H in [0, inf]"
    ),
}
"""Shipped laws as formulas in their own parameters."""


def twin(name: str) -> tuple[Law, Law]:
    """Return a law by its formula with the shipped law's bounds and starts, and the shipped one in the same order."""
    shipped = laws[name]
    made = formula(FORMULAS[name], shipped.inputs).reading(shipped.inputs)
    to = [made.nonlinear.index(each) for each in shipped.nonlinear]
    back = [shipped.nonlinear.index(each) for each in made.nonlinear]
    terms = [shipped.linear.index(each) for each in made.linear]
    by_hand = replace(
        made,
        log_basis=lambda x, theta: [shipped.log_basis(x, theta[:, to])[j] for j in terms],
        slopes=lambda x, theta: {
            (terms.index(j), to[k]): slope for (j, k), slope in shipped.slopes(x, theta[:, to]).items()
        },
        sides=None,
    )
    same = {
        "box": lambda x: shipped.box(x)[back],
        "log_spaced": tuple(shipped.log_spaced[k] for k in back),
        "towards": None,
        "centred": shipped.centred,
    }
    return replace(made, **same), replace(by_hand, **same)


def points_of(law: Law, x: Array, log_y: Array) -> Points:
    """Return points of a law's inputs x (n, d) and y."""
    table = pd.DataFrame(x, columns=list(law.inputs)).assign(y=np.exp(log_y))
    return gather(table, y="y", x=law.inputs, cluster=None)


def compared(name: str, turns: int) -> tuple[float, float, float]:
    """Return the relative excess of the formula's objective over that by hand, and CPU-seconds of both."""
    made, by_hand = twin(name)
    x, planted = DESIGNS[name]
    rng = np.random.default_rng(0)
    log_y = laws[name].log_predict(x, np.array(planted)) + 0.003 * rng.standard_normal(len(x))
    points, spent, objectives = points_of(made, x, log_y), ([], []), [0.0, 0.0]
    for _ in range(turns):
        for i, law in enumerate((made, by_hand)):
            start = time.process_time()
            for _ in range(3):
                objectives[i] = float(optimum(points, law, Loss())[1].objective[0])
            spent[i].append((time.process_time() - start) / 3)
    excess = objectives[0] / objectives[1] - 1
    return excess, float(np.median(spent[0])), float(np.median(spent[1]))


def beside_scipy(published: Published) -> tuple[float, float, float]:
    """Return the relative excess over SciPy's best from the same starts, and CPU-seconds of ours and of SciPy's."""
    table = published.table(0.003)
    law = law_of(published.formula, table, y="y", x=None)
    points = gather(table, y="y", x=law.inputs, cluster=None)
    start = time.process_time()
    solution = optimum(points, law, Loss())[1]
    ours = float(solution.objective[0])
    ours_s = time.process_time() - start
    columns = {name: table[name].to_numpy() for name in table}
    log_y = np.log(columns["y"])

    def residuals(q: Array) -> Array:
        with np.errstate(all="ignore"):
            log_fit = np.log(published.by_hand(columns, dict(zip(law.parameters, q, strict=True))))
        return np.where(np.isfinite(log_fit), log_y - log_fit, 1e3)

    rng, box = np.random.default_rng(0), law.box(points.x)
    best, start = np.inf, time.process_time()
    for _ in range(solution.starts):
        theta = rng.uniform(*box.T)
        logged = np.array(law.log_spaced, dtype=bool)
        with np.errstate(all="ignore"):
            theta = np.where(logged, np.exp(rng.uniform(*np.log(np.maximum(box, 1e-300)).T)), theta)
        first = np.concatenate([np.full(len(law.linear), np.exp(log_y.mean())), theta])
        best = min(best, float(least_squares(residuals, first, x_scale="jac", max_nfev=400).cost))
    return ours / best - 1, ours_s, time.process_time() - start


def main() -> None:
    """Print both tables, and write the page if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--page", action="store_true")
    chosen = parser.parse_args()
    lines = ["| law | formula, ms | by hand, ms | ratio | excess |", "|---|---|---|---|---|"]
    ratios = []
    for name in track(FORMULAS, "By hand"):
        excess, made_s, hand_s = compared(name, chosen.turns)
        ratios.append(made_s / hand_s)
        lines.append(
            f"| {name} | {1e3 * made_s:.1f} | {1e3 * hand_s:.1f} | {ratios[-1]:.2f} | {excess:.1e} |"
        )
    lines.append(f"| median | | | {np.median(ratios):.2f} | |")
    first = "\n".join(lines)
    lines = ["| law | formula, ms | SciPy, ms | excess |", "|---|---|---|---|"]
    for published in track(PUBLISHED, "SciPy"):
        excess, ours_s, theirs_s = beside_scipy(published)
        lines.append(f"| {published.name} | {1e3 * ours_s:.0f} | {1e3 * theirs_s:.0f} | {excess:.1e} |")
    second = "\n".join(lines)
    Console().print(f"{first}\n\n{second}", highlight=False, soft_wrap=True)
    if chosen.page:
        write_text(PAGE, _PAGE.format(first=first, second=second, machine=platform.machine()))


_PAGE = """# What it costs to write a law as a formula

One thread of {machine}. The same fits from the same starts, the laws as formulas and with basis and slopes by hand:

{first}

*excess*: how far the formula's objective lies above that by hand, relative to it.

Published laws as formulas beside SciPy's `least_squares` of the same by hand in NumPy, from as many starts in the same
bounds (its own derivatives, by differences):

{second}

A negative excess is a lower objective than SciPy's.

Written by `python benchmarks/formula_speed.py --page`.
"""

if __name__ == "__main__":
    main()
