"""Find the quanta of a text: from the weights of a sweep's runs to tables of tokens, sizes, scores and losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.analyses import Inputs
from lawbook.analyses.text_quanta.block import TextQuantaBlock
from lawbook.analyses.text_quanta.tokens import (
    Chosen,
    Weights,
    Windows,
    choose_tokens,
    text_task,
    token_gradients,
    token_losses,
    windows_of,
)
from lawbook.axes import Config
from lawbook.quanta.affinity import cosines
from lawbook.quanta.agreement import agreement, between_ks, blind_k, purity, stability
from lawbook.quanta.clustering import Labels, affinity_graph, cluster, eigengap, sizes_of
from lawbook.quanta.control import compare_paired, matched_control, share_explained, within_similarity
from lawbook.quanta.emergence import KINDS, kind_of_fall, steps_to_learn
from lawbook.quanta.rank_frequency import rank_slope
from lawbook.seeds import generator
from lawbook.studies.cost import run_cost
from lawbook.studies.identity import Run
from lawbook.training.kept_runs import latest

BEFORE, AFTER = 24, 6
"""Tokens that are shown before and after a token."""

FOLLOWED = 4000
"""Tokens, at most, whose losses are followed over the sizes."""

DRAWS = 300

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Judged:
    """What a run of another seed says of the chosen tokens: cosines (S, S), losses (S,), and steps to learn (S,)."""

    cosine: Floats
    loss: Floats
    learned: Floats
    last: int


def compute(block: TextQuantaBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables of tokens, sizes, scores and losses. Raises LawbookError as `choose_tokens` does."""
    weights, runs = inputs.weights, block.looked_into(inputs.plan.runs)
    (found,), (other,) = (block.selected(runs, seed) for seed in (block.seed, block.held_out))
    windows = windows_of(found.config)
    losses = {run.run_id: token_losses(run.config, latest(weights[run.run_id]), windows) for run in runs}
    rng = generator(block.seed, "quanta tokens")
    chosen = choose_tokens(block, losses[found.run_id], windows, rng)
    gradients = token_gradients(found.config, latest(weights[found.run_id]), windows, chosen)
    graph = affinity_graph(gradients, block.affinity)
    clusterings = cluster(graph, block.clusters, range(block.cluster_seeds))
    judged = _judge(other.config, weights[other.run_id], windows, chosen)

    words = _words(found.config, windows, chosen)
    clusters = clusterings[block.k, 0]
    control = _control(words, clusters)
    table = words.assign(
        loss=losses[found.run_id][chosen.window, chosen.position],
        loss_held_out=judged.loss,
        learned_step=judged.learned,
        cluster=clusters,
        control=control,
    )
    scores = [
        *_choice(chosen),
        *_over_k(words, clusterings),
        ("blind_k", "", None, float(blind_k(stability(clusterings))), None, None, None),
        ("eigengap_k", "", None, float(eigengap(graph, block.clusters)), None, None, None),
        *_slopes(block, clusterings),
        *_comparisons(words, judged, clusterings),
    ]
    columns = ["what", "part", "k", "estimate", "low", "high", "n"]
    return {
        "tokens": table.drop(columns=["target_id", "previous_id"]),
        "sizes": _sizes(clusterings),
        "scores": pd.DataFrame(scores, columns=columns),
        "losses": _over_sizes(runs, windows, losses, rng),
    }


def _judge(config: Config, by_step: Mapping[int, Weights], windows: Windows, chosen: Chosen) -> Judged:
    there = (chosen.window, chosen.position)
    steps = sorted(by_step)
    looked_at, row = np.unique(chosen.window, return_inverse=True)
    fewer = Windows(windows.places[looked_at], windows.inputs[looked_at], windows.targets[looked_at])
    losses = np.stack([token_losses(config, by_step[step], fewer)[row, chosen.position] for step in steps])
    gradients = token_gradients(config, by_step[steps[-1]], windows, chosen)
    assert losses.shape[1] == len(there[0])
    return Judged(cosines(gradients), losses[-1], steps_to_learn(losses, steps), steps[-1])


def _words(config: Config, windows: Windows, chosen: Chosen) -> pd.DataFrame:
    """Return each chosen token with the text around it, its file, and the ids of itself and of the one before."""
    task = text_task(config)
    rows = []
    for window, position in zip(chosen.window.tolist(), chosen.position.tolist(), strict=True):
        ids, targets = windows.inputs[window], windows.targets[window]
        place = int(windows.places[window])
        rows.append(
            {
                "window": place,
                "position": position,
                "file": task.file_of(config, place, position),
                "before": task.text(config, ids[max(0, position + 1 - BEFORE) : position + 1].tolist()),
                "target": task.text(config, [int(targets[position])]),
                "after": task.text(config, targets[position + 1 : position + 1 + AFTER].tolist()),
                "target_id": int(targets[position]),
                "previous_id": int(ids[position]),
            }
        )
    return pd.DataFrame(rows)


def _control(words: pd.DataFrame, clusters: Labels) -> Labels:
    sizes = np.bincount(clusters).tolist()
    return matched_control(words["target_id"].tolist(), words["previous_id"].tolist(), sizes)


Row = tuple[str, str, int | None, float | None, float | None, float | None, int | None]


