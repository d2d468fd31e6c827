"""A quick look at the coverages of docs/coverage.md, and that they are those of `fit`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from lawbook.laws import fit
from lawbook.laws.profile import profile, profile_prediction

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def coverage() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_of_intervals", BENCHMARKS / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def designs() -> dict[str, Any]:
    return yaml.safe_load((BENCHMARKS / "coverage.yaml").read_text())


def test_there_is_a_cell_for_every_design(coverage: ModuleType, designs: dict[str, Any]) -> None:
    cells = coverage.all_cells(designs)
    assert len({cell.name for cell in cells}) == len(cells) == 144
    for cell in cells:
        true = coverage.truth(cell, designs)
        assert len(true.x) == cell.points
        assert len(np.unique(true.x, axis=0)) == cell.points
        assert np.exp(true.log_y.min()) == pytest.approx(1)
        assert true.parameters[0] == cell.floor
        parts = coverage.noise_parts(cell, true.x, 0.01)
        np.testing.assert_allclose(np.sum(parts**2, axis=0), 1e-4)


@pytest.mark.parametrize("name", ["power_floor", "chinchilla"])
def test_the_benchmark_takes_the_intervals_of_fit(
    name: str, coverage: ModuleType, designs: dict[str, Any]
) -> None:
    cell = coverage.Cell(name, 8, 5, "run", 0.3)
    true = coverage.truth(cell, designs)
    y = coverage.runs(cell, true, coverage.noise_parts(cell, true.x, 0.01), 3)
    seen, law, far = coverage.evidence(true, y), true.law, 4 * true.x.max(axis=0)[None]
    ends = {each: profile(seen, each, 0.9) for each in (law.exponent, law.floor)}
    ahead = profile_prediction(seen, far.repeat(3, axis=0), 0.9)
    for i in range(3):
        table = pd.DataFrame(np.tile(true.x, (5, 1)), columns=list(law.inputs))
        table = table.assign(seed=np.repeat(np.arange(5), 8), y=y[i].ravel())
        fitted = fit(table, law, y="y", x=law.inputs, draws=30, level=0.9)
        for each, found in ends.items():
            estimate = fitted.estimates[each]
            tolerance = 0.02 * (estimate.high - estimate.low)
            np.testing.assert_allclose(
                [estimate.low, estimate.high], [found.low[i], found.high[i]], atol=tolerance
            )
        band = np.log(fitted.predict(far)[["low", "high"]].to_numpy()[0])
        np.testing.assert_allclose(band, [ahead.low[i], ahead.high[i]], atol=0.02 * np.ptp(band))


def test_the_least_width_is_that_of_regression(coverage: ModuleType, designs: dict[str, Any]) -> None:
    # The slopes of log (E + A x^-α) by hand.
    cell = coverage.Cell("power_floor", 20, 5, "iid", 0.9)
    true = coverage.truth(cell, designs)
    parts = coverage.noise_parts(cell, true.x, 0.01)
    least, _ = coverage.cramer_rao(true, parts, 5, 4 * true.x.max(axis=0)[None])
    x, (floor, size, alpha) = true.x[:, 0], true.parameters
    decay = size * x**-alpha
    slope = np.stack([np.ones(20), x**-alpha, -np.log(x) * decay]) / (floor + decay)
    exact = np.sqrt(np.diag(np.linalg.inv(slope @ slope.T)) * 1e-4 / 5)
    np.testing.assert_allclose(least, exact, rtol=1e-4)


@pytest.mark.parametrize("name", ["power_floor", "exponential_floor", "chinchilla", "bnsl_1"])
@pytest.mark.parametrize("design", [(8, 3, "iid", 0.0), (8, 5, "run", 0.9), (20, 10, "run", 0.3)])
def test_intervals_cover(
    name: str, design: tuple[int, int, str, float], coverage: ModuleType, designs: dict[str, Any]
) -> None:
    sets = 300
    for row in coverage.measure(coverage.Cell(name, *design), designs, sets):
        # Three standard deviations of the count around the level.
        assert row["coverage"] == pytest.approx(0.9, abs=3 * np.sqrt(0.09 / sets)), row
        assert row["truth_below"] + row["truth_above"] == pytest.approx(1 - row["coverage"])


def test_cells_of_the_table_are_left_as_they_are(
    coverage: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, shown = tmp_path / "coverage.csv", tmp_path / "coverage.md"
    shown.write_text("# Coverage\n<!-- table -->\nold\n")
    ask = ["--cells", "power_floor/8/3/*/0.3", "--data-sets", "40", "--table", str(table)]
    coverage.main(ask)
    first = table.read_text()
    assert capsys.readouterr().out.count("power_floor/8/3/") == 2
    coverage.main([*ask, "--page", str(shown)])
    assert table.read_text() == first
    assert capsys.readouterr().out == ""
    page = shown.read_text()
    assert page.startswith("# Coverage\n<!-- table -->\n")
    assert "old" not in page
    assert "| power_floor | 8 | 3 | iid | 0.3 |" in page
