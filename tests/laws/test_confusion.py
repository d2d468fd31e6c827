"""A quick look at the confusion matrices of docs/confusion.md, and that they are those of `compare`."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from lawbook.laws import laws
from lawbook.laws.compare import compare_points, family
from lawbook.laws.solver import Loss

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FORMS = ("power", "power_floor", "exponential", "exponential_floor")


@pytest.fixture(scope="module")
def confusion() -> ModuleType:
    spec = importlib.util.spec_from_file_location("confusion", BENCHMARKS / "confusion.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["confusion"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("form", ["power_floor", "exponential"])
def test_the_benchmark_gives_the_verdicts_of_compare(form: str, confusion: ModuleType) -> None:
    cell = confusion.Cell(points=8, decades=1, noise=0.05, seeds=3, drop=2.5)
    sets = confusion.data_sets(confusion.curve(form, cell, 0.3), cell, 6, "agreement")
    whole = [
        compare_points(points, [laws[name] for name in FORMS], Loss(), draws=200).preferred for points in sets
    ]
    assert confusion.verdicts(sets) == [family(name) for name in whole]


def test_less_than_a_decade_is_decided_where_no_law_between_the_two_fits(confusion: ModuleType) -> None:
    cells = {
        noise: confusion.Cell(points=20, decades=0.5, noise=noise, seeds=10, drop=5) for noise in (0.002, 0.2)
    }
    found = {
        noise: confusion.run(cell, {"exponential": confusion.curve("exponential", cell, 0.3)}, 4)[
            "exponential"
        ]
        for noise, cell in cells.items()
    }
    assert found[0.002] == Counter(exponential=4)
    assert found[0.2] == Counter(undecided=4), "of a wrong law so much noise would show as little"


@pytest.mark.slow
@pytest.mark.parametrize("points", [6, 10, 20])
def test_few_verdicts_are_wrong_and_most_are_given(points: int, confusion: ModuleType) -> None:
    design = yaml.safe_load((BENCHMARKS / "confusion.yaml").read_text())
    for cell in confusion.cells(design, design["drops"][0]):
        if cell.points != points or cell.decades < 1 or cell.noise < 0.05:
            continue
        truths = {form: confusion.curve(form, cell, design["floor"]) for form in FORMS}
        for form, found in confusion.run(cell, truths, 60).items():
            wrong = found.total() - found[family(form)] - found["undecided"]
            # 60 data sets: four or more wrong ones have a chance of 3 % at a rate of 2 %, none at the real one.
            assert wrong < 4, (cell, form, found)
            if points >= 10:
                assert found[family(form)] >= 0.85 * found.total(), (cell, form, found)
