"""The compute-optimal frontier: its parts, its units, its notes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike
from scipy import stats
from scipy.interpolate import Akima1DInterpolator

from lawbook.errors import LawbookError
from lawbook.laws import Note, Severity, fit
from lawbook.laws.frontier import exponent, frontier, noise_between
from lawbook.laws.frontier.akima import interpolate
from lawbook.laws.frontier.budgets import merged
from lawbook.laws.frontier.cost import compute_of, rule_of, samples_at
from lawbook.laws.frontier.isoflop import akima_minimum, parabola_minimum
from lawbook.laws.frontier.parametric import closed_form
from lawbook.storage.status import FitStatus

E, A, B, ALPHA, BETA = 1.8, 480.0, 2100.0, 0.35, 0.37
BUDGETS = np.geomspace(1e18, 1e22, 9)
PARAMETERS = np.array([E, A, B, ALPHA, BETA])


def loss(size: np.ndarray, samples: np.ndarray) -> np.ndarray:
    return np.asarray(E + A / size**ALPHA + B / samples**BETA)


def best_size(compute: ArrayLike) -> np.ndarray:
    return np.exp(closed_form(PARAMETERS, np.log(np.asarray(compute) / 6)))


def isoflop_table(per_decade: int = 8) -> pd.DataFrame:
    """Return runs at shared budgets, with the sizes within 1.5 decades of each one's optimum."""
    sizes = 10 ** (np.arange(5 * per_decade, 12 * per_decade) / per_decade)
    rows = [(c, n) for c in BUDGETS for n in sizes if abs(np.log10(n / best_size(c))) < 1.5]
    table = pd.DataFrame(rows, columns=["C", "N"])
    return table.assign(loss=loss(table["N"], table["C"] / 6 / table["N"]))


def grid_table(seeds: int = 1, noise: float = 0.0, rng: np.random.Generator | None = None) -> pd.DataFrame:
    sizes, samples = np.geomspace(1e7, 1e10, 16), np.geomspace(1e9, 1e12, 12)
    rows = [(n, d, s) for n in sizes for d in samples for s in range(seeds)]
    table = pd.DataFrame(rows, columns=["N", "D", "seed"])
    factor = 1.0 if rng is None else np.exp(noise * rng.standard_normal(len(table)))
    return table.assign(loss=loss(table["N"], table["D"]) * factor)


def test_exponent_without_weights_is_linear_regression() -> None:
    rng = np.random.default_rng(0)
    x = np.geomspace(1, 100, 8)
    y = 3 * x**0.5 * np.exp(0.1 * rng.standard_normal(8))
    found, oracle = exponent(x, y, level=0.9), stats.linregress(np.log(x), np.log(y))
    assert found.value == pytest.approx(oracle.slope, rel=1e-12)
    assert (found.high - found.low) / 2 == pytest.approx(stats.t.ppf(0.95, 6) * oracle.stderr, rel=1e-12)


def test_exponent_weights_are_like_repeated_points() -> None:
    x, y = np.array([1.0, 2, 4, 8]), np.array([1.0, 2.5, 3, 9])
    weighted = exponent(x, y, spread=[1, 1, 2**-0.5, 1])
    repeated = exponent([1, 2, 4, 4, 8], [1, 2.5, 3, 3, 9])
    assert weighted.value == pytest.approx(repeated.value, rel=1e-12)
    assert exponent(x, y, spread=[10, 10, 50**0.5, 10]).high == pytest.approx(weighted.high, rel=1e-12)


def test_exponent_of_too_few_points_has_no_interval() -> None:
    assert np.isnan(exponent([1, 2], [1, 2]).low)
    assert exponent([1, 2], [1, 2]).value == pytest.approx(1)
    assert np.isnan(exponent([1, 2], [1, np.nan]).value)
    with pytest.raises(LawbookError, match="y must be > 0"):
        exponent([1, 2], [1, -2])


def test_akima_minimum_is_that_of_an_ever_denser_grid() -> None:
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(0, 5, 9))
    y = (x - 2.0) ** 2 / 8 + 0.3 * rng.standard_normal((200, 9))
    place, height, inside = akima_minimum(x, y)
    grid = np.linspace(x[0], x[-1], 20001)
    dense = Akima1DInterpolator(x, y, axis=1)(grid)
    np.testing.assert_allclose(height, dense.min(axis=1), rtol=0, atol=1e-5)
    assert (height <= dense.min(axis=1) + 1e-12).all()
    np.testing.assert_allclose(place, grid[dense.argmin(axis=1)], atol=1e-3)
    assert (inside == ~np.isin(dense.argmin(axis=1), [0, 20000])).all()
    assert 0 < inside.sum() < 200


