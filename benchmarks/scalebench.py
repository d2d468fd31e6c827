"""Which law, and what it predicts, judged in public: ScaleBench (arXiv:2604.22753), laws chosen without a test row.

    python benchmarks/scalebench.py                         every task that is there, on all runs
    python benchmarks/scalebench.py --tasks farseer vocab
    python benchmarks/scalebench.py --page                  also writes docs/scalebench.md

The folder `--data`, or LAWBOOK_DATA, holds scalebench/TASK_train.csv and TASK_test.csv. The measure is R² on the test
rows, clipped at -1, the mean over groups. Of the test rows the inputs alone are read before the prediction.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from public_tables import add_data_option
from rich.console import Console
from rich.progress import track
from scipy.optimize import curve_fit

from lawbook.laws.automatic import RULES, automatic
from lawbook.storage.files import write_text

PAGE = Path(__file__).resolve().parents[1] / "docs/scalebench.md"


@dataclass(frozen=True)
class Task:
    """A task: y, its inputs, and what was published: R² of the published laws on all runs, and the best of all."""

    y: tuple[str, ...]
    x: tuple[str, ...]
    published: float
    published_best: float


TASKS = {
    "data_constrained": Task(("loss",), ("params", "tokens", "unique_tokens"), 0.79, 0.86),
    "farseer": Task(("loss",), ("N", "D"), 0.91, 0.93),
    "lr_bsz": Task(("lm_loss",), ("lr", "bsz", "non_embedding_param_size", "data_size"), 0.04, 0.22),
    "vocab": Task(
        ("unigram_normalized_loss",), ("non_vocab_parameters", "vocab_size", "num_characters"), 0.93, 0.98
    ),
    "domain_mixture": Task(
        tuple(f"loss_domain_{i}" for i in range(1, 6)),
        tuple(f"proportion_domain_{i}" for i in range(1, 6)),
        0.81,
        0.95,
    ),
    "moe": Task(("loss_validation",), ("num_experts", "dense_parameter_count"), 0.81, 0.83),
    "parallel": Task(("loss",), ("num_params", "parallel_size"), 0.99, 0.99),
    "sparsity": Task(("loss",), ("P", "N_active"), 0.37, 0.53),
}


@dataclass(frozen=True)
class Score:
    """R² of a task: of the median of the best laws, by group and together, and of other rules; seconds; the law."""

    task: str
    r2: float
    together: float
    rules: dict[str, float]
    plain: float
    wall_s: float
    laws: str


def r_squared(y: np.ndarray, predicted: np.ndarray) -> float:
    """Return 1 − Σ (y − ŷ)² / Σ (y − ȳ)², clipped at −1, −1 where a prediction is not finite."""
    if not np.isfinite(predicted).all():
        return -1.0
    return float(max(-1.0, 1 - np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2)))


def plain_fit(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return what scipy's curve_fit of E + Σ A_i x_i^-a_i from its own start predicts; NaN where it gives up."""

    def law(x: np.ndarray, floor: float, *rest: float) -> np.ndarray:
        factors, exponents = np.split(np.array(rest), 2)
        return floor + np.sum(factors[:, None] * np.maximum(x, 1e-9) ** -exponents[:, None], axis=0)

    try:
        with np.errstate(all="ignore"):
            found, _ = curve_fit(law, x.T, y, p0=np.full(1 + 2 * x.shape[1], 0.5), maxfev=20_000)
            return law(at.T, *found)
    except (RuntimeError, ValueError):
        return np.full(len(at), np.nan)


