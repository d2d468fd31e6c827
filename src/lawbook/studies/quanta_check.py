"""What quanta discovery needs of the runs that are planned for it, told before any of them is trained."""

from __future__ import annotations

from collections.abc import Sequence

from lawbook.errors import suggest
from lawbook.models import SolvedModel
from lawbook.studies.quanta_block import KnownQuantaBlock, QuantaBlock
from lawbook.studies.runs import Run
from lawbook.studies.study import Study
from lawbook.tasks import StreamTask, TextTask


def check_quanta(study: Study, runs: Sequence[Run]) -> None:
    """Raise StudyError unless what a study says of quanta can be done with the runs that it plans."""
    content, task = study.content, study.task
    if content.quanta is not None:
        if not isinstance(task, TextTask):
            problem = f"the task {study.base['task']} has no words to cluster"
            raise study.error("quanta", None, problem, "delete the block, or write task: {name: corpus}")
        _check_runs(study, "quanta", content.quanta, runs)
        _check_two_seeds(study, content.quanta, runs)
    if content.known_quanta is not None:
        if not (isinstance(task, StreamTask) and task.knows_quanta):
            problem = f"the quanta of the task {study.base['task']} are not known"
            fix = "delete the block, or write task: {name: sparse_parity}"
            raise study.error("known_quanta", None, problem, fix)
        _check_runs(study, "known_quanta", content.known_quanta, runs)
        _check_one_run_a_seed(study, content.known_quanta, runs)


def _check_runs(study: Study, key: str, block: QuantaBlock | KnownQuantaBlock, runs: Sequence[Run]) -> None:
    """Raise StudyError unless the block's sweep is there, and its runs leave weights to look into."""
    if isinstance(study.model, SolvedModel):
        problem = f"the model {study.base['model']} is solved and leaves no gradients"
        raise study.error(key, None, problem, "delete the block, or choose another model")
    if block.sweep not in study.content.sweeps:
        fix = suggest(block.sweep, study.content.sweeps)
        raise study.error(f"{key}.sweep", block.sweep, "there is no such sweep", fix)
    if any(run.config["devices"] > 1 for run in of_sweep(block, runs)):
        problem = "runs of several devices leave no weights to look into"
        fix = f"write devices: 1, or delete the block {key}"
        raise study.error("training.devices", study.base["devices"], problem, fix)


def _check_one_run_a_seed(study: Study, block: KnownQuantaBlock, runs: Sequence[Run]) -> None:
    """Raise StudyError if networks differ in more than their seed, by which they are told apart."""
    configs = [run.config for run in of_sweep(block, runs)]
    differing = [axis for axis in configs[0] if len({str(config.get(axis)) for config in configs}) > 1]
    if set(differing) - {"seed"}:
        problem = f"its runs differ in {', '.join(differing)}, and networks are replicates that differ in their seed"
        raise study.error("known_quanta.sweep", block.sweep, problem, "sweep the seed alone")


def _check_two_seeds(study: Study, block: QuantaBlock, runs: Sequence[Run]) -> None:
    """Raise StudyError unless one run of each of the two seeds is planned."""
    for axis in block.where:
        if axis not in study.fields:
            raise study.error("quanta.where", axis, "there is no such axis", suggest(axis, study.fields))
    for key, seed in (("seed", block.seed), ("held_out", block.held_out)):
        found = selected(block, runs, seed)
        if len(found) != 1:
            problem = f"{len(found)} runs of the sweep have this seed and these axes, where one is needed"
            raise study.error(f"quanta.{key}", seed, problem, "change where, or the sweep's seeds")


def of_sweep(block: QuantaBlock | KnownQuantaBlock, runs: Sequence[Run]) -> list[Run]:
    """Return the runs whose weights are kept: those of the block's sweep."""
    return [run for run in runs if block.sweep in run.sweeps]


def selected(block: QuantaBlock, runs: Sequence[Run], seed: int) -> list[Run]:
    """Return the runs of the block's sweep with these axes and this seed."""
    wanted = {**block.where, "seed": seed}
    return [
        run
        for run in of_sweep(block, runs)
        if all(run.config[axis] == value for axis, value in wanted.items())
    ]