@pytest.mark.parametrize("k", [2, 3, 4, 9])
def test_interpolation_is_that_of_scipy(k: int) -> None:
    rng = np.random.default_rng(5)
    x = np.cumsum(rng.uniform(0.1, 1, k))
    y = rng.standard_normal((20, k))
    y[0] = 1 + 2 * x
    at = np.linspace(x[0], x[-1], 201)
    np.testing.assert_allclose(interpolate(x, y, at), Akima1DInterpolator(x, y, axis=1)(at), atol=1e-12)


def test_parabola_needs_a_lowest_point_inside() -> None:
    x = np.log([1.0, 2, 4, 8])
    place, _, inside = parabola_minimum(x, np.stack([(x - 1) ** 2, x, -((x - 1) ** 2)]))
    assert place[0] == pytest.approx(1)
    assert inside.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("method", "within"), [("akima", 0.005), ("parabola", 0.01), ("envelope", 0.005), ("parametric", 1e-6)]
)
def test_planted_additive_surface(method: str, within: float) -> None:
    source = grid_table()
    if method == "parametric":
        source = fit(source, "chinchilla", y="loss", x=("N", "D"), cluster=None, draws=50)
    budgets = None if method == "envelope" else np.geomspace(1e19, 1e21, 9)
    options = {} if method == "parametric" else {"samples": "D"}
    found = frontier(source, method=method, budgets=budgets, **options)
    assert found.status == "ok"
    assert found.exponents["size"].value == pytest.approx(BETA / (ALPHA + BETA), abs=within)
    assert found.exponents["samples"].value == pytest.approx(ALPHA / (ALPHA + BETA), abs=within)
    best = best_size(found.table["compute"])
    exact = loss(best, found.table["compute"] / 6 / best)
    np.testing.assert_allclose(found.table["loss"], exact, rtol=1e-3 if method == "parabola" else 1e-4)
    product = 6 * found.table["size"] * found.table["samples"]
    np.testing.assert_allclose(product, found.table["compute"], rtol=1e-12)
    ratio = found.table["samples"] / found.table["size"]
    np.testing.assert_allclose(found.table["samples_per_size"], ratio, rtol=1e-12)


@pytest.mark.parametrize("method", ["akima", "parabola", "envelope"])
def test_shared_budgets_give_the_same_as_interpolated_ones(method: str) -> None:
    table = isoflop_table()
    found = frontier(table, method=method, compute="C", cluster=None)
    assert found.exponents["size"].value == pytest.approx(BETA / (ALPHA + BETA), abs=0.005)
    if method == "akima":
        np.testing.assert_allclose(found.table["compute"], BUDGETS)


def test_parabola_states_its_bias() -> None:
    found = frontier(isoflop_table(), method="parabola", compute="C", cluster=None)
    assert [note.code for note in found.notes] == ["parabola_bias"]
    assert "off centre" not in found.notes[0].message
    table = isoflop_table()
    cut = table[table["N"] > 0.3 * best_size(table["C"])]
    off = frontier(cut, method="parabola", compute="C", cluster=None)
    assert "off centre" in off.notes[0].message


@pytest.mark.parametrize("method", ["akima", "parabola", "envelope", "parametric"])
def test_units_change_nothing(method: str) -> None:
    rng = np.random.default_rng(2)
    table = grid_table(seeds=3, noise=1e-3, rng=rng)
    options: dict[str, object] = {} if method == "parametric" else {"samples": "D", "draws": 40}
    budgets = None if method == "envelope" else np.geomspace(1e19, 1e21, 5)

    def found(n: float, d: float, y: float) -> pd.DataFrame:
        scaled = table.assign(N=n * table["N"], D=d * table["D"], loss=y * table["loss"])
        scaled = scaled.sample(frac=1, random_state=0) if n != 1 else scaled
        source = (
            fit(scaled, "chinchilla", y="loss", x=("N", "D"), draws=40) if method == "parametric" else scaled
        )
        at = None if budgets is None else budgets * n * d
        result = frontier(source, method=method, budgets=at, **options)
        units = {"compute": n * d, "size": n, "samples": d, "samples_per_size": d / n, "loss": y, "spread": 1}
        bare = result.table.copy()
        for column in bare.columns:
            bare[column] /= units[column.removesuffix("_low").removesuffix("_high")]
        bare["a"] = result.exponents["size"].value
        bare["a_low"] = result.exponents["size"].low
        return bare

    pd.testing.assert_frame_equal(found(1, 1, 1), found(1e-6, 1e3, 7.0), rtol=1e-8)


