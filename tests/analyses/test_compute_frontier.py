"""The compute-optimal frontier of a study: four methods on runs whose best sizes are known."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lawbook.analyses.compute_frontier.answer import answer
from lawbook.analyses.compute_frontier.block import TABLES, ComputeFrontierBlock
from lawbook.analyses.compute_frontier.compute import frontier_tables
from lawbook.analyses.compute_frontier.notices import notices
from lawbook.analyses.compute_frontier.quantities.frontier_exponent import frontier_exponent
from lawbook.analyses.compute_frontier.section import frontier_table
from lawbook.errors import LawbookError
from lawbook.laws.frontier.parametric import closed_form
from lawbook.report.figures import draw_figure
from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table
from lawbook.studies.figure_block import FigureBlock
from lawbook.theory.sgd_oracle import constant_rate_loss

PLANTED = np.array([1.8, 40.0, 60.0, 0.35, 0.37])
SIZES = np.geomspace(100, 40_000, 20).round()
BUDGETS = np.geomspace(1e7, 1e9, 7)
BATCH = 16


def planted_loss(size: Any, samples: Any) -> Any:
    floor, a, b, alpha, beta = PLANTED
    return floor + a / size**alpha + b / samples**beta


def cells(seeds: int = 3, noise: float = 1e-4) -> pd.DataFrame:
    """Return runs meant for budgets, of whole steps: sizes within a decade of the best one at each."""
    rng = np.random.default_rng(0)
    rows = []
    for budget in BUDGETS:
        best = np.exp(closed_form(PLANTED, np.log([budget / 6]))[0])
        for size in SIZES[np.abs(np.log10(SIZES / best)) < 1]:
            steps = max(1, round(budget / (6 * size * BATCH)))
            loss = planted_loss(size, steps * BATCH)
            rows += [
                (
                    f"{budget:g}-{size:g}-{seed}",
                    budget,
                    size,
                    steps,
                    seed,
                    loss * np.exp(noise * rng.standard_normal()),
                )
                for seed in range(seeds)
            ]
    table = pd.DataFrame(rows, columns=["run_id", "compute", "n_params", "steps", "seed", "test_loss"])
    flops = 6 * table["n_params"] * BATCH * table["steps"]
    return table.assign(flops=flops, batch_size=BATCH, sweeps="cells", status="ok", schedule="constant")


def sgd_runs(sizes: list[int], compute: float, n_evaluations: int = 19) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs of the task sgd_oracle and their curves, with the exact loss in place of the trained one."""
    runs, curves = [], []
    for modes in sizes:
        total = round(compute / (6 * modes * 64))
        steps = np.unique(np.geomspace(1, total, n_evaluations).round().astype(int))
        loss = constant_rate_loss(modes, 0.5, 64, steps)
        runs.append(
            {
                "run_id": f"modes{modes}", "sweeps": "sizes", "task": "sgd_oracle", "modes": modes, "n_params": modes,
                "batch_size": 64, "steps": total, "flops": 6.0 * modes * 64 * total, "input_exponent": 1.5,
                "target_exponent": 1.6, "noise_variance": 0.0, "schedule": "constant", "warmup": 0.0, "copies": 1,
                "learning_rate": 0.5, "optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "gradient_clip": np.nan,
                "seed": 0, "status": "ok", "test_loss": loss[-1],
            }
        )  # fmt: skip
        curves.append(
            pd.DataFrame(
                {
                    "run_id": f"modes{modes}", "step": steps, "samples_seen": 64 * steps, "split": "test",
                    "metric": "loss", "index": None, "value": loss,
                }
            )
        )  # fmt: skip
    return pd.DataFrame(runs), pd.concat(curves, ignore_index=True)


@pytest.fixture(scope="module")
def along() -> tuple[ComputeFrontierBlock, dict[str, pd.DataFrame]]:
    """Return a block that reads exact losses along runs, and its tables."""
    block = ComputeFrontierBlock(sweep="sizes", exact="sgd_oracle", budgets={"log10": [8e4, 3.2e6, 12]})
    runs, curves = sgd_runs([4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 51, 64, 80], 5e6)
    return block, frontier_tables(block, runs, curves, draws=50)


