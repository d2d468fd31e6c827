"""What the axes of one run may not be together."""

from __future__ import annotations

from lawbook.axes import AxisError, Config
from lawbook.errors import suggest
from lawbook.models import SolvedModel, models
from lawbook.pruning.metrics import metrics
from lawbook.studies.axes import TrainingAxes
from lawbook.studies.identity import HYPERPARAMETERS, n_kept, reads_scores
from lawbook.tasks import PoolTask, Task, tasks
from lawbook.training.losses import loss_name, losses
from lawbook.training.optimizers import optimizers
from lawbook.training.parametrizations import tensor_scales


def check_config(config: Config) -> None:
    """Raise AxisError if the axes of one run are impossible together."""
    task, model = tasks[config["task"]], models[config["model"]]
    solved = isinstance(model, SolvedModel)
    if config["metric"] not in metrics:
        problem, fix = "there is no such pruning metric", suggest(config["metric"], metrics)
        raise AxisError("metric", config["metric"], problem, fix)
    if task.inputs not in model.reads:
        problem = f"it reads no {task.inputs}, the kind of inputs of the task {config['task']}"
        raise AxisError("model", config["model"], problem, _fitting_models(task))
    if solved and not isinstance(task, PoolTask):
        problem = "a solved model needs a pool of examples"
        raise AxisError("model", config["model"], problem, "choose a model that is trained step by step")
    if isinstance(model, SolvedModel) and model.targets != task.targets:
        problem = f"it takes {model.targets} targets, and those of {config['task']} are {task.targets}"
        raise AxisError("model", config["model"], problem, _fitting_models(task))
    task.check(config)
    model.shapes(config, task.n_inputs(config), task.n_outputs(config))
    if isinstance(task, PoolTask) and task.drawn and not solved:
        problem = f"the examples of {config['task']} are drawn anew for each seed, which no stack can share"
        raise AxisError("model", config["model"], problem, _fitting_models(task))
    if config["keep_fraction"] < 1 and not isinstance(task, PoolTask):
        problem = f"the task {config['task']} has no pool to prune"
        raise AxisError("keep_fraction", config["keep_fraction"], problem, "leave it at 1")
    if config["keep_fraction"] < 1 and task.targets != "classes":
        problem = f"the targets of {config['task']} are no classes, of which each would keep its share"
        raise AxisError(
            "keep_fraction", config["keep_fraction"], problem, "leave it at 1; write fewer samples"
        )
    if config["keep_fraction"] < 1 and isinstance(task, PoolTask):
        if solved and "trajectory" in metrics[config["metric"]].needs:
            problem = f"it follows a training, and the model {config['model']} is solved at once"
            raise AxisError("metric", config["metric"], problem, "choose el2n, grand or margin")
        if reads_scores(config):
            _check_scores(config, task)
        if config["keep_fraction"] + config["drop_hardest"] > 1 + 1e-9 and reads_scores(config):
            problem = f"with the keep fraction {config['keep_fraction']:g} some of these must be kept"
            raise AxisError("drop_hardest", config["drop_hardest"], problem, "drop or keep fewer")
    if config["converged_within"] is not None and config["steps"] < 2:
        raise AxisError(
            "converged_within", config["converged_within"], "one step has no half", "take more steps"
        )
    if isinstance(task, PoolTask) and n_kept(config) < 1:
        raise AxisError("keep_fraction", config["keep_fraction"], "no example would be kept", "keep more")
    if not solved:
        _check_training(config, task)
    if config["precision"] == "bf16-mixed" and config["dtype"] != "float32":
        problem = f"it keeps weights in float32, and dtype is {config['dtype']}"
        raise AxisError("precision", config["precision"], problem, "keep one of the two")
    if config["devices"] > 1 and config["batch_size"] % config["devices"]:
        problem = f"the batch_size {config['batch_size']} does not divide among them"
        raise AxisError("devices", config["devices"], problem, "make batch_size a multiple of devices")