def test_optima_on_the_edge_are_left_out_and_named() -> None:
    table = isoflop_table()
    cut = table[(table["C"] != BUDGETS[2]) | (table["N"] > 2 * best_size(table["C"]))]
    found = frontier(cut, compute="C", cluster=None)
    assert len(found.table) == len(BUDGETS) - 1
    assert [note.code for note in found.notes] == ["edge_optimum"]
    assert f"{BUDGETS[2]:.3g}" in found.notes[0].message
    (edge,) = found.edges.itertuples(index=False)
    assert (edge.compute, edge.size, edge.edge) == (
        pytest.approx(BUDGETS[2]), pytest.approx(cut.loc[cut["C"] == BUDGETS[2], "N"].min()), "smallest",
    )  # fmt: skip


def test_an_envelope_names_the_sizes_on_its_edges() -> None:
    found = frontier(isoflop_table().query("1e8 < N < 3e9"), method="envelope", compute="C", cluster=None)
    assert found.edges["edge"].tolist() == ["smallest", "largest"]
    assert found.edges["size"].iloc[0] < found.table["size"].min()
    assert found.edges["size"].iloc[1] > found.table["size"].max()
    assert found.edges["compute"].iloc[0] < found.table["compute"].min()
    assert found.edges["compute"].iloc[1] > found.table["compute"].max()
    with pytest.raises(LawbookError, match="leave budgets out"):
        frontier(isoflop_table(), method="envelope", compute="C", cluster=None, budgets=[1e19])


def test_nothing_inside_the_sizes_is_refused() -> None:
    table = isoflop_table()
    cut = table[table["N"] > 2 * best_size(table["C"])]
    for method in ("akima", "parabola", "envelope"):
        found = frontier(cut, method=method, compute="C", cluster=None)
        assert found.status == "refused"
        assert "0 budgets have an optimum" in found.reason
        assert np.isnan(found.exponents["size"].value)
        assert found.table.empty


def test_rows_without_a_loss_and_budgets_with_few_sizes_are_named() -> None:
    table = isoflop_table()
    table.loc[5, "loss"] = np.nan
    few = table[~((table["C"] == BUDGETS[0]) & (table.index > 1))]
    few = pd.concat([few, table.loc[[5]]])
    found = frontier(few, compute="C", cluster=None)
    assert [note.code for note in found.notes] == ["missing_y", "few_sizes"]
    assert found.notes[0].details["rows"] == [5]
    table.loc[7, "C"] = np.inf
    table.loc[8, "C"] = np.nan
    assert frontier(table, compute="C", cluster=None).notes[-1].details["rows"] == [7, 8]


def test_budgets_that_differ_by_round_off_are_one() -> None:
    table = isoflop_table()
    rough = table.assign(C=table["C"] * (1 + 1e-8 * np.random.default_rng(6).uniform(-1, 1, len(table))))
    found, exact = (frontier(t, compute="C", cluster=None) for t in (rough, table))
    np.testing.assert_allclose(found.table["size"], exact.table["size"], rtol=1e-9)
    twice = pd.concat([table, table.assign(C=table["C"] * (1 + 1e-9))])
    again = frontier(twice, compute="C", cluster=None)
    np.testing.assert_allclose(again.table["size"], exact.table["size"], rtol=1e-9)


@pytest.mark.parametrize("method", ["akima", "parabola"])
def test_budgets_that_whole_steps_miss_are_one_and_may_be_named(method: str) -> None:
    table = isoflop_table()
    rng = np.random.default_rng(8)
    rough = table.assign(flops=table["C"] * (1 + 4e-4 * rng.uniform(-1, 1, len(table))))
    exact = frontier(table, method=method, compute="C", cluster=None)
    found = frontier(rough, method=method, compute="flops", cluster=None)
    asked = frontier(rough, method=method, compute="flops", cluster=None, budgets=table["C"].unique())
    for each in (found, asked):
        assert "grouped_budgets" in [note.code for note in each.notes]
        np.testing.assert_allclose(each.table["compute"], exact.table["compute"], rtol=1e-3)
        np.testing.assert_allclose(each.table["size"], exact.table["size"], rtol=0.02)
        assert each.exponents["size"].value == pytest.approx(exact.exponents["size"].value, abs=0.01)
    np.testing.assert_allclose(asked.table["size"], found.table["size"], rtol=1e-9)
    note = next(note for note in found.notes if note.code == "grouped_budgets")
    assert 0 < note.details["apart"] < note.details["tolerance"]