def test_every_method_finds_the_exact_exponent_but_the_additive_surface(along) -> None:
    _, tables = along
    found = tables["exponents"].query("quantity == 'size'").set_index("method")
    gap = (found["exponent"] - found["exact"]).abs()
    assert gap["akima"] < 0.005
    assert gap["envelope"] < 0.005
    assert gap["parabola"] < 0.01
    assert 1.05 < found.loc["parabola", "factor"] < 1.12
    assert found.loc["akima", "factor"] == pytest.approx(1, abs=0.01)
    assert found.loc["chinchilla", "status"] == "refused"
    assert "misspecified" in found.loc["chinchilla", "notes"]
    assert np.isnan(found.loc["chinchilla", "exponent"])
    # The losses are the exact ones, so that all of the difference is the method's own.
    np.testing.assert_allclose(found["on_exact_losses"], found["exponent"], rtol=1e-12)
    assert "parabola_bias" in found.loc["parabola", "notes"]


def test_of_a_table_it_says_what_each_column_is() -> None:
    block = ComputeFrontierBlock(
        y="loss", n="N", d="D", compute=None, at="last", where={"family": "a"}, cluster="seed"
    )
    assert block.columns_read() == {
        "loss": "metric",
        "N": "size",
        "D": "size",
        "family": "axis",
        "seed": "axis",
    }


def test_sizes_on_an_edge_are_named_and_in_no_exponent(along) -> None:
    _, tables = along
    optima = tables["optima"].query("method == 'envelope'")
    edge, inside = optima[optima["edge"].notna()], optima[optima["edge"].isna()]
    assert set(edge["edge"]) == {"smallest", "largest"}
    assert edge["size"].min() < inside["size"].min() < inside["size"].max() < edge["size"].max()
    assert edge[["size_low", "samples", "size_exact"]].isna().all(axis=None)
    row = tables["exponents"].query("method == 'envelope' and quantity == 'size'").iloc[0]
    assert (row["n_budgets"], row["n_edges"]) == (len(inside), len(edge))
    assert row["exponent"] == pytest.approx(
        np.polyfit(*np.log(inside[["compute", "size"]]).T.to_numpy(), 1)[0]
    )


def test_cells_meant_for_a_budget_are_read_at_it_by_all_methods() -> None:
    block = ComputeFrontierBlock(sweep="cells", at="last")
    tables = frontier_tables(block, cells(), draws=60)
    exponents = tables["exponents"].set_index(["method", "quantity"])
    alpha, beta = PLANTED[3:]
    for method in ("akima", "parabola", "envelope", "chinchilla"):
        size, samples = (exponents.loc[(method, q)] for q in ("size", "samples"))
        assert size["status"] == "ok"
        assert size["exponent"] == pytest.approx(beta / (alpha + beta), abs=0.02)
        assert samples["exponent"] == pytest.approx(alpha / (alpha + beta), abs=0.02)
        assert size["low"] < size["high"]
    akima = tables["optima"].query("method == 'akima'")
    np.testing.assert_allclose(akima["compute"], BUDGETS)
    np.testing.assert_allclose(akima["size"], np.exp(closed_form(PLANTED, np.log(BUDGETS / 6))), rtol=0.1)
    assert tables["profiles"].groupby("compute").size().min() >= 5
    assert "rounded_budgets" in exponents.loc[("akima", "size"), "notes"]


def test_a_budget_whose_best_size_was_not_swept_is_marked() -> None:
    runs = cells()
    best = np.exp(closed_form(PLANTED, np.log([BUDGETS[-1] / 6]))[0])
    runs = runs[(runs["compute"] < BUDGETS[-1]) | (runs["n_params"] < best / 1.5)]
    tables = frontier_tables(
        ComputeFrontierBlock(sweep="cells", at="last", methods=["akima"]), runs, draws=30
    )
    (edge,) = tables["optima"].dropna(subset="edge").itertuples()
    assert (edge.compute, edge.edge) == (pytest.approx(BUDGETS[-1]), "largest")
    assert tables["exponents"]["compute_high"].max() < BUDGETS[-1] * 0.9


def test_without_a_column_of_compute_it_is_six_n_d() -> None:
    runs = cells().assign(D=lambda t: t["steps"] * BATCH).drop(columns=["flops", "compute"])
    block = ComputeFrontierBlock(
        sweep="cells", at="last", d="D", compute=None, methods=["akima"], budgets=[2e7, 1e8, 5e8]
    )
    size = frontier_tables(block, runs, draws=30)["exponents"].iloc[0]
    assert size["exponent"] == pytest.approx(PLANTED[4] / PLANTED[3:].sum(), abs=0.02)