def _fitting_models(task: Task) -> str:
    """Return which models learn a task, as a fix."""
    drawn = isinstance(task, PoolTask) and task.drawn
    fitting = [
        name
        for name, model in models.items()
        if task.inputs in model.reads
        and (
            model.targets == task.targets and isinstance(task, PoolTask)
            if isinstance(model, SolvedModel)
            else not drawn
        )
    ]
    return f"choose {' or '.join(fitting)}" if fitting else "choose another task"


def _check_training(config: Config, task: Task) -> None:
    """Raise AxisError if a trained run's loss, optimizer, parametrization and warm-up do not go together."""
    if config["first_evaluation"] > config["steps"]:
        problem = f"the run ends at step {config['steps']}"
        raise AxisError("first_evaluation", config["first_evaluation"], problem, "choose an earlier step")
    splits = config["evaluated_splits"]
    if splits != "all" and not isinstance(task, PoolTask):
        problem = f"the task {config['task']} has no pool that would be split"
        raise AxisError("evaluated_splits", splits, problem, "leave it at all")
    if splits == "test" and config["converged_within"] is not None:
        problem = "whether a run converged is told from its validation loss"
        raise AxisError("evaluated_splits", splits, problem, "write held_out, or delete converged_within")
    if task.targets not in losses[name := loss_name(config)].targets:
        problem = f"it takes no {task.targets} targets, which those of the task {config['task']} are"
        others = [other for other, loss in losses.items() if task.targets in loss.targets]
        raise AxisError("loss", name, problem, f"choose {' or '.join(others)}")
    for axis in sorted(HYPERPARAMETERS - optimizers[config["optimizer"]].hyperparameters):
        if config[axis] != _NEUTRAL_TRAINING[axis]:
            reading = [other for other, one in optimizers.items() if axis in one.hyperparameters]
            problem = f"{config['optimizer']} has none"
            raise AxisError(axis, config[axis], problem, f"write optimizer: {' or '.join(reading)}")
    if config["parametrization"] != "standard":
        tensor_scales(config)
    if config["batch_growth"] > 1:
        _check_growth(config, task)
    given = [axis for axis in ("warmup", "warmup_samples", "warmup_steps") if config[axis]]
    if len(given) > 1 and given != ["warmup_samples", "warmup_steps"]:  # the first of these sets the second
        raise AxisError(given[1], config[given[1]], f"{given[0]} is given, too", "keep one of the two")


_NEUTRAL_TRAINING = TrainingAxes.neutral()


def _check_growth(config: Config, task: Task) -> None:
    """Raise AxisError if the batches of a run cannot grow, or not where they are to."""
    growth, start = config["batch_growth"], config["growth_step"]
    if not isinstance(task, PoolTask):
        problem = f"the batches of {config['task']} come from a stream, and have one size"
        raise AxisError("batch_growth", growth, problem, "leave it at 1")
    if config["order"] == "fixed" and config["batch_size"] == n_kept(config):
        raise AxisError("batch_growth", growth, "each batch has all examples already", "leave it at 1")
    if config["devices"] > 1:
        problem = f"batches are divided among {config['devices']} devices"
        raise AxisError("batch_growth", growth, problem, "train on one device")
    if not 0 < start < config["steps"] or start % growth:
        problem = (
            f"batches grow by {growth} within {config['steps']} steps, after whole ones of the larger size"
        )
        fix = f"write a multiple of {growth} between 1 and {config['steps'] - 1}"
        raise AxisError("growth_step", start, problem, fix)


def _check_scores(config: Config, task: PoolTask) -> None:
    """Raise AxisError if the pool of a run cannot be scored by its metric."""
    if "margins" in metrics[config["metric"]].needs and not task.knows_margins:
        problem = f"the task {config['task']} knows no true margins"
        raise AxisError("metric", config["metric"], problem, "choose another, such as el2n")
    if config["samples"] < 2:
        raise AxisError("samples", config["samples"], "one example has nothing to be ranked by", "take more")
    if metrics[config["metric"]].needs_probes and config["probe_data"] == "heldout":
        available = task.n_pool(config)
        if available is not None and 2 * config["samples"] > available:
            problem = (
                f"only {available - config['samples']} examples lie outside a pool of {config['samples']}"
            )
            raise AxisError("probe_data", "heldout", problem, "write fewer samples, or probe_data: same")
