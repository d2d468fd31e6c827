"""Formulas with an index: equal to what they must equal, narrower where they share, and refused with one message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from lawbook.cli.app import app
from lawbook.errors import LawbookError
from lawbook.fitting.places import places_of
from lawbook.fitting.stored import read_stored
from lawbook.laws import compare, fit
from lawbook.laws.formulas import FormulaError, formula
from lawbook.laws.linear import nonnegative_least_squares
from lawbook.storage.status import FitStatus

PLANTED = {"code": (0.9, 120.0), "math": (1.2, 500.0), "web": (1.8, 300.0)}
ALPHA = 0.34
SHARED = "E[domain] + A[domain]*N^-alpha"
OWN = "E[domain] + A[domain]*N^-alpha[domain]"


def planted(sizes: int = 12, noise: float = 0.003, of_run: float = 0.0) -> pd.DataFrame:
    """Return losses on three domains that share an exponent, with noise of each and of the run."""
    rng = np.random.default_rng(3)
    rows = []
    for n in np.geomspace(1e7, 1e10, sizes):
        run = of_run * rng.standard_normal()
        for domain, (floor, scale) in PLANTED.items():
            rest = run + noise * rng.standard_normal()
            rows.append((n, domain, (floor + scale * n**-ALPHA) * np.exp(rest)))
    return pd.DataFrame(rows, columns=["N", "domain", "loss"])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return planted()


def test_parameters_are_named_by_the_values_and_derivatives_are_exact() -> None:
    text = "E[domain] + A[domain]*N^-alpha[domain] + B*D^-beta; a = beta/(alpha[domain] + beta)"
    law = formula(text, ["N", "D", "domain"], values=lambda _: ["web", "code"])
    assert law.parameters == (
        *("E[web]", "E[code]", "A[web]", "A[code]", "B"),
        *("alpha[web]", "alpha[code]", "beta"),
    )
    assert law.inputs == ("N", "D", "domain")
    assert law.exponent == "beta", "a shared exponent says more of the law than one of a value"
    x = np.array([[10.0, 20.0, 1.0], [100.0, 5.0, 2.0], [30.0, 7.0, 1.0]])
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 0.3, 0.5, 0.6])
    E, A, alpha = values[[0, 1, 0]], values[[2, 3, 2]], values[[5, 6, 5]]
    assert np.exp(law.log_predict(x, values)) == pytest.approx(
        E + A * x[:, 0] ** -alpha + 5 * x[:, 1] ** -0.6
    )
    assert law.derived["a[code]"](values, np.ones(3)) == pytest.approx(0.6 / 1.1)
    theta = values[None, 5:]
    slopes, logs = law.slopes(x, theta), law.log_basis(x, theta)
    for (j, k), slope in slopes.items():
        ahead, behind = (
            np.broadcast_to(each[j], (1, 3))[0]
            for each in (law.log_basis(x, theta + 1e-6 * np.eye(3)[k]), logs)
        )
        there = np.isfinite(behind)
        numeric = (ahead[there] - behind[there]) / 1e-6
        assert np.broadcast_to(slope, (1, 3))[0, there] == pytest.approx(numeric, rel=1e-4, abs=1e-8)


def test_with_all_parameters_indexed_it_is_each_value_by_itself(table: pd.DataFrame) -> None:
    together = fit(table, OWN, y="loss", draws=20)
    for domain in PLANTED:
        alone = fit(table[table["domain"] == domain], "E + A*N^-alpha", y="loss", draws=20)
        for name, estimate in alone.estimates.items():
            assert together.estimates[f"{name}[{domain}]"].value == pytest.approx(estimate.value, rel=1e-8)


def test_with_one_value_it_is_the_plain_formula(table: pd.DataFrame) -> None:
    web = table[table["domain"] == "web"]
    one, plain = (fit(web, text, y="loss", draws=50) for text in (OWN, "E + A*N^-alpha"))
    assert one.status == plain.status == FitStatus.OK
    for name, estimate in plain.estimates.items():
        assert one.estimates[f"{name}[web]"] == estimate


def test_a_shared_exponent_is_found_and_surer_than_that_of_each_value(table: pd.DataFrame) -> None:
    found = fit(table, SHARED, y="loss", draws=300)
    assert found.status == FitStatus.OK
    shared = found.estimates["alpha"]
    assert shared.low < ALPHA < shared.high
    for domain, (floor, _) in PLANTED.items():
        assert found.estimates[f"E[{domain}]"].value == pytest.approx(floor, rel=0.02)
        alone = fit(table[table["domain"] == domain], "E + A*N^-alpha", y="loss", draws=20).estimates["alpha"]
        assert shared.high - shared.low < alone.high - alone.low
    assert set(found.points["domain"]) == set(PLANTED)
    at = found.predict(pd.DataFrame({"N": [1e11], "domain": ["web"]}))
    assert at["low"][0] < 1.8 + 300 * 1e11**-ALPHA < at["high"][0]


def test_rows_of_one_run_are_resampled_together() -> None:
    """Noise of the run moves all domains: rows taken one by one would count it as often as there are domains."""
    rows = planted(noise=1e-4, of_run=0.004)
    runs = fit(rows, "E[domain] + A[domain]*N^-alpha", y="loss", draws=200)
    apart = fit(rows, "E[domain] + A[domain]*N^-alpha", y="loss", cluster=None, draws=200)
    assert "runs_over_index" in {note.code for note in runs.notes}
    width, too_small = (each.estimates["alpha"].high - each.estimates["alpha"].low for each in (runs, apart))
    assert width > 1.2 * too_small


def test_laws_with_an_index_are_compared_on_held_out_scales(table: pd.DataFrame) -> None:
    found = compare(table, [SHARED, "E[domain] + A*N^-alpha"], y="loss", holdout=2, draws=100)
    assert found.preferred == "formula", found.reason
    errors = found.table.set_index("form")["heldout_error"]
    assert errors["formula"] < 0.01 < errors["formula_2"]


def test_the_index_of_a_fit_is_asked_by_name(table: pd.DataFrame, tmp_path: Path) -> None:
    table.to_csv(tmp_path / "runs.csv", index=False)
    options = ["--y", "loss[domain]", "--formula", SHARED, "--draws", "20", "--out", str(tmp_path / "fit")]
    shown = CliRunner().invoke(app, ["fit", str(tmp_path / "runs.csv"), *options])
    assert shown.exit_code == 0, shown.output
    assert "E[web]" in shown.output
    assert "domain code, math and web" in " ".join(shown.output.split())
    assert set(pd.read_csv(tmp_path / "fit" / "predictions.csv")["domain"]) == set(PLANTED)
    stored = read_stored(tmp_path / "fit")
    place = places_of(["N=1e10,domain=web"], stored.law.inputs, "--at", stored.law.index)
    assert stored.predict(place)["estimate"][0] == pytest.approx(1.8 + 300 * 1e10**-ALPHA, rel=0.01)
    with pytest.raises(LawbookError, match=r"domain = 'wbe' is none of the fit's; did you mean 'web'\?"):
        places_of(["N=1e10,domain=wbe"], stored.law.inputs, "--at", stored.law.index)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda t: t.assign(domain=t["domain"].where(t.index != 4)), "rows 4 have no domain"),
        (lambda t: t.assign(domain=t["N"] / 3), "measured numbers"),
        (lambda t: t.assign(domain=[f"d{i}" for i in t.index]), "36 values in 36 rows"),
        (lambda t: t[(t["domain"] != "web") | (t["N"] < 1.1e7)], "web has 1 points"),
    ],
    ids=["missing", "measured", "many", "few"],
)
def test_a_column_that_is_no_index_is_one_message(change: object, part: str, table: pd.DataFrame) -> None:
    assert callable(change)
    with pytest.raises(LawbookError, match=part) as caught:
        fit(change(table), SHARED, y="loss")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "at", "part"),
    [
        ("E[domian] + A*N^-alpha", 2, "did you mean 'domain'"),
        ("E[domain] + A*N^-alpha + E", 25, "with an index and without"),
        ("E[domain] + A[task]*N^-alpha", 14, "a second index"),
        ("E + A*N[domain]^-alpha", 6, "for parameters"),
        ("loss[domain] = E + A*N^-alpha", 5, "no parameter has the index"),
        ("E[domain] + A*N^-alpha + domain", 0, "as a number, too"),
        ("E[1] + A*N^-alpha", 2, "no column '1'"),
        ("E[domain] + A*N^-alpha; alpha[domain] in [0, 1]", 30, "no index in the formula"),
    ],
)
def test_a_mistake_with_an_index_has_its_place(text: str, at: int, part: str) -> None:
    with pytest.raises(FormulaError, match=part.replace("[", r"\[")) as caught:
        formula(text, ["N", "domain", "task", "loss"])
    assert caught.value.at == at


def test_many_coefficients_of_one_sign_are_those_of_every_support() -> None:
    """Beyond five, supports are exchanged: held to the Karush–Kuhn–Tucker conditions, which fix the optimum."""
    rng = np.random.default_rng(0)
    A, b = np.abs(rng.standard_normal((50, 9, 30))), rng.standard_normal((50, 30))
    free = np.arange(9) == 2
    u = nonnegative_least_squares(A, b, free)
    slope = np.einsum("bmr,br->bm", A, np.einsum("bmr,bm->br", A, u) - b)
    assert (u[:, ~free] >= 0).all()
    assert np.abs(np.where((u > 0) | free, slope, 0)).max() < 1e-9
    assert slope[:, ~free].min() > -1e-9
    assert (u[:, ~free] == 0).any()