def test_what_makes_points_doubtful_is_noted_and_what_makes_none_is_an_error() -> None:
    runs, curves = sgd_runs([5, 8, 13, 20, 32], 5e5)
    block = ComputeFrontierBlock(sweep="sizes", methods=["akima"])
    notes = frontier_tables(block, runs.assign(schedule="cosine"), curves, draws=20)["exponents"]["notes"]
    assert notes.str.contains("decaying_schedule").all()
    late = runs.assign(status=["unconverged", *["ok"] * 4])
    assert (
        "1 runs had not converged"
        in frontier_tables(block, late, curves, draws=20)["exponents"]["notes"].iloc[0]
    )
    with pytest.raises(LawbookError, match="2 sizes"):
        frontier_tables(block, runs.head(2), curves)
    with pytest.raises(LawbookError, match="no column 'D'"):
        frontier_tables(block.model_copy(update={"d": "D"}), runs, curves)
    with pytest.raises(LawbookError, match="no function of size and samples"):
        frontier_tables(block, runs.assign(n_params=7, flops=runs["flops"] * runs["modes"]), curves)


@pytest.fixture
def results(along, tmp_path: Path) -> Results:
    """Return the results folder of a study with that analysis, by the name `exact`."""
    for name, columns in TABLES.items():
        write_table(
            conform(along[1][name], columns), tmp_path / "compute_frontier" / "exact" / f"{name}.parquet"
        )
    return Results(tmp_path)


def test_the_section_says_exponents_ranges_biases_and_refusals(along, results: Results) -> None:
    found = frontier_table("exact", along[0], results.analysis("compute_frontier", "exact"))
    rows = {row[0]: dict(zip(found.columns, row, strict=True)) for row in found.rows}
    assert list(rows) == [
        "isoFLOP by Akima",
        "isoFLOP by parabola",
        "envelope of curves",
        "surface of chinchilla",
    ]
    assert rows["isoFLOP by Akima"]["over C (FLOPs)"] == "80,000–3.20e6 (1.6 decades)"
    assert rows["surface of chinchilla"]["N* ~ C^"] == "refused"
    assert float(rows["isoFLOP by parabola"]["N* over exact"]) > 1.05
    assert any("misspecified" in note for note in found.notes)
    content = SimpleNamespace(
        analyses=SimpleNamespace(of={"compute_frontier": {"exact": along[0]}}.__getitem__)
    )
    (said,) = answer(content, results)
    assert re.fullmatch(
        r".* a = 0\.\d+ \[.*\] by isoFLOP by Akima, 0\.\d+ to 0\.\d+ by 3 methods, exactly 0\.\d+", said
    )
    kinds = {kind for kind, _ in notices(content, results)}
    assert {"fit_not_ok", "parabola_bias", "edge_optimum"} <= kinds


def test_the_figure_draws_profiles_sizes_and_what_parts_them_from_the_exact_ones(
    along, results: Results
) -> None:
    block = FigureBlock(kind="compute_frontier", of="exact")
    analyses = SimpleNamespace(of={"compute_frontier": {"exact": along[0]}}.__getitem__)
    content = SimpleNamespace(analyses=analyses, task=None, sweeps={}, laws={}, table=None)
    draw_figure(block, results.folder, content, results.folder / "figures")
    data = pd.read_csv(results.folder / "figures" / "compute_frontier_exact.csv")
    assert data.groupby("part").size().to_dict() == {
        "optimum": len(along[1]["optima"]), "profile": len(along[1]["profiles"]),
    }  # fmt: skip
    assert (results.folder / "figures" / "compute_frontier_exact.png").stat().st_size > 10_000


def test_a_claim_may_be_about_an_exponent_less_the_exact_one(results: Results) -> None:
    found = results.analysis("compute_frontier", "exact")
    table = found.table("exponents").set_index(["method", "quantity"])
    value, low, high, n = frontier_exponent(found, pd.DataFrame(), "akima")
    assert (value, n) == (table.loc[("akima", "size"), "exponent"], 14)
    assert low < value < high
    less, *_ = frontier_exponent(found, pd.DataFrame(), "akima", "samples", "exact")
    row = table.loc[("akima", "samples")]
    assert less == pytest.approx(row["exponent"] - row["exact"])
    assert np.isnan(frontier_exponent(found, pd.DataFrame(), "chinchilla")[0])
    with pytest.raises(LawbookError, match="did you mean 'akima'"):
        frontier_exponent(found, pd.DataFrame(), "akma")