def test_a_budget_of_sizes_that_no_other_has_can_be_asked_for() -> None:
    rows = [
        (float(best_size([budget])[0]) * share, budget)
        for budget in (1e19, 1e20, 1e21)
        for share in np.geomspace(1 / 3, 3, 7)
    ]
    table = pd.DataFrame(rows, columns=["N", "C"])
    table["loss"] = loss(table["N"], table["C"] / 6 / table["N"])
    whole = frontier(table, compute="C", cluster=None)
    asked = frontier(table, compute="C", cluster=None, budgets=[1e19, 1e20, 1e21])
    pd.testing.assert_frame_equal(asked.table, whole.table, rtol=1e-12)
    one = frontier(table, compute="C", cluster=None, budgets=1e20)
    assert one.table["size"][0] == pytest.approx(whole.table["size"][1], rel=1e-12)


def test_compute_along_training_that_happens_to_be_near_stays_apart() -> None:
    rng = np.random.default_rng(9)
    size, step = np.meshgrid(np.geomspace(1e7, 1e9, 6), np.geomspace(100, 1e5, 40))
    size, step = size.ravel(), step.ravel().round()
    compute = 6 * size * step * 1e5
    kept, notes = merged(compute, size)
    assert notes == []
    np.testing.assert_array_equal(kept, compute)
    once = rng.permutation(len(size))
    np.testing.assert_array_equal(merged(compute[once], size[once])[0], compute[once])


def test_wrong_input_is_refused() -> None:
    table = isoflop_table()
    with pytest.raises(LawbookError, match="did you mean 'akima'"):
        frontier(table, method="akma", compute="C", cluster=None)
    with pytest.raises(LawbookError, match="no column 'N_total'"):
        frontier(table, size="N_total", compute="C", cluster=None)
    with pytest.raises(LawbookError, match="give one of compute"):
        frontier(table, cluster=None)
    with pytest.raises(LawbookError, match="a fit gives the parametric"):
        frontier(table, method="parametric", compute="C")
    with pytest.raises(LawbookError, match="budgets must be > 0"):
        frontier(table, compute="C", cluster=None, budgets=[0.0, 1.0])
    with pytest.raises(LawbookError, match="below an eighth"):
        frontier(table, compute="C", cluster=None, noise=1.0)
    with pytest.raises(LawbookError, match="give budgets="):
        frontier(grid_table().query("D < 2e9"), samples="D")
    with pytest.raises(LawbookError, match="'C' is not numeric"):
        frontier(table.assign(C="1e18 FLOPs"), compute="C", cluster=None)
    with pytest.raises(LawbookError, match="no column 'deviation'"):
        frontier(table, compute="C", cluster=None, noise=pd.DataFrame({"loss": [1.0], "sd": [0.1]}))
    with pytest.raises(LawbookError, match="flops = -6"):
        frontier(grid_table(), samples="D", flops=-6)


def test_budgets_may_be_one_number_and_must_be_finite() -> None:
    table = grid_table()
    fitted = fit(table, "chinchilla", y="loss", x=("N", "D"), cluster=None, draws=20)
    for one in (frontier(fitted, budgets=1e20), frontier(table, samples="D", budgets=1e20)):
        assert (one.status, len(one.table), one.notes[-1].code) == ("ok", 1, "one_budget")
        assert one.table["size"][0] == pytest.approx(best_size(1e20), rel=0.05)
        assert np.isnan(one.exponents["size"].value)
    repeated = frontier(table, samples="D", budgets=[1e20, 1e19, 1e20])
    np.testing.assert_allclose(repeated.table["compute"], [1e19, 1e20])
    for wrong in (np.inf, np.nan, [1e19, -1.0]):
        for source, options in ((fitted, {}), (table, {"samples": "D"})):
            with pytest.raises(LawbookError, match="budgets must be > 0 and finite; got"):
                frontier(source, budgets=wrong, **options)


