"""What each pruning metric is worth on planted difficulty: wrong labels, known margins, odd inputs, and probe seeds.

python benchmarks/pruning_metrics.py             five pools of each kind: prints the tables, half a minute
python benchmarks/pruning_metrics.py --page      also writes docs/pruning_metrics.md
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.progress import track
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from lawbook.pruning.embedding import principal_components
from lawbook.pruning.metrics import Evidence, Probed, metrics
from lawbook.scoring.score import score_pools
from lawbook.storage.files import write_text
from lawbook.studies import load_study, make_plan
from lawbook.studies.cost import run_cost
from lawbook.tasks import PoolTask, tasks

PAGE = Path(__file__).parents[1] / "docs/pruning_metrics.md"
SCORED = [name for name in metrics if metrics[name].score is not None]
PROBES = (2, 4, 8, 16)
POOL = 1297
STEPS = 500

STUDY = """
title: Metrics on planted labels
question: Do metrics find wrong labels, and do their probes agree?
task: {{name: digits, label_noise: 0.1}}
model: {{name: mlp, width: 128}}
training: {{steps: {steps}, learning_rate: 1.0e-3}}
pruning: {{probe_steps: 75, trajectory_steps: {steps}, keep_fraction: 0.5}}
sweeps:
  pools:
    axes: {{metric: {metrics}, probes: {probes}, fold: {{count: {pools}}}}}
"""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def planted_flips(pools: int) -> pd.DataFrame:
    """Return the scorings of pools of digits of which a tenth of the labels were drawn anew, by numbers of probes."""
    names = [name for name in SCORED if "margins" not in metrics[name].needs]
    text = STUDY.format(steps=STEPS, metrics=names, probes=list(PROBES), pools=pools)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flips.yaml"
        file.write_text(text)
        plan = make_plan(load_study(file))
        _, scorings = score_pools(plan.pools, cache=Path(folder) / "cache", code="benchmark")
    probes = {pool.pool_id: pool.config["probes"] for pool in plan.pools}
    training = run_cost(plan.pools[0].config).flops
    return scorings.assign(asked=scorings["pool_id"].map(probes), share=scorings["flops"] / training)


def known_margins(seed: int, n: int = 800, dimension: int = 20, probes: int = 6) -> tuple[Evidence, Bools]:
    """Return the evidence of a linear teacher's pool, and which quarter lies nearest to its boundary.

    Probes are logistic regressions by plain SGD, here and not by the package's own training: 20 checkpoints of each,
    the third of them early; held-out ones learn every other example and are asked about the rest.
    """
    rng = np.random.default_rng(seed)
    teacher = rng.normal(size=dimension)
    inputs = rng.normal(size=(n, dimension))
    field = inputs @ teacher / np.linalg.norm(teacher)
    labels = (field > 0).astype(np.int64)
    followed = np.stack([_followed(inputs, labels, np.arange(n), rng) for _ in range(probes)])
    heldout = np.empty((probes, n, 2))
    for half in (0, 1):
        unseen, learned = np.arange(half, n, 2), np.arange(1 - half, n, 2)
        for probe in range(probes):
            heldout[probe, unseen] = _followed(inputs, labels, learned, rng)[2, unseen]
    evidence = Evidence(
        labels, seed, inputs=inputs, embedding=principal_components(inputs), margins=np.abs(field),
        early=Probed(followed[:, 2], np.repeat(inputs[None], probes, axis=0)), trajectory=followed, heldout=heldout,
    )  # fmt: skip
    return evidence, np.abs(field) < np.quantile(np.abs(field), 0.25)


def _followed(
    inputs: Floats, labels: NDArray[np.int64], learned: NDArray[np.int64], rng: np.random.Generator
) -> Floats:
    """Return the probabilities (20, n, 2) that a logistic regression gives while it learns by SGD."""
    weights = 0.1 * rng.normal(size=inputs.shape[1])
    said = []
    for step in range(1, STEPS + 1):
        batch = learned[rng.integers(len(learned), size=64)]
        weights -= 0.1 * (expit(inputs[batch] @ weights) - labels[batch]) @ inputs[batch] / 64
        if step % (STEPS // 20) == 0:
            right = expit(inputs @ weights)
            said.append(np.stack([1 - right, right], axis=1))
    return np.stack(said)


def odd_inputs(seed: int) -> dict[str, tuple[Evidence, Bools]]:
    """Return evidence of 800 digits of which a tenth is odd by its inputs alone, for each way of being odd.

    scrambled: the image's pixels in another order; bright: 1.3 times as bright; single: there once, all others
    being there ten times with a little noise.
    """
    rng = np.random.default_rng(seed)
    task = tasks["digits"]
    assert isinstance(task, PoolTask)
    examples = task.examples({})
    chosen = rng.permutation(len(examples.targets))[:800]
    images, labels = examples.inputs[chosen].reshape(800, -1).astype(float), examples.targets[chosen]
    odd = np.arange(800) < 80
    scrambled, bright, single = images.copy(), images.copy(), images.copy()
    scrambled[odd] = rng.permuted(images[odd], axis=1)
    bright[odd] *= 1.3
    copies = np.repeat(images[80:152], 10, axis=0)
    single[80:] = copies + rng.normal(0, 0.05 * images.std(), copies.shape)
    return {
        name: (Evidence(labels, seed, inputs=made, embedding=principal_components(made)), odd)
        for name, made in (("scrambled", scrambled), ("bright", bright), ("single", single))
    }


def score_of(name: str, evidence: Evidence, planted: Bools) -> float:
    """Return the AUC of a metric: how often a planted example scores higher than another; NaN where it cannot read."""
    metric = metrics[name]
    if metric.score is None or any(getattr(evidence, need) is None for need in metric.needs):
        return float("nan")
    return float(roc_auc_score(planted, metric.score(evidence)))


def planted_inputs(pools: int) -> pd.DataFrame:
    """Return the AUC of every metric on every plant that is not a label, a row per pool."""
    rows = []
    for seed in track(range(pools), "margins and inputs"):
        plants = {"near the boundary": known_margins(seed)} | odd_inputs(seed)
        for plant, (evidence, planted) in plants.items():
            rows += [
                {"metric": name, "plant": plant, "auc": score_of(name, evidence, planted)} for name in SCORED
            ]
    return pd.DataFrame(rows)


def spread(values: pd.Series) -> str:
    """Write the mean and the range of numbers; a dash for none.

    >>> spread(pd.Series([0.9, 0.94])), spread(pd.Series([np.nan]))
    ('.92 (.90–.94)', '–')
    """
    known = values.dropna().astype(float)
    if known.empty:
        return "–"
    mean, low, high = (f"{v:.2f}".replace("0.", ".") for v in (known.mean(), known.min(), known.max()))
    return mean if low == high else f"{mean} ({low}–{high})"


def table_of(flips: pd.DataFrame, inputs: pd.DataFrame) -> str:
    """Return the AUC of every metric on every plant, and what its scoring costs, as Markdown."""
    plants = list(inputs["plant"].unique())
    lines = [
        "| metric | wrong labels | " + " | ".join(plants) + " | scoring cost, trainings |",
        "|---" * (len(plants) + 3) + "|",
    ]
    asked = flips[(flips["probes"] == 0) | (flips["asked"] == 8)]
    for name in SCORED:
        on_labels = asked[asked["metric"] == name]
        cells = [
            spread(inputs.loc[(inputs["metric"] == name) & (inputs["plant"] == p), "auc"]) for p in plants
        ]
        share = on_labels["share"].median() if len(on_labels) else 0.0
        lines.append(f"| {name} | {spread(on_labels['planted_auc'])} | {' | '.join(cells)} | {share:.2g} |")
    return "\n".join(lines)


def reliability_of(flips: pd.DataFrame) -> str:
    """Return the rank correlation between the scores of disjoint sets of probes, by their number, as Markdown."""
    lines = [
        "| metric | " + " | ".join(f"{n // 2} and {n // 2} probes" for n in PROBES) + " |",
        "|---" * (len(PROBES) + 1) + "|",
    ]
    for name in SCORED:
        if metrics[name].needs_probes:
            cells = [
                spread(flips.loc[(flips["metric"] == name) & (flips["asked"] == n), "reliability"])
                for n in PROBES
            ]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def page_of(flips: pd.DataFrame, inputs: pd.DataFrame, pools: int) -> str:
    """Return docs/pruning_metrics.md."""
    return f"""# What each pruning metric is worth on planted difficulty

