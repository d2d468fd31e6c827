"""Who may import whom, and what stays light."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from lawbook.workflow.code_digest import SOURCE, imports_of

MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in (SOURCE / "lawbook").rglob("*.py")
)
ROOMS = (
    "errors", "axes", "registry", "schedules", "seeds", "signals",
    "storage", "theory", "laws", "quanta", "tasks", "models", "measurements", "pruning",
    "training.losses", "training.optimizers", "training.parametrizations", "studies", "training",
    "scoring", "results", "fitting", "claims", "report", "analyses", "workflow", "bundle", "exports",
    "imports", "testing", "doctor", "cli",
)  # fmt: skip
"""From the bottom to the top: a room imports from those before it, and from itself.

What runs are trained by stands below the studies, which name it; the folder around it holds no code of its own.
"""


def _room(module: str) -> str:
    inside = module.partition(".")[2]
    if inside == "training":
        return ""
    first, second = (*inside.split("."), "")[:2]
    return f"{first}.{second}" if f"{first}.{second}" in ROOMS else first


def test_every_module_stands_in_a_room() -> None:
    outside = {name for name in MODULES if _room(name) not in (*ROOMS, "", "__main__")}

    assert outside == set()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_before_it(room: str) -> None:
    allowed = {"", *ROOMS[: ROOMS.index(room) + 1]}
    upward = {
        (module.removeprefix("lawbook."), _room(target))
        for module in MODULES
        if _room(module) == room
        for target in imports_of(module)
        if _room(target) not in allowed
    }

    assert upward == set()


def test_no_two_rooms_import_each_other() -> None:
    pairs = {(_room(module), _room(target)) for module in MODULES for target in imports_of(module)}

    assert {(a, b) for a, b in pairs if a != b and (b, a) in pairs and a and b} == set()


def test_no_module_imports_snakemake() -> None:
    using = [name for name in MODULES if "import snakemake" in _text(name) or "from snakemake" in _text(name)]

    assert using == []


@pytest.mark.parametrize(
    "imported",
    [
        "lawbook",
        "lawbook.studies",
        "lawbook.workflow.rule_inputs",
        "lawbook.laws",
        "lawbook.fitting.study",
        "lawbook.analyses.pruning_frontier.compute",
        "lawbook.analyses.text_quanta.block",
        "lawbook.analyses.known_quanta.block",
        "lawbook.results.collect",
        "lawbook.results.from_table",
        "lawbook.workflow.jobs",
    ],
)
def test_planning_and_fitting_load_neither_torch_nor_snakemake(imported: str) -> None:
    program = (
        f"import sys, {imported}\n"
        "heavy = {'torch', 'pytorch_lightning', 'snakemake', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_fit_is_drawn_without_what_studies_are_made_of() -> None:
    program = (
        "import sys, lawbook.cli.write_fit, lawbook.report.figures._fit\n"
        "heavy = {'pydantic', 'yaml', 'seaborn', 'matplotlib.pyplot', 'lawbook.studies'} & set(sys.modules)\n"
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


def test_what_a_check_of_a_study_reads_loads_no_torch() -> None:
    parts = re.compile(
        r"lawbook\.(analyses\.\w+\.(block|section|(figures|quantities)\.\w+)|report\.figures\.\w+)"
    )
    read = [name for name in MODULES if parts.fullmatch(name)]
    program = (
        "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\n"
        "    if 'torch' in sys.modules:\n        sys.exit(f'{name} loads torch')"
    )
    subprocess.run([sys.executable, "-c", program, *read], check=True)


def _text(module: str) -> str:
    stem = SOURCE.joinpath(*module.split("."))
    return (stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")).read_text()
