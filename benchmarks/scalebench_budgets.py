"""Which runs to make, judged in public: ScaleBench (arXiv:2604.22753) at budgets, runs chosen without a test row.

    python benchmarks/scalebench_budgets.py --repeats 2 --tasks farseer
    python benchmarks/scalebench_budgets.py --jobs 2 --table results.csv --page

A task is a pool of runs with costs, and a target region whose inputs alone are known. A fifth of the budget is drawn
in proportion to 1/cost; then, at half of it and at all of it, `auto` is asked which laws hold on the runs made so far,
and `next_runs` which to make next. `auto` on the runs made predicts the target; where they are too few for any law, the
mean of their y does. Beside it: all of the budget drawn in proportion to 1/cost, predicted alike. Both were fixed
before a test row was read. The measure is that of `scalebench.py`. Rows that are in the table are not computed again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from public_tables import add_data_option
from rich.console import Console
from rich.progress import track
from scalebench import TASKS, r_squared
from scipy import stats

from lawbook.errors import LawbookError
from lawbook.laws.automatic import automatic, automatic_points, candidates_on, drawn_by_cost, next_runs
from lawbook.laws.checks import places
from lawbook.laws.formulas import values_of
from lawbook.seeds import generator
from lawbook.storage.files import write_text

PAGE = Path(__file__).resolve().parents[1] / "docs/scalebench_budgets.md"
STAGES = (0.2, 0.5, 1.0)
"""Shares of the budget that are spent at the end of each stage; the first is drawn in proportion to 1/cost."""
METHODS = ("suggest", "by_cost")


@dataclass(frozen=True)
class Budgets:
    """The cost of a run, budgets as shares of the pool's, and R² there: of V-optimal design, and the best published."""

    cost: str
    shares: tuple[float, float, float]
    v_optimal: tuple[float, float, float]
    published: tuple[float, float, float]


BUDGETS = {
    "data_constrained": Budgets("6*params*tokens", (0.01, 0.05, 0.1), (0.58, 0.83, 0.85), (0.73, 0.85, 0.86)),
    "farseer": Budgets("6*N*D", (0.01, 0.05, 0.1), (0.67, 0.87, 0.92), (0.67, 0.88, 0.93)),
    "vocab": Budgets(
        "non_vocab_parameters*num_characters", (0.01, 0.05, 0.1), (0.96, 0.97, 0.98), (0.96, 0.98, 0.98)
    ),
    "domain_mixture": Budgets("1", (0.2, 0.35, 0.5), (0.57, 0.91, 0.95), (0.64, 0.91, 0.95)),
    "lr_bsz": Budgets(
        "6*non_embedding_param_size*data_size", (0.01, 0.05, 0.1), (-0.70, -0.06, 0.18), (-0.65, 0.00, 0.22)
    ),
}
"""Published: Table 2 of arXiv:2604.22753; the best of its methods at each budget of each task."""


def chosen(
    pool: pd.DataFrame,
    costs: np.ndarray,
    name: str,
    target: pd.DataFrame,
    budget: float,
    method: str,
    repeat: int,
) -> list[int]:
    """Return the positions of the runs of a pool that are made within a budget."""
    task, rng = TASKS[name], generator(repeat, f"scalebench {name} {budget:g}")
    at, x = places(target, task.x), places(pool, task.x)
    if method == "by_cost":
        return drawn_by_cost(costs, budget, rng).tolist()
    made: list[int] = []
    for share in STAGES:
        left = share * budget - float(costs[made].sum())
        free = np.setdiff1d(np.arange(len(pool)), made)
        if not made or not (costs[free] <= left).any():
            made += free[drawn_by_cost(costs[free], left, rng)].tolist()
            continue
        asked = []
        for y in task.y:
            points, laws = candidates_on(pool.iloc[made], y=y, x=task.x, cluster=None)
            try:
                asked.append((points, automatic_points(points, laws, at).used))
            except LawbookError:
                asked.append((points, ()))
        first, *beside = asked
        found = next_runs(*first, x[free], costs[free], at, left, rng, beside=beside)
        made += free[found.chosen].tolist()
    return made


def predicted(rows: pd.DataFrame, y: str, x: tuple[str, ...], target: pd.DataFrame) -> np.ndarray:
    """Return what `auto` predicts at a target, the mean of y where the runs are too few for any law."""
    try:
        return automatic(rows, y=y, x=x, target=target, cluster=None).combined("median")
    except LawbookError:
        return np.full(len(target), rows[y].mean())


def score(case: tuple[Path, str, float, str, int]) -> dict[str, object]:
    """Return R² of a task at a budget by a method, in one repeat, with how many runs were made at what cost."""
    folder, name, share, method, repeat = case
    task, start = TASKS[name], time.process_time()
    train = pd.read_csv(folder / f"{name}_train.csv")
    target = pd.read_csv(folder / f"{name}_test.csv", usecols=["group", *task.x])
    predictions, runs, spent = {}, 0, []
    for group, pool in train.groupby("group"):
        at = target[target["group"] == group]
        if at.empty:
            continue
        costs = np.broadcast_to(values_of(BUDGETS[name].cost, pool), len(pool)).astype(float)
        made = chosen(pool, costs, name, at, share * float(costs.sum()), method, repeat)
        predictions[group] = np.stack([predicted(pool.iloc[made], y, task.x, at) for y in task.y])
        runs += len(made)
        spent.append(float(costs[made].sum() / costs.sum()))
    # Only now are the test rows opened.
    test = pd.read_csv(folder / f"{name}_test.csv")
    each = [
        r_squared(test[test["group"] == group][list(task.y)].to_numpy().T, values)
        for group, values in predictions.items()
    ]
    return {
        "task": name, "share": share, "method": method, "repeat": repeat, "r2": float(np.mean(each)),
        "runs": runs, "spent": float(np.mean(spent)), "cpu_s": time.process_time() - start,
    }  # fmt: skip