How often a planted example scores higher (harder) than another one, the AUC: mean and range over {pools} pools.
0.5 is chance; a metric that reads no labels cannot do better on wrong labels, nor one that reads the norm alone on
scrambled images.

- *wrong labels*: digits, {POOL:,} images, a tenth of the labels drawn anew; eight probes of 75 steps, or followed for
  {STEPS}. `disputed` asks probes that have learned the other half.
- *near the boundary*: Gaussian inputs in 20 dimensions with a linear teacher; the quarter nearest to its boundary is
  hard. Probes are six logistic regressions by SGD.
- *scrambled*, *bright*: 800 digits, of a tenth of which the pixels are shuffled, or brighter by 1.3.
- *single*: 800 digits, of which a tenth are there once and all others ten times with a little noise. The first of ten
  copies is as new as a single image, so that 0.95 is all that SemDeDup can reach.
- *scoring cost*: FLOPs of all probes over those of one training on the same pool.

{table_of(flips, inputs)}

## Reliability

The rank correlation (Spearman) between scores of the same pool by two disjoint sets of probes, which differ by
their initial weights and their order of examples: how far a ranking is one of the pool, and not of its probes.
An example has half of the probes of `disputed` as its judges, three at least.

{reliability_of(flips)}

Written by `python benchmarks/pruning_metrics.py --page`.
"""


def main() -> None:
    """Print the tables; write the page if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pools", type=int, default=5, choices=range(1, 6), help="pools of each kind")
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    began = time.perf_counter()
    flips, inputs = planted_flips(arguments.pools), planted_inputs(arguments.pools)
    print(table_of(flips, inputs), reliability_of(flips), sep="\n\n")
    print(f"{time.perf_counter() - began:.0f} s")
    if arguments.page:
        write_text(PAGE, page_of(flips, inputs, arguments.pools))
        print(PAGE)


if __name__ == "__main__":
    main()