def score(name: str, folder: Path) -> Score:
    """Return the score of a task on all of its runs."""
    task, start = TASKS[name], time.perf_counter()
    train = pd.read_csv(folder / f"{name}_train.csv")
    target = pd.read_csv(folder / f"{name}_test.csv", usecols=["group", *task.x])
    made: dict[str, list[tuple[str, np.ndarray]]] = {}
    plain, laws = [], []
    for group, runs in train.groupby("group"):
        at = target[target["group"] == group]
        if at.empty:
            continue
        for y in task.y:
            found = automatic(runs, y=y, x=task.x, target=at, cluster=None)
            laws.append(found.used[0].candidate.name)
            for rule in RULES:
                made.setdefault(rule, []).append((str(group), found.combined(rule)))
            x = runs[list(task.x)].to_numpy()
            plain.append((str(group), plain_fit(x, runs[y].to_numpy(), at[list(task.x)].to_numpy())))
    wall_s = time.perf_counter() - start
    # Only now are the test rows opened.
    test = pd.read_csv(folder / f"{name}_test.csv")

    def pairs(predictions: list[tuple[str, np.ndarray]]) -> list[tuple[np.ndarray, np.ndarray]]:
        by_group: dict[str, list[np.ndarray]] = {}
        for group, values in predictions:
            by_group.setdefault(group, []).append(values)
        return [
            (test[test["group"] == group][list(task.y)].to_numpy().T.ravel(), np.concatenate(values))
            for group, values in by_group.items()
        ]

    rules = {rule: mean_r2(pairs(values)) for rule, values in made.items()}
    together = r_squared(*(np.concatenate(each) for each in zip(*pairs(made["median"]), strict=True)))
    common = max(set(laws), key=laws.count)
    return Score(name, rules["median"], together, rules, mean_r2(pairs(plain)), wall_s, common)


def mean_r2(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return the mean over groups of R² of y and its prediction."""
    return float(np.mean([r_squared(*pair) for pair in pairs]))


def table(scores: list[Score]) -> str:
    """Return the scores as a table in Markdown."""
    lines = [
        "| task | median of five | groups together | best alone | mean | by AICc | published laws, all runs |"
        " best published | curve_fit | best law | s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in scores:
        task, rules = TASKS[each.task], each.rules
        ours = [each.together, *(rules[rule] for rule in ("single", "mean", "aicc"))]
        shown = " | ".join(f"{r2:.3f}" for r2 in ours)
        lines.append(
            f"| {each.task} | **{each.r2:.3f}** | {shown} | {task.published:.2f} | {task.published_best:.2f} |"
            f" {each.plain:.2f} | {each.laws} | {each.wall_s:.0f} |"
        )
    means = [np.mean([each.r2 for each in scores]), np.mean([each.together for each in scores])]
    means += [np.mean([each.rules[rule] for each in scores]) for rule in ("single", "mean", "aicc")]
    first, *others = (f"{mean:.3f}" for mean in means)
    published = " | ".join(
        f"{np.mean([getattr(TASKS[each.task], what) for each in scores]):.2f}"
        for what in ("published", "published_best")
    )
    plain = np.mean([each.plain for each in scores])
    lines.append(f"| mean | **{first}** | {' | '.join(others)} | {published} | {plain:.2f} | | |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, and write the page if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_data_option(parser)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--page", action="store_true")
    chosen = parser.parse_args()
    data = chosen.data / "scalebench"
    there = [name for name in chosen.tasks if (data / f"{name}_train.csv").exists()]
    if not there:
        raise SystemExit(f"{data} holds no TASK_train.csv of {', '.join(chosen.tasks)}")
    scores = [score(name, data) for name in track(there, "Tasks")]
    text = table(scores)
    Console().print(text, highlight=False, soft_wrap=True)
    if chosen.page:
        write_text(PAGE, _PAGE.format(table=text))


_PAGE = """# Judged in public: ScaleBench

[ScaleBench](https://arxiv.org/abs/2604.22753) holds runs of published studies and, apart from them, the costly runs
that they were to predict. `--law auto` chooses among the candidate laws of the inputs by the runs that lie furthest
towards the target, and predicts by the median of the five best; of the test rows it sees the inputs alone. R² on the
test rows, clipped at -1, the mean over groups:

{table}

*Published laws, all runs*: the benchmark's own fits. *Best published*: the best of its choosers of runs at any budget.
*Groups together*: R² of all groups' rows at once, as the paper takes it. *curve_fit*: SciPy's, of a sum of power laws,
from its own start.

Written by `python benchmarks/scalebench.py --page`.
"""

if __name__ == "__main__":
    main()