def mean_with_interval(values: pd.Series) -> tuple[float, float]:
    """Return the mean of the repeats and half of its 95 % interval by Student's t."""
    return float(values.mean()), float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))


def table(scores: pd.DataFrame) -> str:
    """Return the scores as a table in Markdown: the mean over repeats with its 95 % interval."""
    lines = [
        "| task | budget | suggest | in proportion to 1/cost | difference | V-optimal, published | best published |"
        " runs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    there = [name for name in BUDGETS if name in set(scores["task"])]
    wide = scores.pivot_table(index=["task", "share", "repeat"], columns="method", values="r2")
    for k in range(3):
        of_tasks, published = [], []
        for name in there:
            budgets = BUDGETS[name]
            r2 = wide.loc[name, budgets.shares[k]]
            cells = [r2["suggest"], r2["by_cost"], r2["suggest"] - r2["by_cost"]]
            shown = " | ".join("{:.2f} ± {:.2f}".format(*mean_with_interval(each)) for each in cells)
            runs = scores.query("task == @name and share == @budgets.shares[@k] and method == 'suggest'")[
                "runs"
            ]
            lines.append(
                f"| {name} | {budgets.shares[k]:.0%} | {shown} | {budgets.v_optimal[k]:.2f} |"
                f" {budgets.published[k]:.2f} | {runs.median():.0f} |"
            )
            of_tasks.append(r2[list(METHODS)])
            published.append((budgets.v_optimal[k], budgets.published[k]))
        mean = sum(of_tasks) / len(of_tasks)
        cells = [mean["suggest"], mean["by_cost"], mean["suggest"] - mean["by_cost"]]
        shown = " | ".join("**{:.2f}** ± {:.2f}".format(*mean_with_interval(each)) for each in cells)
        v_optimal, best = np.mean(published, axis=0)
        lines.append(
            f"| mean | {('least', 'middle', 'largest')[k]} | {shown} | {v_optimal:.2f} | {best:.2f} | |"
        )
    return "\n".join(lines)


def below(scores: pd.DataFrame) -> str:
    """Return where `suggest` lies below the draw by more than the interval of that, and the runs of each, as a list."""
    found = []
    for (name, share), part in scores.groupby(["task", "share"], sort=False):
        r2, runs = (part.pivot_table(index="repeat", columns="method", values=of) for of in ("r2", "runs"))
        lower, half = mean_with_interval(r2["by_cost"] - r2["suggest"])
        if lower > half:
            made, drawn = runs["suggest"].median(), runs["by_cost"].median()
            told = f"by {lower:.4f} ± {half:.4f}, with {made:.0f} runs where the draw makes {drawn:.0f}"
            found.append(f"- {name} at {share:.0%}: {told}")
    return "\n".join(found) or "- nowhere"


def main() -> None:
    """Print the table, and write the page if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_data_option(parser)
    parser.add_argument("--tasks", nargs="+", choices=BUDGETS, default=list(BUDGETS))
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument(
        "--table", type=Path, default=Path("scalebench_budgets.csv"), help="rows, kept as they come"
    )
    parser.add_argument("--page", action="store_true")
    asked = parser.parse_args()
    folder = asked.data / "scalebench"
    there = [name for name in asked.tasks if (folder / f"{name}_train.csv").exists()]
    if not there:
        raise SystemExit(f"{folder} holds no TASK_train.csv of {', '.join(asked.tasks)}")
    rows = pd.read_csv(asked.table).to_dict("records") if asked.table.exists() else []
    done = {(row["task"], row["share"], row["method"], row["repeat"]) for row in rows}
    cases = [
        (folder, name, share, method, repeat)
        for repeat, name in product(range(asked.repeats), there)
        for share, method in product(BUDGETS[name].shares, METHODS)
        if (name, share, method, repeat) not in done
    ]
    with multiprocessing.get_context("spawn").Pool(asked.jobs) as workers:
        for row in track(workers.imap_unordered(score, cases), "Repeats", total=len(cases)):
            rows.append(row)
            write_text(asked.table, pd.DataFrame(rows).to_csv(index=False))
    text = table(pd.DataFrame(rows))
    Console().print(text, highlight=False, soft_wrap=True)
    if asked.page:
        write_text(PAGE, _PAGE.format(table=text, repeats=asked.repeats, below=below(pd.DataFrame(rows))))


_PAGE = """# Judged in public: which runs to make, at a budget

[ScaleBench](https://arxiv.org/abs/2604.22753) gives a pool of runs with their costs, and asks what can be predicted in
a costly region when only a small share of the pool's cost may be spent (1, 5 and 10 %; of the mixtures 20, 35 and
50 %). A fifth of the budget is drawn in proportion to 1/cost; then, twice, `auto` is asked which laws hold so far and
`suggest` which runs come next. `auto` predicts; where the runs are too few for any law, the mean of their y does. R² on
the test rows, clipped at -1, the mean over groups; mean and 95 % interval over {repeats} repeats (Student's t):

{table}

Below the draw by more than the interval of the difference:

{below}

The draw makes more runs at the same cost, as it takes the cheap ones. That is probably why: where cheap runs already
tell the law to two digits, more of them are what is left to gain.

*Difference* is of the same repeat. *Published*: table 2 of the paper, means over its laws; the *best* of its methods at
each budget of each task. The procedure was fixed on splits of the training rows; of the test rows it sees the inputs.

Written by `python benchmarks/scalebench_budgets.py --page`.
"""

if __name__ == "__main__":
    # One thread in each process: they run beside each other.
    for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(library, "1")
    main()
