"""How `lawbook gallery` has the gallery made: one Snakemake, with the jobs of all its studies warm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lawbook.studies import Plan, study_names
from lawbook.studies.study import is_reserved
from lawbook.tasks import tasks
from lawbook.workflow.apart import APART
from lawbook.workflow.check import checked_plan, collect_garbage_rarely
from lawbook.workflow.freshness import CARRIERS, Expected, is_damaged, what_has_changed
from lawbook.workflow.quick import QuickStudies, quick_studies
from lawbook.workflow.runner import run_target
from lawbook.workflow.settings import Settings
from lawbook.workflow.shown import REPORT, absent, having, shown
from lawbook.workflow.stages import training_code
from lawbook.workflow.unchanged import Unchanged

PAGE = "index.html"


def all_studies(settings: Settings) -> list[str]:
    """Return the names of the studies of a folder that a target can have."""
    return [name for name in study_names(settings.studies) if not is_reserved(name)]


def quick_of(settings: Settings) -> QuickStudies:
    """Return which studies are quick. Raises StudyError for the first that cannot be planned."""
    collect_garbage_rarely()
    return quick_studies(
        all_studies(settings), settings.studies, lambda name: checked_plan(name, settings.studies)
    )


def shown_in(settings: Settings) -> list[str]:
    """Return the studies and presets that the gallery shows."""
    return shown(having(REPORT, all_studies(settings), settings.results, settings.preset))


def made_from(settings: Settings, names: Sequence[str]) -> dict[str, str]:
    """Return the digests of what the studies of a gallery say, and which of the others have not been run."""
    # Only who writes documents waits for what draws them.
    from lawbook.report.gallery.documents import NOT_RUN, digest_now

    digests = {name: digest_now(name, settings.studies) for name in names}
    return digests | dict.fromkeys(absent(all_studies(settings), names), NOT_RUN)


def build_gallery(
    settings: Settings,
    cores: str,
    quick: bool = False,
    extra: Sequence[str] = (),
    tell: Callable[[str], None] = print,
) -> bool:
    """Bring the gallery up to date, and with `quick` first the quick studies; False if nothing was to be done.

    Without it nothing is trained. Which studies are left out, and why, is told. Raises StudyError for the first that
    cannot be planned, and what `run_target` does.
    """
    target = "gallery_quick" if quick else "gallery"
    unchanged = Unchanged(target, settings)
    if not extra and (told := unchanged.told()) is not None:
        for line in told:
            tell(line)
        return False
    found = quick_of(settings) if quick else QuickStudies({}, {})
    told = [f"Left out: {name}: {reason}" for name, reason in found.left_out.items()]
    for line in told:
        tell(line)
    finished = having(REPORT, all_studies(settings), settings.results, settings.preset)
    in_gallery = {
        name: found.plans.get(name) or checked_plan(name, settings.studies) for name in shown(finished)
    }
    stale = [
        str(file)
        for name, plan in in_gallery.items()
        for file in outdated_thumbnails(plan, Path(settings.results) / name)
    ]
    new = run_target(["--", target], target, [*found.plans.values()], settings, cores, extra, stale)
    if not extra and not any(
        _reads_elsewhere(plan, settings) for plan in (in_gallery | dict(found.plans)).values()
    ):
        unchanged.keep(told)
    return new


def _reads_elsewhere(plan: Plan, settings: Settings) -> bool:
    """Tell whether a plan depends on files that do not lie with the studies: a table, or texts."""
    folder = Path(settings.studies).resolve()
    if plan.source is not None:
        return not plan.source.file.resolve().is_relative_to(folder)
    return any(tasks[run.config["task"]].outside(run.config) for run in plan.runs)


def outdated_thumbnails(plan: Plan, results: Path) -> Iterator[Path]:
    """Yield the thumbnails that are damaged, or were made by other code or of another version of a study."""
    training = training_code(plan)
    for stage in APART.values():
        for part, files in stage.files(plan):
            expected = Expected(stage.name, stage.configuration(plan, part), stage.code(plan, part))
            for file in (results / name for name in files if name.endswith(CARRIERS)):
                if file.exists() and (is_damaged(file) or what_has_changed(plan, file, expected, training)):
                    yield file
