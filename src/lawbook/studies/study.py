"""Loading a study: from YAML to a checked `Study`, or one error that names file, field, value and fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from lawbook.axes import Axes, Config, no_truth_value
from lawbook.errors import LawbookError, StudyError, suggest
from lawbook.models import Model, SolvedModel, TrainedModel, models
from lawbook.studies.analysis import analyses
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.studies.block import NAME, Block
from lawbook.studies.presets import MARK, Overlaid, PresetError, overlay
from lawbook.studies.schema import TRAINED, Named, StudyFile, study_model
from lawbook.studies.sweeps import Grid
from lawbook.studies.yaml_file import read_yaml
from lawbook.tasks import Task, tasks

RULES = (
    "plan_study", "score_pools", "train_shard", "collect_runs", "import_table",
    "fit_laws", "draw_figure", "judge_claims", "write_report", "draw_thumbnail", "write_gallery",
)  # fmt: skip
TARGETS = ("all", "default_study", "figures", "gallery", "gallery_quick")


def is_reserved(name: str) -> bool:
    """Tell whether a rule or a target of the workflow has this name, which no study may take then."""
    return name in (*RULES, *TARGETS) or name in {f"analyse_{kind}" for kind in analyses}


NO_TRAINING = dict.fromkeys(TrainingAxes.model_fields) | {
    "steps": 1, "evaluations": 1, "dtype": "float64", "precision": "full", "device": "cpu", "devices": 1,
}  # fmt: skip
"""The training of a model that is solved, not trained."""

LEARNED: Mapping[str, Mapping[str, Task] | Mapping[str, Model]] = {"task": tasks, "model": models}
"""What a grid may set as a whole, {name: …, axes}, and where its names are looked up."""

STRICT_NUMBERS = ConfigDict(allow_inf_nan=False)


EARLIER_KEYS = {
    "frontiers": "pruning_frontier: {NAME: …}",
    "quanta": "text_quanta: {NAME: …}",
    "known_quanta": "known_quanta: {NAME: …}",
}
"""Keys of a study before analyses had one of their own, and what is written now."""


def _validator(field: FieldInfo) -> TypeAdapter[Any]:
    annotation: Any = Annotated[field.annotation, BeforeValidator(no_truth_value), *field.metadata]
    return TypeAdapter(annotation, config=STRICT_NUMBERS)


@dataclass(frozen=True)
class Study:
    """A checked study: the file's content, and the configuration that all its runs start from.

    `base` is empty where the runs are not trained but stand in a table. `written` tells where the file says what
    stands in a field of the content, which with a preset is not the same.
    """

    name: str
    file: Path
    content: StudyFile
    base: Config
    written: Callable[[str], str] = str

    @property
    def task(self) -> Task:
        """Return the task that is learned."""
        return tasks[self.base["task"]]

    @property
    def model(self) -> Model:
        """Return the model that learns."""
        return models[self.base["model"]]

    @property
    def axes(self) -> tuple[type[Axes], ...]:
        """Return the field groups of a run: task, model, training, pruning, seed."""
        return (self.task.axes, self.model.axes, TrainingAxes, PruningAxes, SeedAxes)

    @cached_property
    def fields(self) -> dict[str, TypeAdapter[Any]]:
        """Return the validator of each field that the runs have; a solved model has no training.

        Where grids set other tasks or models, theirs are among them.
        """
        groups = [a for a in self.axes if a is not TrainingAxes or not isinstance(self.model, SolvedModel)]
        own = {name: _validator(field) for axes in groups for name, field in axes.model_fields.items()}
        others = [study.fields for study in self.variants if study is not self]
        return {name: field for fields in (*others, own) for name, field in fields.items()} | {
            name: _validator(FieldInfo(annotation=str)) for name in LEARNED
        }

    @cached_property
    def variants(self) -> tuple[Study, ...]:
        """Return the study once for each grid that sets another task or model, and as it is."""
        others = [
            self.of_grid(f"sweeps.{name}", grid)
            for name, sweep in self.content.sweeps.items()
            for grid in sweep.grids
        ]
        return self, *(study for study in others if study is not self)

    def of_grid(self, where: str, grid: Grid) -> Study:
        """Return the study of a grid alone, with the task and the model that it sets.

        where: the grid's place in the file. Raises StudyError for a name or an axis that there is not.
        """
        given = {kind: grid.set[kind] for kind in LEARNED if kind in grid.set}
        if not given:
            return self
        named: dict[str, Named] = {}
        for kind, value in given.items():
            try:
                named[kind] = Named.model_validate(value)
            except ValidationError as invalid:
                raise _first_mistake(self.file, Named, (*where.split("."), "set", kind), invalid) from None
        content = self.content.model_copy(update={**named, "sweeps": {}})
        return Study(self.name, self.file, content, _base(self.file, content, f"{where}.set."))

    def error(self, field: str, value: object, problem: str, fix: str) -> StudyError:
        """Return the error that names this study's file."""
        return StudyError(self.file, self.written(field), value, problem, fix)


