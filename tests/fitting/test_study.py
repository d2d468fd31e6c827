"""From the laws that a study asks for to the tables of fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.fitting.sensitivity import sensitivity
from lawbook.fitting.study import fit_study
from lawbook.laws import Law, laws
from lawbook.laws.formulas import FormulaError
from lawbook.laws.note import notes_from_json, reason_of
from lawbook.results.evaluations import choose
from lawbook.results.selection import select
from lawbook.storage.columns import COLUMNS
from lawbook.storage.tables import read_table, write_table
from lawbook.studies.law_block import LawBlock


@dataclass
class Block:
    """The attributes of a study's law block."""

    y: str = "test_loss"
    x: str | Sequence[str] = "samples"
    sweep: str | None = "data_size"
    compare: Sequence[str] = ("power", "exponential")
    by: Sequence[str] = ()
    cluster: Sequence[str] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    range: tuple[float, float] | None = None
    choose: str | None = None
    at: str = "last"
    first_step: int = 1
    loss: str = "log_least_squares"
    delta: float | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.x,) if isinstance(self.x, str) else tuple(self.x)

    def form(self, name: str) -> Law:
        return laws[name]


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    """Runs over samples × width × learning_rate × seed; the best rate is 1e-2, the second of three."""
    rng = np.random.default_rng(0)
    rows = []
    for seed in range(10):
        level = 0.03 * rng.standard_normal()
        for width, exponent in ((16, 0.3), (64, 0.5)):
            for samples in 2 ** np.arange(5, 12):
                for rate, cost in ((1e-3, 0.3), (1e-2, 0.0), (1e-1, 0.2)):
                    loss = 3 * samples**-exponent * np.exp(cost + level + 0.02 * rng.standard_normal())
                    wrong = rng.binomial(360, min(1.0, 0.5 * loss))
                    rows.append(
                        {
                            "run_id": f"{seed}-{width}-{samples}-{rate:g}",
                            "sweeps": "data_size,all" if rate == 1e-2 else "all",
                            "seed": seed,
                            "width": width,
                            "samples": samples,
                            "learning_rate": rate,
                            "test_loss": loss,
                            "validation_loss": loss * np.exp(0.01 * rng.standard_normal()),
                            "test_error": wrong / 360,
                            "validation_error": wrong / 360,
                            "n_eval": 360,
                            "status": "ok",
                            "reason": None,
                        }
                    )
    return pd.DataFrame(rows)


def test_the_tables_are_whole(runs: pd.DataFrame, tmp_path: Path) -> None:
    laws = {"loss": Block(by=["width"]), "error": Block(y="test_error", where={"width": 64})}
    seen: list[str] = []
    tables = fit_study(laws, runs, seen.append, draws=100)
    assert seen == ["loss width=16", "loss width=64", "error"]
    assert set(tables) == {"fits", "draws", "predictions", "points", "slopes"}
    for kind, table in tables.items():
        write_table(table, tmp_path / f"{kind}.parquet", kind)
        back = read_table(tmp_path / f"{kind}.parquet")
        assert list(back.columns) == list(COLUMNS[kind])
        assert len(back) == len(table) > 0
    fits = tables["fits"].set_index(["law", "form", "group", "parameter"])
    for group, exponent in (("width=16", 0.3), ("width=64", 0.5)):
        row = fits.loc[("loss", "power", group, "alpha")]
        assert row["low"] < exponent < row["high"]
        assert (row["status"], row["preferred"]) == ("ok", "power")
        assert (row["n_points"], row["n_runs"], row["n_seeds"]) == (7, 70, 10)
    error = fits.loc[("error", "power", "", "alpha")]
    assert error["low"] < 0.5 < error["high"]
    assert (error["x_low"], error["x_high"]) == (32, 2048)
    draws = tables["draws"].query("law == 'loss' and form == 'power' and group == 'width=64'")
    assert len(draws) == 200
    points = tables["points"].query("law == 'loss' and form == 'power' and group == 'width=64'")
    assert points["x"].tolist() == [32, 64, 128, 256, 512, 1024, 2048]
    assert len(tables["slopes"]) == 3 * 6


def test_the_same_runs_give_the_same_tables(runs: pd.DataFrame) -> None:
    laws = {"loss": Block(where={"width": 64})}
    one, two = fit_study(laws, runs, draws=50), fit_study(laws, runs.sample(frac=1, random_state=1), draws=50)
    for kind in one:
        pd.testing.assert_frame_equal(one[kind], two[kind], rtol=1e-6)