def test_noise_is_drawn_from_the_seed_and_may_be_a_table() -> None:
    table = isoflop_table(per_decade=4)
    levels = pd.DataFrame({"loss": [2.0, 4.0], "deviation": [0.002, 0.02]})
    first, again = (frontier(table, compute="C", cluster=None, noise=levels, draws=100) for _ in range(2))
    pd.testing.assert_frame_equal(first.table, again.table)
    rule = noise_between([2.0, 4.0], [0.002, 0.02])
    same = frontier(table, compute="C", cluster=None, noise=rule, draws=100)
    pd.testing.assert_frame_equal(first.table, same.table)
    other = frontier(table, compute="C", cluster=None, noise=rule, draws=100, seed=1)
    assert not np.allclose(first.table["size"], other.table["size"], rtol=1e-6)
    assert (first.table["size_low"] < first.table["size"]).all()
    assert (first.table["size"] < first.table["size_high"]).all()


@pytest.mark.parametrize(
    ("method", "noise"),
    [("akima", 3e-3), ("parabola", 3e-3), pytest.param("envelope", 3e-3, marks=pytest.mark.slow)],
)
def test_intervals_over_seeds_cover(method: str, noise: float) -> None:
    rng = np.random.default_rng(3)
    truth, hits, widths = BETA / (ALPHA + BETA), [], []
    for _ in range(40):
        table = pd.concat([isoflop_table(4).assign(seed=s) for s in range(8)])
        table["loss"] *= np.exp(noise * rng.standard_normal(len(table)))
        found = frontier(table, method=method, compute="C", draws=200, level=0.9).exponents["size"]
        assert found.method == "cluster_percentile"
        hits.append(found.low <= truth <= found.high)
        widths.append(found.high - found.low)
    assert np.mean(hits) >= 0.8
    assert np.median(widths) < 0.1


def test_counting_rules_may_be_functions() -> None:
    def attention(size: np.ndarray) -> np.ndarray:
        return np.asarray(6 * size + 300 * size**0.5)

    size = np.geomspace(1e3, 1e6, 5)
    samples = samples_at(np.array(1e12), size, attention)
    np.testing.assert_allclose(attention(size) * samples, 1e12, rtol=1e-12)
    np.testing.assert_allclose(compute_of(size, samples, attention), 1e12, rtol=1e-12)

    same = frontier(grid_table(), samples="D", budgets=[1e19, 1e20, 1e21], flops=lambda n: 6 * n)
    plain = frontier(grid_table(), samples="D", budgets=[1e19, 1e20, 1e21])
    pd.testing.assert_frame_equal(same.table, plain.table, rtol=1e-9)


def test_the_counting_rule_of_runs_is_read_from_what_they_cost() -> None:
    table = grid_table()
    n, d = table["N"].to_numpy(), table["D"].to_numpy()
    assert rule_of(n, d, 8 * n * d) == pytest.approx(8)
    dearer = 6 * n + 1e5 * n**0.5
    rule = rule_of(n, d, dearer * d)
    np.testing.assert_allclose(rule(n), dearer, rtol=1e-12)
    slope = np.log(rule(n.max() * 2) / rule(n.max())) / np.log(2)
    assert 0.5 < slope < 1
    rounded = d * np.random.default_rng(0).uniform(0.98, 1.02, len(d))
    np.testing.assert_allclose(rule_of(n, d, dearer * rounded)(n), dearer, rtol=0.02)
    with pytest.raises(LawbookError, match="no function of size and samples"):
        rule_of(n, d, dearer * d**0.9)


def test_losses_are_carried_to_the_budget_that_whole_steps_miss() -> None:
    table = isoflop_table().rename(columns={"C": "budget"})
    batch = (table["budget"] / 6 / table["N"]).min() / 7.4
    steps = np.round(table["budget"] / (6 * table["N"] * batch))
    table["spent"] = 6 * table["N"] * batch * steps
    table["loss"] = loss(table["N"], table["spent"] / 6 / table["N"])
    assert 0.01 < np.abs(table["spent"] / table["budget"] - 1).max() < 0.2
    found = frontier(table, compute="budget", spent="spent", cluster=None)
    clean = frontier(isoflop_table(), compute="C", cluster=None)
    np.testing.assert_allclose(found.table["size"], clean.table["size"], rtol=5e-3)
    taken_for_budget = frontier(table, compute="budget", cluster=None).table["size"]
    missed = [np.abs(np.log(t / clean.table["size"])).max() for t in (taken_for_budget, found.table["size"])]
    assert missed[0] > 5 * missed[1]
    assert [note.code for note in found.notes] == ["rounded_budgets"]
    with pytest.raises(LawbookError, match="spent the same on two budgets"):
        frontier(table.assign(spent=table["spent"].max()), compute="budget", spent="spent", cluster=None)


