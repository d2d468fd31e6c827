"""What quanta discovery needs of the runs that are planned for it, told before any of them is trained."""

from __future__ import annotations

from collections.abc import Sequence

from lawbook.errors import suggest
from lawbook.models import SolvedModel
from lawbook.studies.quanta_block import QuantaBlock
from lawbook.studies.runs import Run
from lawbook.studies.study import Study
from lawbook.tasks import TextTask


def check_quanta(study: Study, block: QuantaBlock, runs: Sequence[Run]) -> None:
    """Raise StudyError unless a study learns a text by gradient steps, and plans one run of each of the two seeds."""
    if not isinstance(study.task, TextTask):
        problem = f"the task {study.base['task']} has no words to cluster"
        raise study.error("quanta", None, problem, "delete the block, or write task: {name: corpus}")
    if isinstance(study.model, SolvedModel):
        problem = f"the model {study.base['model']} is solved and leaves no gradients"
        raise study.error("quanta", None, problem, "delete the block, or choose another model")
    if block.sweep not in study.content.sweeps:
        fix = suggest(block.sweep, study.content.sweeps)
        raise study.error("quanta.sweep", block.sweep, "there is no such sweep", fix)
    if any(run.config["devices"] > 1 for run in of_sweep(block, runs)):
        problem = "runs of several devices leave no weights to look into"
        fix = "write devices: 1, or delete the block quanta"
        raise study.error("training.devices", study.base["devices"], problem, fix)
    for axis in block.where:
        if axis not in study.fields:
            raise study.error("quanta.where", axis, "there is no such axis", suggest(axis, study.fields))
    for key, seed in (("seed", block.seed), ("held_out", block.held_out)):
        found = selected(block, runs, seed)
        if len(found) != 1:
            problem = f"{len(found)} runs of the sweep have this seed and these axes, where one is needed"
            raise study.error(f"quanta.{key}", seed, problem, "change where, or the sweep's seeds")


def of_sweep(block: QuantaBlock, runs: Sequence[Run]) -> list[Run]:
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