def test_rows_are_selected_by_sweep_where_and_range(runs: pd.DataFrame) -> None:
    assert set(select(Block(), runs)["learning_rate"]) == {1e-2}
    assert len(select(Block(sweep="data"), runs)) == 0  # a name is not found inside another
    chosen = select(Block(sweep="all", where={"width": [16, 64], "seed": 3}, range=(64, 512)), runs)
    assert (chosen["samples"].min(), chosen["samples"].max(), len(chosen)) == (64, 512, 4 * 2 * 3)


def test_an_axis_is_chosen_on_validation(runs: pd.DataFrame) -> None:
    # The test metric would choose another rate: it must not be looked at.
    tempted = runs.assign(test_loss=runs.test_loss * np.where(runs.learning_rate == 1e-1, 0.1, 1.0))
    laws = {"loss": Block(sweep="all", choose="learning_rate", where={"width": 64}, compare=["power"])}
    fits = fit_study(laws, tempted, draws=50)["fits"]
    (note,) = [note for note in notes_from_json(fits["notes"][0]) if note.code == "chosen"]
    assert note.message.startswith(
        "learning_rate chosen per samples by the lowest mean validation_loss: 32→0.01"
    )
    assert fits["n_runs"][0] == 70
    edge = fit_study(laws, tempted[tempted.learning_rate > 1e-3], draws=50)["fits"]
    (note,) = [note for note in notes_from_json(edge["notes"][0]) if note.code == "chosen_at_edge"]
    assert note.details["edges"] == [f"{x:g}" for x in sorted(set(tempted["samples"]))]


def test_a_validation_metric_is_chosen_and_read_on_different_seeds(runs: pd.DataFrame) -> None:
    rows = runs[runs.width == 64]
    kept, note = choose(rows, "learning_rate", "samples", "validation_loss")
    assert set(kept["seed"]) == {1, 3, 5, 7, 9}
    assert set(kept["learning_rate"]) == {1e-2}
    assert "every second seed" in note.message


def test_a_rate_at_which_a_run_diverged_is_not_chosen(runs: pd.DataFrame) -> None:
    rows = runs[runs.width == 64].reset_index(drop=True)
    lost = (rows.learning_rate == 1e-2) & (rows.seed == 0) & (rows.samples == 32)
    rows.loc[lost, ["status", "test_loss", "validation_loss"]] = ["diverged", np.nan, np.nan]
    kept, _ = choose(rows, "learning_rate", "samples", "test_loss")
    assert set(kept.loc[kept.samples == 32, "learning_rate"]) == {1e-1}
    assert set(kept.loc[kept.samples == 64, "learning_rate"]) == {1e-2}


def test_diverged_and_unconverged_runs_are_counted_and_named(runs: pd.DataFrame) -> None:
    rows = runs.copy()
    at = rows.index[(rows.width == 64) & (rows.learning_rate == 1e-2)]
    rows.loc[at[:2], ["status", "test_loss"]] = ["diverged", np.nan]
    rows.loc[at[2], "status"] = "unconverged"
    fits = fit_study({"loss": Block(where={"width": 64}, compare=["power"])}, rows, draws=50)["fits"]
    first = fits.iloc[0]
    assert (first.n_diverged, first.n_unconverged, first.n_runs) == (2, 1, 67)
    named = {note.code: note.details.get("rows") for note in notes_from_json(first["notes"])}
    assert named["unconverged"] == [rows.run_id[at[2]]]
    assert named["diverged"] == list(rows.run_id[at[:2]])