def find_study(name: str, folder: str | Path) -> Path:
    """Return the file of a study.

    Raises LawbookError with the nearest name if there is none, and for a file that is called NAME.yml.
    """
    known = study_names(folder)
    if (misnamed := Path(folder) / f"{name}.yml").exists():
        raise LawbookError(f"{misnamed}: the file of a study ends in .yaml; rename or delete it")
    if name not in known:
        raise LawbookError(f"there is no study {name!r} in {folder}; {suggest(name, known)}")
    return Path(folder) / f"{name}.yaml"


def study_names(folder: str | Path) -> list[str]:
    """List the studies of a folder by file name, without reading them; also NAME.yml, which `find_study` refuses.

    Raises LawbookError if there is no such folder, or no study in it.
    """
    if not Path(folder).is_dir():
        fix = "set `studies:` in config/config.yaml"
        raise LawbookError(f"studies = '{folder}': there is no such folder; {fix}")
    names = {path.stem for path in Path(folder).iterdir() if path.suffix in (".yaml", ".yml")}
    if not names:
        raise LawbookError(f"studies = '{folder}': there is no study in this folder; write one as NAME.yaml")
    return sorted(names)


def load_study(file: str | Path, preset: str | None = None) -> Study:
    """Read and check one study, with one of its presets laid over. Raises StudyError for the first mistake found."""
    file = Path(file)
    if not re.match(NAME, file.stem):
        fix = "rename the file: lower-case letters, digits and underscores, a letter first"
        raise StudyError(file, "", None, f"a study cannot be named {file.stem!r}", fix)
    if is_reserved(file.stem):
        raise StudyError(
            file, "", None, f"{file.stem!r} is the name of a rule of the workflow", "rename the file"
        )
    written = read_yaml(file)
    if not written:
        fix = "begin with title, question, task, model, sweeps"
        raise StudyError(file, "", None, "the file holds no keys", fix)
    overlaid = _overlaid(file, written, preset)
    try:
        study = _checked(file, overlaid.content)
    except StudyError as error:
        field = overlaid.written(error.field)
        raise StudyError(file, field, error.value, error.problem, error.fix) from None
    name = file.stem if preset is None else f"{file.stem}{MARK}{preset}"
    return replace(study, name=name, written=overlaid.written)


def names_at(studies: Sequence[str], preset: str | None, folder: str | Path) -> list[str]:
    """Return STUDY@PRESET for each study that has the preset, and STUDY for the others: they run as they are written.

    A name that has a preset already stays. Raises LawbookError for a preset that no study of the folder has, and, where
    there is a preset, for a study that is not there.
    """
    without = [study for study in studies if MARK not in study]
    if preset is None or not without:
        return list(studies)
    having = {study for study in without if preset in preset_names(find_study(study, folder))}
    if not having:
        others = (preset_names(Path(folder) / f"{other}.yaml") for other in study_names(folder))
        if preset not in (names := {name for found in others for name in found}):
            fix = suggest(preset, names) if names else "write one under the key presets of a study"
            raise LawbookError(f"preset = {preset!r}: no study in {folder} has such a preset; {fix}")
    return [f"{study}{MARK}{preset}" if study in having else study for study in studies]