def test_parametric_minimises_the_law_it_is_given() -> None:
    tied = grid_table()
    tied["loss"] = E + A / tied["N"] ** ALPHA + B / tied["D"] ** ALPHA
    fitted = fit(tied, "over_training", y="loss", x=("N", "D"), cluster=None, draws=20)
    found = frontier(fitted, budgets=BUDGETS)
    exact = np.exp(closed_form(np.array([E, A, B, ALPHA, ALPHA]), np.log(BUDGETS / 6)))
    np.testing.assert_allclose(found.table["size"], exact, rtol=1e-7)
    assert found.exponents["size"].value == pytest.approx(0.5, abs=1e-8)

    def dearer(size: np.ndarray) -> np.ndarray:
        return np.asarray(6 * size**1.2)

    other = frontier(fitted, budgets=[1e22], flops=dearer)
    assert [note.code for note in other.notes] == ["one_budget"]
    other = frontier(fitted, budgets=[1e22, 1e23], flops=dearer)
    sizes = other.table["size"].to_numpy() * np.exp(np.linspace(-1, 1, 2001))[:, None]
    along = fitted.predict(
        np.stack([sizes[:, 0], samples_at(np.array(1e22), sizes[:, 0], dearer)], axis=1), interval=None
    )
    assert int(along["estimate"].argmin()) == 1000


def test_parametric_band_covers_the_truth_and_extrapolation_is_said() -> None:
    table = grid_table(seeds=10, noise=2e-3, rng=np.random.default_rng(4))
    fitted = fit(table, "chinchilla", y="loss", x=("N", "D"), draws=300)
    found = frontier(fitted, budgets=[1e20, 1e26])
    exact = best_size([1e20, 1e26])
    assert (found.table["size_low"] < exact).all()
    assert (exact < found.table["size_high"]).all()
    width = np.log(found.table["size_high"] / found.table["size_low"])
    assert 0 < width[0] < width[1] < 1
    assert [note.code for note in found.notes] == ["extrapolated"]
    assert "1e+26" in found.notes[0].message
    default = frontier(fitted)
    assert default.notes == ()
    assert len(default.table) == 13


def test_parametric_says_where_draws_have_no_optimum() -> None:
    fitted = fit(grid_table(), "chinchilla", y="loss", x=("N", "D"), cluster=None, draws=20)
    draws = fitted.draws.copy()
    draws[:8, 2] = 0.0
    some = frontier(replace(fitted, draws=draws))
    assert some.status == "ok"
    assert [note.code for note in some.notes] == ["draws_without_optimum"]
    draws[:12, 2] = 0.0
    most = frontier(replace(fitted, draws=draws))
    assert most.status == "refused"
    assert "no_optimum" in most.reason


def test_parametric_follows_its_fit_in_doubt_and_refusal() -> None:
    fitted = fit(grid_table(), "chinchilla", y="loss", x=("N", "D"), cluster=None, draws=20)
    assert frontier(fitted).status == "ok"
    free = Note("ill_conditioned", Severity.REFUSAL, "condition number 1e+12")
    lost = frontier(replace(fitted, status=FitStatus.NOT_IDENTIFIED, notes=(free,)))
    assert lost.status == "refused"
    assert "condition number" in lost.reason
    assert lost.table.empty
    endless = dict(fitted.estimates, B=replace(fitted.estimates["B"], value=0.0))
    runaway = frontier(replace(fitted, estimates=endless))
    assert runaway.status == "refused"
    assert "no_optimum" in runaway.reason
    missed = Note("systematic_residuals", Severity.WARNING, "misses by 1 %")
    assert frontier(replace(fitted, notes=(missed,))).notes == (missed,)
    single = fit(grid_table().query("D > 5e11"), "power_floor", y="loss", x="N", cluster=None, draws=20)
    with pytest.raises(LawbookError, match="needs a law of N and D"):
        frontier(single)