def test_data_that_give_no_law_become_refused_rows(runs: pd.DataFrame, tmp_path: Path) -> None:
    laws = {
        "short": Block(range=(32, 64), where={"width": 64}),
        "zero": Block(y="zero_loss", where={"width": 64}),
        "null": Block(y="null_loss", where={"width": 64}),
        "nothing": Block(where={"width": 3}),
    }
    rng = np.random.default_rng(4)
    rows = runs.assign(zero_loss=0.0, null_loss=np.exp(0.05 * rng.standard_normal(len(runs))))
    tables = fit_study(laws, rows, draws=50)
    reasons = (
        tables["fits"].drop_duplicates("law").set_index("law")["notes"].map(notes_from_json).map(reason_of)
    )
    assert (tables["fits"]["status"] == "refused").all()
    assert "too few points" in reasons["short"]
    assert "zero_loss must be > 0" in reasons["zero"]
    assert reasons["null"].startswith("flat")
    assert "no rows" in reasons["nothing"]
    for kind, table in tables.items():
        write_table(table, tmp_path / f"{kind}.parquet", kind)
    assert read_table(tmp_path / "fits.parquet").query("law == 'zero'")["n_points"].isna().all()
    panel = sensitivity(laws, rows, draws=40)
    assert set(panel["law"]) == {"short", "null"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": "test_los"}, "did you mean 'test_loss'"),
        ({"x": "sample"}, "did you mean 'samples'"),
        ({"by": ["widht"]}, "did you mean 'width'"),
        ({"compare": ["powr"]}, "did you mean 'power'"),
        ({"loss": "log_huber"}, "needs delta"),
        ({"choose": "rate"}, "no column 'rate'"),
    ],
)
def test_a_block_that_names_what_is_not_there_is_an_error(
    runs: pd.DataFrame, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(LawbookError, match=message):
        fit_study({"loss": Block(**change)}, runs)


def test_folds_make_clusters(runs: pd.DataFrame) -> None:
    rows = runs.assign(fold=runs.seed % 2, seed=runs.seed // 2)
    fits = fit_study({"loss": Block(where={"width": 64}, compare=["power"])}, rows, draws=50)["fits"]
    assert fits["n_seeds"][0] == 2


def test_the_interval_covers_where_the_seeds_of_a_fold_move_together() -> None:
    """Five folds of eight seeds, the exponent itself varying by fold: forty independent clusters would miss."""
    rng = np.random.default_rng(3)
    fold, seed, x = (
        axis.ravel() for axis in np.meshgrid(range(5), range(8), 2 ** np.arange(5, 11), indexing="ij")
    )
    covered = []
    for _ in range(60):
        alpha = 0.5 + 0.05 * rng.standard_normal(5)
        rows = pd.DataFrame(
            {
                "run_id": np.arange(len(x)).astype(str), "sweeps": "data_size", "samples": x, "seed": seed,
                "fold": fold, "status": "ok",
                "test_loss": 3 * x ** -alpha[fold] * np.exp(0.02 * rng.standard_normal(len(x))),
            }
        )  # fmt: skip
        fits = fit_study({"law": Block(compare=["power"])}, rows, draws=200)["fits"].set_index("parameter")
        covered.append(fits.loc["alpha", "low"] <= 0.5 <= fits.loc["alpha", "high"])
    assert np.mean(covered) >= 0.85


def test_sensitivity_shows_each_defensible_choice(runs: pd.DataFrame) -> None:
    panel = sensitivity({"loss": Block(where={"width": 64})}, runs, draws=60)
    assert list(panel.columns) == list(COLUMNS["sensitivity"])
    choices = [choice.split(" δ=")[0] for choice in panel["choice"]]
    assert choices == [
        "as fitted", "without smallest x", "without largest x", "with floor", "test_error for test_loss",
        "log_absolute", "log_huber",
    ]  # fmt: skip
    assert panel["estimate"].between(0.4, 0.65).all()
    huber = sensitivity({"loss": Block(where={"width": 64}, loss="log_huber", delta=0.1)}, runs, draws=60)
    assert list(huber["choice"].iloc[-2:]) == ["log_least_squares", "log_absolute"]


@pytest.fixture(scope="module")
def surface() -> pd.DataFrame:
    """Rows of a table over N × D × run: y = 0.5 + 4 / N^0.4 + 9 / D^0.5, 1 % apart between runs."""
    rng = np.random.default_rng(1)
    grid = [(n, d, run) for n in 4.0 ** np.arange(1, 7) for d in 4.0 ** np.arange(3, 9) for run in range(9)]
    table = pd.DataFrame(grid, columns=["N", "D", "run"]).assign(status="ok", reason=None)
    table["loss"] = 0.5 + 4 * table["N"] ** -0.4 + 9 * table["D"] ** -0.5
    level = 0.01 * rng.standard_normal(9)
    table["loss"] *= np.exp(level[table["run"]] + 0.003 * rng.standard_normal(len(table)))
    return table.assign(run_id=[f"row_{i}" for i in range(len(table))])


def test_a_law_of_two_inputs_goes_through_all_tables(surface: pd.DataFrame, tmp_path: Path) -> None:
    block = Block(y="loss", x=["N", "D"], sweep=None, compare=["chinchilla"], cluster=["run"])
    tables = fit_study({"surface": block}, surface, draws=200)
    fits, points = tables["fits"], tables["points"]

    assert set(fits["form"]) == {"chinchilla"}
    assert (fits["x"] == "N, D").all()
    assert (fits["ranges"] == "N 4–4,096 (3.0 decades), D 64–65,536 (3.0 decades)").all()
    assert fits[["x_low", "x_high", "decades"]].isna().all(axis=None)
    assert (fits["n_seeds"] == 9).all()
    found = fits.set_index("parameter")
    for parameter, planted in {"E": 0.5, "alpha": 0.4, "beta": 0.5}.items():
        assert found.loc[parameter, "low"] < planted < found.loc[parameter, "high"]
    assert len(points) == len(tables["predictions"]) == 36
    predicted = points["y"] * np.exp(-points["residual"])
    np.testing.assert_allclose(predicted, tables["predictions"]["estimate"], rtol=1e-9)
    assert sorted(points["x2"].unique()) == sorted(surface["D"].unique())
    assert tables["slopes"].empty
    for kind, table in tables.items():
        write_table(table, tmp_path / kind, kind)

    choices = set(sensitivity({"surface": block}, surface, draws=50)["choice"])
    assert {f"without {end} {name}" for end in ("smallest", "largest") for name in ("N", "D")} < choices
    assert "without floor" not in choices


def test_a_table_is_fitted_whole_or_where_it_says(surface: pd.DataFrame) -> None:
    block = Block(y="loss", x="N", sweep=None, compare=["power_floor"], where={"D": [4.0**8]})
    fits = fit_study({"by_size": block}, surface, draws=50)["fits"]

    assert (fits["n_runs"] == 6 * 9).all()
    assert (fits["n_seeds"] == 6 * 9).all()  # no seed, no cluster: each row is a repeat of its own
    twice = pd.concat([surface, surface[:1].assign(run_id="row_again")])
    warned = fit_study({"by_size": Block(y="loss", x="N", sweep=None, compare=["power"])}, twice, draws=50)
    (note,) = [n for n in notes_from_json(warned["fits"]["notes"][0]) if n.code == "duplicate_rows"]
    assert note.details["rows"] == ["row_again"]
    with pytest.raises(LawbookError, match=r"law 'by_size': no run has D = \[7\]; mend where or range"):
        fit_study({"by_size": Block(y="loss", x="N", sweep=None, where={"D": [7]})}, surface)


def test_a_formula_with_an_index_names_its_values(surface: pd.DataFrame) -> None:
    web, code = (
        surface.assign(domain=name, loss=surface["loss"] + more) for name, more in (("web", 0), ("code", 0.5))
    )
    runs = pd.concat([web, code], ignore_index=True)
    runs["run_id"] = [f"r{i}" for i in runs.index]
    said = {"y": "loss", "x": ["N", "D", "domain"], "formula": "E[domain] + A*N^-alpha + B*D^-beta"}
    block = LawBlock.model_validate(said | {"index": ["web", "code"]})
    tables = fit_study({"law": block}, runs, draws=30)
    fits = tables["fits"].set_index("parameter")
    assert fits.loc["E[code]", "estimate"] - fits.loc["E[web]", "estimate"] == pytest.approx(0.5, rel=0.05)
    assert "domain web and code" in fits["ranges"].iloc[0]
    assert set(tables["points"]["x3"]) == set(tables["predictions"]["x3"]) == {1.0, 2.0}
    assert "domain by number: web = 1, code = 2" in fits["notes"].iloc[0]
    with pytest.raises(FormulaError, match="which values has domain"):
        LawBlock.model_validate(said).form("formula")


def test_a_formula_is_a_form_like_any_other(surface: pd.DataFrame) -> None:
    said = {"y": "loss", "x": ["N", "D"], "cluster": ["run"], "compare": ["formula", "chinchilla"]}
    block = LawBlock.model_validate(said | {"formula": "E + A*N^-alpha + B*D^-beta; a = beta/(alpha + beta)"})
    fits = fit_study({"joint": block}, surface, draws=50)["fits"].set_index(["form", "parameter"])["estimate"]
    assert set(fits.index.get_level_values("form")) == {"formula", "chinchilla"}
    for name in ("E", "A", "B", "alpha", "beta", "a"):
        assert fits["formula", name] == pytest.approx(fits["chinchilla", name], rel=1e-9)
    alone = LawBlock.model_validate({"y": "loss", "x": "samples", "formula": "A*samples^-alpha"})
    assert alone.compare == ["formula"]
    unread = LawBlock.model_validate({"y": "y", "x": ["samples", "width"], "formula": "A*samples^-alpha"})
    with pytest.raises(LawbookError, match="x names width, which it does not read"):
        unread.form("formula")