def preset_names(file: Path) -> list[str]:
    """Return the names of a study's presets; none of a file that cannot be read, which says so when it is planned."""
    try:
        presets = read_yaml(file).get("presets")
    except StudyError:
        return []
    return [str(name) for name in presets] if isinstance(presets, dict) else []


def _overlaid(file: Path, written: dict[Any, Any], preset: str | None) -> Overlaid:
    """Return what a study says, with a preset if one is asked for; the names in all its presets are looked at."""
    names = written.get("presets")
    try:
        found = {name: overlay(written, name) for name in (names if isinstance(names, dict) else ())}
        if preset is not None:
            return found[preset] if preset in found else overlay(written, preset)
    except PresetError as error:
        raise StudyError(file, error.field, error.value, error.problem, error.fix) from None
    return Overlaid(written, {})


def _checked(file: Path, written: Mapping[Any, Any]) -> Study:
    """Return a study, named by its file, from what it says."""
    model = study_model(_kinds(file, written))
    try:
        content = model.model_validate(written)
    except ValidationError as invalid:
        raise _first_mistake(file, model, (), invalid) from None
    _check_origin(file, content)
    # What a study says at one size does not depend on the others.
    content = content.model_copy(update={"presets": {}})
    if content.task is None or content.model is None:
        return Study(file.stem, file, content, {})
    study = Study(file.stem, file, content, _base(file, content))
    trained = any(isinstance(variant.model, TrainedModel) for variant in study.variants)
    if content.training.model_fields_set and not trained:
        problem = f"the model {content.model.name} is solved exactly, without steps or rates"
        raise StudyError(file, "training", None, problem, "delete this block")
    return study


def _base(file: Path, content: StudyFile, where: str = "") -> Config:
    """Return the configuration that all runs of a study start from; `where` is told before a mistaken field."""
    assert content.task is not None
    assert content.model is not None
    base: dict[str, Any] = {"task": content.task.name, "model": content.model.name}
    for kind, named in (("task", content.task), ("model", content.model)):
        registry = LEARNED[kind]
        if named.name not in registry:
            fix = suggest(named.name, registry)
            raise StudyError(file, f"{where}{kind}.name", named.name, f"there is no such {kind}", fix)
        axes = registry[named.name].axes
        try:
            base |= axes.model_validate(named.settings).model_dump()
        except ValidationError as invalid:
            raise _first_mistake(file, axes, (*where.split(".")[:-1], kind), invalid) from None
    base |= content.training.model_dump() | content.pruning.model_dump() | SeedAxes.defaults()
    return base | NO_TRAINING if isinstance(models[content.model.name], SolvedModel) else base


def _kinds(file: Path, written: Mapping[str, Any]) -> list[str]:
    """Return the kinds of analysis that a study names. Raises StudyError for one that there is not."""
    named = written.get("analyses")
    kinds = [str(kind) for kind in named] if isinstance(named, dict) else []
    for kind in kinds:
        if kind not in analyses:
            raise StudyError(file, "analyses", kind, "there is no such analysis", suggest(kind, analyses))
    return kinds


def _check_origin(file: Path, content: StudyFile) -> None:
    """Raise StudyError unless a study either trains its runs or takes them from a table."""
    lacking = [key for key in TRAINED if not getattr(content, key)]
    if content.table is None:
        if len(lacking) == len(TRAINED):
            fix = "add task, model and sweeps, or table: {path: …}"
            raise StudyError(file, "", None, "the study has no runs: neither sweeps nor a table", fix)
        if lacking:
            raise StudyError(file, lacking[0], None, "this key is missing", "add it")
        return
    of_training = content.model_fields_set & {
        *TRAINED,
        "training",
        "pruning",
        "measure",
        "columns",
        "shard_flops",
    }
    if of_training:
        keys = ", ".join(sorted(of_training))
        problem = f"a study takes its runs from a table or trains them, and this one has {keys} beside it"
        raise StudyError(file, "table", content.table.path, problem, f"delete table, or {keys}")
    for kind, name, _ in content.analyses.each():
        if not analyses[kind].of_table:
            problem = "this analysis is of runs that the study trains, and it takes them from a table"
            fix = "delete the block, or train the runs"
            raise StudyError(file, f"analyses.{kind}.{name}", None, problem, fix)