def _choice(chosen: Chosen) -> list[Row]:
    return [
        ("tokens", "", None, float(chosen.n_tokens), None, None, None),
        ("tokens", "below_threshold", None, float(chosen.n_below), None, None, None),
        ("tokens", "candidates", None, float(chosen.n_candidates), None, None, None),
        ("tokens", "clustered", None, float(len(chosen.window)), None, None, None),
        ("loss_threshold", "", None, chosen.threshold, None, None, None),
    ]


def _over_k(words: pd.DataFrame, clusterings: Mapping[tuple[int, int], Labels]) -> list[Row]:
    """Return stability over seeds and k, and agreement with the target tokens, at every k."""
    targets = words["target_id"].to_numpy()
    rows: list[Row] = [
        ("stability", "seeds", k, v, None, None, None) for k, v in stability(clusterings).items()
    ]
    rows += [
        ("stability", f"to k = {after}", k, value, None, None, None)
        for (k, after), value in between_ks(clusterings, 0).items()
    ]
    for (k, seed), labels in clusterings.items():
        if seed == 0:
            found = agreement(labels, targets, draws=20)
            rows += [
                ("target", "purity", k, purity(labels, targets), None, None, None),
                ("target", "nmi", k, found.nmi, None, None, None),
                ("target", "ari", k, found.ari, None, None, None),
                ("target", "ari of permuted targets, largest", k, found.null, None, None, None),
            ]
    return rows


def _slopes(block: TextQuantaBlock, clusterings: Mapping[tuple[int, int], Labels]) -> list[Row]:
    """Return the slope of size over rank: of the envelope over k, and of the shown k alone."""
    of_all = [labels for (_, seed), labels in clusterings.items() if seed == 0]
    rows: list[Row] = []
    for part, group, k in (("envelope", of_all, None), ("one k", [clusterings[block.k, 0]], block.k)):
        last = max(3, min(len(np.unique(labels)) for labels in group))
        slope = rank_slope(group, first=1, last=last)
        rows.append(("rank_slope", part, k, slope.estimate, slope.low, slope.high, slope.last))
    return rows


def _comparisons(
    words: pd.DataFrame, judged: Judged, clusterings: Mapping[tuple[int, int], Labels]
) -> list[Row]:
    """Return, at every k, how clusters and their control do on the run of another seed.

    A token that is never learned there counts as learned one step of the grid later than the last.
    """
    log_steps = np.log(np.where(np.isnan(judged.learned), 2.0 * judged.last, judged.learned))
    units = words["file"].to_numpy()
    statistics = {
        "held_out_cosine": within_similarity(judged.cosine, units),
        "learning_time": share_explained(log_steps, units),
    }
    rows: list[Row] = [
        ("learned", "held_out", None, float(np.isfinite(judged.learned).mean()), None, None, len(units))
    ]
    for (k, seed), clusters in clusterings.items():
        if seed == 0:
            control = _control(words, clusters)
            for what, statistic in statistics.items():
                found = compare_paired(statistic, clusters, control, units, DRAWS)
                rows += [
                    (what, part, k, *values, found.n_units)
                    for part, values in (
                        ("clusters", found.clusters),
                        ("control", found.control),
                        ("difference", found.difference),
                    )
                ]
    return rows


def _sizes(clusterings: Mapping[tuple[int, int], Labels]) -> pd.DataFrame:
    rows = [
        (k, seed, rank + 1, size)
        for (k, seed), sizes in sizes_of(clusterings).items()
        for rank, size in enumerate(sizes.tolist())
    ]
    return pd.DataFrame(rows, columns=["k", "seed", "rank", "size"])


def _over_sizes(
    runs: Sequence[Run], windows: Windows, losses: Mapping[str, Floats], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the losses of some tokens under each run, and for each seed how they fall over the sizes."""
    n = windows.targets.size
    drawn = np.sort(rng.permutation(n)[:FOLLOWED])
    row, position = np.divmod(drawn, windows.targets.shape[1])
    runs = sorted(runs, key=lambda run: (run.config["seed"], _size(run)))
    config = runs[0].config
    task = text_task(config)
    text = pd.DataFrame(
        {
            "window": windows.places[row],
            "position": position,
            "before": [
                task.text(config, windows.inputs[w, max(0, p + 1 - BEFORE) : p + 1].tolist())
                for w, p in zip(row.tolist(), position.tolist(), strict=True)
            ],
            "target": [
                task.text(config, [int(windows.targets[w, p])]) for w, p in zip(row, position, strict=True)
            ],
        }
    )
    parts = []
    for seed in sorted({run.config["seed"] for run in runs}):
        of_seed = [run for run in runs if run.config["seed"] == seed]
        over_sizes = np.stack([losses[run.run_id][row, position] for run in of_seed], axis=1)
        kinds = np.array(KINDS)[kind_of_fall(over_sizes)] if len(of_seed) > 2 else [""] * len(row)
        parts += [
            text.assign(run_id=run.run_id, seed=seed, n_params=_size(run), loss=over_sizes[:, i], kind=kinds)
            for i, run in enumerate(of_seed)
        ]
    return pd.concat(parts, ignore_index=True)


def _size(run: Run) -> int:
    return run_cost(run.config).n_params
