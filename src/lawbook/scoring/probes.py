"""Evidence: what is known of a pool before it is pruned, gathered from its examples and from its probes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.pruning.embedding import principal_components
from lawbook.pruning.metrics import Evidence, Floats, Need, Probed
from lawbook.pruning.pools import Indices, pool_of
from lawbook.studies.cost import engine, stack_size
from lawbook.studies.identity import Run
from lawbook.studies.probes import Pool
from lawbook.studies.shards import make_shards
from lawbook.tasks import PoolTask, tasks
from lawbook.training.solved import probe_outputs
from lawbook.training.stack import StackedRuns, train_stack

CHECKPOINTS = 20
"""Steps, evenly spaced, at which a probe that is followed is asked about its pool."""

_CHUNK = 256

Steps = Callable[[int], None]


@dataclass(frozen=True)
class Answer:
    """What one probe says of the examples it is asked about, and the seconds that it took.

    probabilities: (n, classes), or (T, n, classes) of a probe that is followed; features: (n, F), none of those.
    """

    probabilities: Floats
    features: Floats
    wall_s: float


def pool_task(config: Config) -> PoolTask:
    """Return the task of a pool. Raises TypeError if it has none."""
    task = tasks[config["task"]]
    if not isinstance(task, PoolTask):
        raise TypeError(f"the task {config['task']} has no pool to score")
    return task


def ask_probes(need: Need, probes: Sequence[Run], heartbeat: Steps | None = None) -> dict[str, Answer]:
    """Train probes of one kind in stacks and return what each says, by its identity.

    Early ones are asked about their pool, those that are followed at 20 evenly spaced steps, held-out ones about
    the half that they have not learned. What a probe says does not depend on the others, to the bit. heartbeat:
    called with the run-steps done.
    """
    answered: dict[str, Answer] = {}
    done = 0
    for shape in make_shards(probes, shard_flops=float("inf")).values():
        size = stack_size(shape[0].config)
        for start in range(0, len(shape), size):
            stack = shape[start : start + size]
            answered |= _ask(need, stack)
            done += sum(probe.config["steps"] for probe in stack)
            if heartbeat is not None:
                heartbeat(done)
    return answered


def _ask(need: Need, stack: Sequence[Run]) -> dict[str, Answer]:
    began = time.perf_counter()
    configs = [probe.config for probe in stack]
    asked = [_asked_about(config) for config in configs]
    if engine(configs[0]) == "solve":
        answers = [(one.probabilities[0], one.features[0]) for one in probe_outputs(configs, asked)]
    elif need == "trajectory":
        answers = [(answered, np.empty((0, 0))) for answered in _follow(configs, asked)]
    else:
        module = train_stack(configs)
        _check_trained(module)
        says, reads = _says(module, configs, asked), _reads(module, configs, asked)
        answers = list(zip(says, reads, strict=True))
    wall_s = (time.perf_counter() - began) / len(stack)
    return {probe.run_id: Answer(*answer, wall_s) for probe, answer in zip(stack, answers, strict=True)}


def _check_trained(module: StackedRuns) -> None:
    """Raise LawbookError if a probe has diverged: what it says of its pool would be a score all the same."""
    diverged = [step for step in module.diverged_step.tolist() if step >= 0]
    if diverged:
        raise LawbookError(
            f"{len(diverged)} of {len(module.diverged_step)} probes diverged, the first at step {min(diverged)}, and"
            " cannot score; probes train as `training` says: write a lower learning_rate there"
        )


def _asked_about(config: Config) -> Indices:
    """Return the indices of the examples that a probe is asked about."""
    pool, _ = pool_of(pool_task(config), config)
    return pool[_unseen(config)] if config["learns"].startswith("half") else pool


def _unseen(config: Config) -> slice:
    """Return the positions of the half of its pool that a held-out probe does not learn."""
    return slice(int(config["learns"] == "half 0"), None, 2)


def _follow(configs: Sequence[Config], asked: Sequence[Indices]) -> list[Floats]:
    """Return the probabilities (T, n, classes) that each probe of a stack gives while it is trained."""
    steps = configs[0]["steps"]
    wanted = np.linspace(0, steps, CHECKPOINTS + 1).round().astype(int)[1:].tolist()
    seen: list[list[Floats]] = []

    def look(_: int, module: StackedRuns) -> None:
        seen.append(_says(module, configs, asked))

    _check_trained(train_stack(configs, look=look, look_at=wanted))
    return [np.stack(answered) for answered in zip(*seen, strict=True)]


def _says(module: StackedRuns, configs: Sequence[Config], asked: Sequence[Indices]) -> list[Floats]:
    return _outputs(lambda inputs: module(inputs).softmax(-1), module, configs, asked)


def _reads(module: StackedRuns, configs: Sequence[Config], asked: Sequence[Indices]) -> list[Floats]:
    return _outputs(module.features, module, configs, asked)


def _outputs(
    function: Callable[[torch.Tensor], torch.Tensor],
    module: StackedRuns,
    configs: Sequence[Config],
    asked: Sequence[Indices],
) -> list[Floats]:
    """Return what a function of inputs (R, B, ...) gives for each run's own examples, (n, ...) each.

    Chunks have one size, so that neither the stack's other runs nor their numbers of examples change a bit, and
    the memory does not grow with the pool.
    """
    examples = pool_task(configs[0]).examples(configs[0]).inputs
    n_chunks = -(-max(map(len, asked)) // _CHUNK)
    padded = np.stack([np.resize(indices, n_chunks * _CHUNK) for indices in asked])
    parts = []
    with torch.no_grad():
        for columns in np.split(padded, n_chunks, axis=1):
            inputs = torch.from_numpy(examples[columns]).to(module.stacked)
            parts.append(function(inputs).cpu().numpy())
    whole = np.concatenate(parts, axis=1)
    return [row[: len(indices)].copy() for row, indices in zip(whole, asked, strict=True)]


def gather(pool: Pool, answered: Mapping[str, Answer], needs: frozenset[Need]) -> Evidence:
    """Return the evidence of a pool: what its probes have answered, and of its examples what else is needed."""
    task = pool_task(pool.config)
    members, labels = pool_of(task, pool.config)
    evidence = Evidence(labels[members], pool.config["seed"])
    if {"inputs", "embedding"} & needs:
        inputs = task.examples(pool.config).inputs[members]
        inputs = inputs.reshape(len(inputs), -1)
        embedding = principal_components(inputs) if "embedding" in needs else None
        evidence = replace(evidence, inputs=inputs, embedding=embedding)
    if "margins" in needs:
        margins = task.margins(pool.config)
        if margins is None:
            raise TypeError(f"the task {pool.config['task']} knows no margins")
        evidence = replace(evidence, margins=margins[members])
    return with_probes(evidence, pool, answered, lambda probes: probes)


def with_probes(
    evidence: Evidence,
    pool: Pool,
    answered: Mapping[str, Answer],
    choose: Callable[[Sequence[Run]], Sequence[Run]],
) -> Evidence:
    """Return the evidence with what some of a pool's probes say: those that `choose` leaves of each kind.

    Held-out probes are chosen within each half, so that every example keeps its judges.
    """
    asked = {
        need: probes for need, probes in pool.probes.items() if all(p.run_id in answered for p in probes)
    }
    if "early" in asked:
        chosen = [answered[probe.run_id] for probe in choose(asked["early"])]
        early = Probed(np.stack([s.probabilities for s in chosen]), np.stack([s.features for s in chosen]))
        evidence = replace(evidence, early=early)
    if "trajectory" in asked:
        followed = [answered[probe.run_id].probabilities for probe in choose(asked["trajectory"])]
        evidence = replace(evidence, trajectory=np.stack(followed))
    if "heldout" in asked:
        halves = [[p for p in asked["heldout"] if p.config["learns"] == f"half {h}"] for h in (0, 1)]
        judges = [choose(half) for half in halves]
        classes = answered[asked["heldout"][0].run_id].probabilities.shape[1]
        heldout = np.empty((len(judges[0]), len(evidence.labels), classes))
        for half in judges:
            for place, probe in enumerate(half):
                heldout[place, _unseen(probe.config)] = answered[probe.run_id].probabilities
        evidence = replace(evidence, heldout=cast(Floats, heldout))
    return evidence