def _first_mistake(
    file: Path, model: type[BaseModel], path: tuple[str, ...], invalid: ValidationError
) -> StudyError:
    """Turn pydantic's first complaint into one error that says how to mend it."""
    error = min(invalid.errors(), key=lambda item: item["type"] != "extra_forbidden")
    # A union's members and a validator's wrapping stand in the location without being keys of the file.
    location = [part for part in error["loc"] if part not in ("Grid", "Union", "str", "list[str]")]
    field = ".".join(str(part) for part in (*path, *location))
    if error["type"] == "extra_forbidden" and not path and location[0] in EARLIER_KEYS:
        fix = f"write analyses: {{{EARLIER_KEYS[location[0]]}}}, as in config/README.md"
        raise StudyError(file, location[0], None, "this key stands under analyses now", fix)
    if error["type"] == "extra_forbidden":
        return StudyError(file, field, error["input"], "there is no such key", _nearest_key(model, location))
    if error["type"] == "missing":
        return StudyError(file, field, None, "this key is missing", "add it")
    problem, fix = explain(error["type"], error["msg"], error.get("ctx", {}))
    return StudyError(file, field, error["input"], problem, fix)


def explain(kind: str, message: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is wrong with a value and how to mend it, in the words of one who writes YAML."""
    problem = message.removeprefix("Value error, ")
    if kind == "value_error":
        problem, _, fix = problem.partition("; ")
        return problem, fix
    limits = {"gt": "above", "ge": "of at least", "lt": "below", "le": "of at most"}
    bounds = " and ".join(f"{word} {context[key]}" for key, word in limits.items() if key in context)
    if bounds:
        return problem[0].lower() + problem[1:], f"write a number {bounds}"
    fixes = {
        "literal_error": f"write one of {context.get('expected')}",
        "string_pattern_mismatch": "use lower-case letters, digits and underscores, a letter first",
        "string_type": "write text, in quotes if it looks like a number",
        "string_too_short": "write some words",
        "list_type": "write a list: [one, another]",
        "too_short": "write at least one",
        "dict_type": "write keys with values: {key: value}",
        "model_type": "write keys with values: {key: value}",
    }
    if kind in ("dict_type", "model_type"):
        problem = "keys with values belong here"
    if kind.startswith(("int_", "float_")):
        fixes[kind] = "write a whole number" if kind.startswith("int_") else "write a number"
    return problem[0].lower() + problem[1:], fixes.get(kind, "see config/README.md for the values it takes")


def _nearest_key(model: type[BaseModel], location: list[Any]) -> str:
    """Suggest a key for a location that ends in an unknown one."""
    valid = set(_keys_at(model, location[:-1])) or set(model.model_fields)
    return suggest(location[-1], valid)


def _keys_at(model: type[BaseModel], location: Iterable[Any]) -> Iterable[str]:
    blocks: list[type[BaseModel]] = [model]
    for part in location:
        inner = [
            _blocks_in(block.model_fields[part].annotation) for block in blocks if part in block.model_fields
        ]
        blocks = [block for found in inner for block in found] or blocks
    return (key for block in blocks for key in block.model_fields)


def _blocks_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models inside an annotation such as dict[str, Grid | Union]."""
    if isinstance(annotation, type) and issubclass(annotation, Block | Axes):
        return [annotation]
    return [block for part in getattr(annotation, "__args__", ()) for block in _blocks_in(part)]
