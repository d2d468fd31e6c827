"""The arrows of the house: who may import whom, and what stays light."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lawbook.digest import SOURCE, imports_of

MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in (SOURCE / "lawbook").rglob("*.py")
)
# Rooms from the bottom to the top; a room imports from those below it, and from itself.
MAY_IMPORT = {
    "laws": {"errors", "registry", "seeds", "axes"},
    "theory": {"errors", "registry", "seeds", "axes", "schedules"},
    "studies": {"errors", "axes", "tasks", "models", "files", "tables", "seeds", "laws", "pruning"},
    "batches": {"seeds"},
    "tasks": {"errors", "registry", "seeds", "axes", "theory", "files", "batches"},
    "models": {"errors", "registry", "seeds", "axes"},
    "pruning": {
        "errors", "registry", "seeds", "axes", "tasks", "models", "studies", "training", "tables", "stopping",
    },
    "stopping": {"errors"},
    "training": {
        "errors", "registry", "seeds", "axes", "schedules", "tasks", "models", "studies", "pruning", "files", "tables",
        "stopping", "batches",
    },
    "quanta": {"errors", "seeds"},
    "discovery": {
        "axes", "errors", "seeds", "tasks", "models", "studies", "training", "tables", "quanta",
    },
    "evaluations": {"errors", "laws"},
    "fitting": {"errors", "seeds", "laws", "tables", "evaluations"},
    "frontiers": {"errors", "laws", "tables"},
    "collect": {"errors", "studies", "tasks", "tables", "evaluations"},
    "answer": {"errors", "laws", "files", "tables", "report"},
    "extras": set(),
    "errors": {"extras"},
    "endings": {"errors"},
    "fit_command": {"errors", "answer"},
    "doctor": {"errors", "extras", "models", "workflow"},
    "doctor_command": {"errors", "doctor"},
    "new_command": {"studies", "workflow"},
    "take": {"errors", "studies", "laws"},
    "report": {
        "errors", "registry", "seeds", "axes", "laws", "theory", "studies", "tasks", "models", "tables", "files",
        "fitting", "frontiers", "pruning", "provenance", "evaluations", "quanta",
    },
    "bundle": {
        "errors", "files", "fitting", "frontiers", "provenance", "report", "stages", "studies", "tables",
    },
    "bundle_command": {"errors", "bundle", "workflow"},
    "provenance": {"errors"},
    "tables": {"errors", "files", "provenance", "seal"},
    "seal": set(),
    "places": {"errors"},
    "makings": {"errors", "provenance", "seal", "stages", "studies"},
    "recovery": {"errors", "files", "makings", "stages", "studies"},
    "stages": {"errors", "digest", "laws", "studies"},
}  # fmt: skip


def _room(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_dependencies_point_down(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room, ""}
    upward = {
        f"{module} imports {target}"
        for module in MODULES
        if _room(module) == room
        for target in imports_of(module)
        if _room(target) not in allowed
    }

    assert upward == set()


def test_no_module_imports_snakemake() -> None:
    using = [name for name in MODULES if "import snakemake" in _text(name) or "from snakemake" in _text(name)]

    assert using == []


@pytest.mark.parametrize(
    "imported",
    [
        "lawbook",
        "lawbook.studies",
        "lawbook.workflow",
        "lawbook.laws",
        "lawbook.fitting",
        "lawbook.frontiers",
        "lawbook.collect",
        "lawbook.take",
        "lawbook.jobs",
    ],
)
def test_planning_and_fitting_load_neither_torch_nor_snakemake(imported: str) -> None:
    program = (
        f"import sys, {imported}\n"
        "heavy = {'torch', 'pytorch_lightning', 'snakemake', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_planning_a_study_loads_no_torch() -> None:
    program = (
        "import sys\nfrom lawbook.studies import plan_study\n"
        f"plan_study('smoke', {str(SOURCE.parent / 'config/studies')!r}).table()\n"
        "sys.exit('torch was loaded' if 'torch' in sys.modules else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def _text(module: str) -> str:
    stem = SOURCE.joinpath(*module.split("."))
    return (stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")).read_text()
