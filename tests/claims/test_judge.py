"""Claims: verdicts, corrected paired differences, and planted falsehoods that come out as fails."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lawbook.claims.judge import Measurement, claim_text, expected_range, judge_claims, verdict
from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_estimate
from lawbook.results.paired import paired_difference
from lawbook.results.reader import Results
from lawbook.storage.tables import read_table, write_table
from lawbook.studies import make_plan
from lawbook.studies.claim_block import Claim

reals = st.floats(-1e6, 1e6)
widths = st.floats(1e-9, 1e6)
AXES = ["fold", "seed", "width"]


@st.composite
def claims(draw):
    form = draw(st.sampled_from(["expected", "at_least", "at_most"]))
    value = {form: draw(reals)} | ({"within": draw(widths)} if form == "expected" else {})
    return Claim(value="a.power.alpha", origin="exploratory", **value)


@given(claims(), reals, st.floats(0, 1e6))
def test_verdict_holds_iff_inside_and_fails_iff_outside(claim, low, width):
    high = low + width
    expected_low, expected_high = expected_range(claim)
    decided = verdict(claim, Measurement((low + high) / 2, low, high, 8))
    inside = expected_low <= low and high <= expected_high
    outside = high < expected_low or low > expected_high
    assert decided == ("holds" if inside else "fails" if outside else "undecided")


@given(reals, widths, reals, st.floats(0, 1e6))
def test_an_interval_wider_than_the_band_never_holds(expected, within, centre, extra):
    claim = Claim(value="a.power.alpha", expected=expected, within=within, origin="exploratory")
    low, high = expected_range(claim)
    half = (high - low) / 2 * 1.001 + extra + 1e-9
    assert verdict(claim, Measurement(centre, centre - half, centre + half, 8)) != "holds"


@given(claims(), reals, widths)
def test_a_flawed_or_missing_measurement_is_undecided(claim, low, width):
    assert verdict(claim, Measurement(low, low, low + width, 8, "the fit is refused")) == "undecided"
    assert verdict(claim, Measurement(low, math.nan, math.nan, 8)) == "undecided"


def test_planted_claims_come_out_as_planted(simulated):
    judged = judge_claims(simulated.study.content.claims, simulated.folder)
    assert judged["verdict"].tolist() == ["holds", "fails", "undecided", "undecided", "fails", "holds"]
    assert judged["kind"].tolist() == ["value"] * 3 + ["difference"] * 2 + ["quantity"]
    assert "refused: flat" in judged.loc[2, "reason"]
    assert "over samples 32–1,297 (1.6 decades)" in judged.loc[0, "reason"]
    assert "corrected for 4 test folds" in judged.loc[4, "reason"]
    assert judged.loc[4, "n"] == 12


def test_planted_claims_about_an_exact_curve(oracle):
    judged = judge_claims(oracle.study.content.claims, oracle.folder)
    assert judged["verdict"].tolist() == ["holds", "fails"]
    assert judged.loc[0, "estimate"] == pytest.approx(1, abs=0.01)


def test_judged_claims_are_a_table(simulated, tmp_path):
    for claims_of in ([], simulated.study.content.claims):
        write_table(judge_claims(claims_of, simulated.folder), tmp_path / "claims.parquet", "claims")
        assert len(read_table(tmp_path / "claims.parquet")) == len(claims_of)


def test_a_claim_reads_as_a_sentence(simulated):
    value, *_, difference, _, quantity = simulated.study.content.claims
    assert claim_text(value) == "α of the power law error by data is 0.5 ± 0.1"
    assert claim_text(difference) == (
        "test error of metric el2n minus that of metric random at samples 1297, keep fraction 0.5,"
        " paired by fold and seed, is at most 0"
    )
    assert claim_text(quantity) == "diverged share is at most 0.5"


def sides(folds: int, seeds: int, effect: float = 0.0, sd: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two tables of runs whose differences have the given mean and spread."""
    rng = np.random.default_rng(5)
    keys = pd.MultiIndex.from_product([range(folds), range(seeds)], names=["fold", "seed"]).to_frame(
        index=False
    )
    base = keys.assign(run_id="r", status="ok", width=64, test_error=rng.standard_normal(len(keys)))
    noise = sd * rng.standard_normal(len(keys))
    return base.assign(test_error=base["test_error"] + effect + noise), base


def test_pairs_over_folds_get_the_nadeau_bengio_interval():
    of, minus = sides(folds=5, seeds=8)
    found = paired_difference(of, minus, "test_error", ["fold", "seed"], AXES)
    gap = of["test_error"] - minus["test_error"]
    half = stats.t.ppf(0.975, 39) * gap.std() * np.sqrt(1 / 40 + 1 / 4)
    assert (found.n, found.folds, found.lacking) == (40, 5, "")
    assert found.high - found.estimate == pytest.approx(half)
    assert found.estimate == pytest.approx(gap.mean())


def test_pairs_on_one_test_split_get_a_plain_t_interval():
    of, minus = sides(folds=1, seeds=12)
    gap = of["test_error"] - minus["test_error"]
    for keys in (["seed"], ["fold", "seed"]):
        found = paired_difference(of, minus, "test_error", keys, AXES)
        assert found.high - found.estimate == pytest.approx(stats.t.ppf(0.975, 11) * gap.std() / np.sqrt(12))


def test_diverged_failed_and_lonely_runs_are_counted():
    of, minus = sides(folds=1, seeds=10)
    of.loc[0, ["status", "test_error"]] = ["diverged", np.nan]
    minus.loc[1, ["status", "test_error"]] = ["failed", np.nan]
    of.loc[2, "status"] = "unconverged"
    found = paired_difference(of, minus.drop(index=9), "test_error", ["seed"], AXES)
    assert found.n == 7
    assert (
        found.lacking
        == "1 pair of 9 with a run that diverged; 1 pair of 9 with a run that failed; 1 run without a partner"
    )
    assert found.note == "1 run had not converged"


def test_a_diverged_pair_leaves_the_claim_undecided(simulated, tmp_path):
    runs = simulated.runs.copy()
    claim = simulated.study.content.claims[4]
    hit = (runs["samples"] == 150) & (runs["keep_fraction"] == 0.25) & (runs["metric"] == "el2n")
    runs.loc[runs.index[hit][0], ["status", "test_error"]] = ["diverged", np.nan]
    write_table(runs, tmp_path / "runs.parquet", roles=make_plan(simulated.study).roles)
    judged = judge_claims([claim], tmp_path).iloc[0]
    assert judged["verdict"] == "undecided"
    assert judged["n"] == 11
    assert "1 pair of 12 with a run that diverged" in judged["reason"]


def difference(**changes):
    content = {
        "difference": "test_error", "of": {"metric": "el2n"}, "minus": {"metric": "random"}, "origin": "exploratory",
        "where": {"samples": 150, "keep_fraction": 0.25}, "paired_by": ["fold", "seed"], "at_most": 0,
    }  # fmt: skip
    return Claim(**(content | changes))


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        (
            difference(where={"keep_fraction": 0.25}),
            "claims.0: 2 runs match fold = 0, seed = 0.*differ in samples",
        ),
        (difference(paired_by=["seed"]), "4 runs match seed = 0.*differ in fold"),
        (difference(difference="test_eror"), "did you mean 'test_error'"),
        (difference(where={"samples": 150, "keep": "hard", "foldd": 1}), "did you mean 'fold'"),
        (
            difference(
                of={"metric": "el2n", "samples": 150},
                minus={"metric": "random"},
                where={"keep_fraction": 0.25},
            ),
            "2 runs match",
        ),
        (
            difference(of={"keep_fraction": 0.25}, minus={"keep_fraction": 0.5}, where={"samples": 150}),
            "differ in metric",
        ),
        (
            Claim(value="error_by_kept.power.alpha", at_least=0, origin="exploratory"),
            "fitted in 2 groups .metric=el2n; metric=random.; say which in 'where'",
        ),
        (
            Claim(quantity="diverged_shares", at_least=0, origin="exploratory"),
            "did you mean 'diverged_share'",
        ),
    ],
)
def test_a_claim_that_says_too_little_is_an_error(claim, says, simulated):
    with pytest.raises(LawbookError, match=says):
        judge_claims([claim], simulated.folder)


def test_sides_that_differ_in_another_axis_are_no_pair(simulated, tmp_path):
    runs = simulated.runs.copy()
    runs.loc[runs["metric"] == "el2n", "width"] = 128
    write_table(runs, tmp_path / "runs.parquet", roles=make_plan(simulated.study).roles)
    with pytest.raises(LawbookError, match=r"also differ in width \(128 against 64\)"):
        judge_claims([difference()], tmp_path)


def test_a_claim_without_runs_is_undecided(simulated):
    empty = difference(where={"samples": 7, "keep_fraction": 0.25})
    group = Claim(
        value="error_by_kept.power.alpha", where={"metric": "grand"}, at_least=0, origin="exploratory"
    )
    judged = judge_claims([empty, group], simulated.folder)
    assert judged["verdict"].tolist() == ["undecided", "undecided"]
    assert judged["reason"].tolist() == ["no runs match", "there is no such fit: its runs are missing"]


def test_the_group_of_a_fit_is_found(simulated):
    claim = Claim(
        value="error_by_kept.power.alpha", where={"metric": "el2n"}, at_least=0, origin="exploratory"
    )
    judged = judge_claims([claim], simulated.folder).iloc[0]
    fits = Results(simulated.folder).fits
    row = fits[(fits["group"] == "metric=el2n") & (fits["parameter"] == "alpha")].iloc[0]
    assert judged["estimate"] == row["estimate"]


def test_quantities(simulated, oracle):
    share = quantities["diverged_share"].compute(Results(simulated.folder), simulated.runs)
    exact = stats.binomtest(
        int((simulated.runs["status"] == "diverged").sum()), len(simulated.runs)
    ).proportion_ci()
    assert share[1:3] == pytest.approx((exact.low, exact.high))
    assert np.isnan(
        quantities["diverged_share"].compute(Results(simulated.folder), simulated.runs.iloc[:0])[0]
    )
    runs = oracle.runs.copy()
    runs.loc[runs.index[0], "test_loss"] = np.nan
    assert np.isnan(quantities["exact_ratio"].compute(Results(oracle.folder), runs)[0])
    with pytest.raises(LawbookError, match="one task"):
        quantities["exact_ratio"].compute(
            Results(oracle.folder), runs.assign(task=["a", "b"] * (len(runs) // 2))
        )


def test_a_value_less_that_of_an_exact_curve(oracle):
    """The exponent over the runs' own range against that of the exact curve over the same, not typed in."""
    laws = oracle.study.content.laws
    asked = {
        "value": "loss_by_modes.power_floor.alpha", "exact": "sgd_oracle", "where": {"schedule": "constant"},
        "within": 0.02, "origin": "preregistered",
    }  # fmt: skip
    judged = judge_claims([Claim(expected=0.0, **asked), Claim(expected=0.3, **asked)], oracle.folder, laws)
    plain = judge_claims([Claim(expected=0.0, **(asked | {"exact": None}))], oracle.folder)
    known = exact_estimate(
        laws["loss_by_modes"], oracle.runs, "schedule=constant", "power_floor", "alpha", "sgd_oracle"
    )
    assert judged.loc[1, "verdict"] == "fails"
    assert abs(judged.loc[0, "estimate"]) < 0.02 < plain.loc[0, "estimate"]
    for end in ("estimate", "low", "high"):
        assert judged.loc[0, end] == pytest.approx(plain.loc[0, end] - known)
    assert "less that of the exact curve sgd oracle" in judged.loc[0, "text"]
    assert "both fitted over" in judged.loc[0, "reason"]


def test_a_formula_has_the_value_of_the_exact_curve_that_the_law_has(oracle):
    law = oracle.study.content.laws["loss_by_modes"]
    written = law.model_copy(update={"formula": "E + A*modes^-alpha", "compare": ["formula"]})
    at = (oracle.runs, "schedule=constant")
    known = exact_estimate(law, *at, "power_floor", "alpha", "sgd_oracle")
    assert exact_estimate(written, *at, "formula", "alpha", "sgd_oracle") == pytest.approx(known, rel=1e-6)


def test_the_share_of_runs_that_reach_a_level_counts_those_that_never_do():
    names = ("known", "known_low", "known_high")
    rows = [(20, 10, 20)] * 7 + [(np.nan, 100, np.nan)] * 2 + [(np.nan, 0, np.nan)]
    status = ["ok"] * 9 + ["diverged"]
    runs = pd.DataFrame(rows, columns=names).assign(status=status)
    share = quantities["share_reaching"]
    estimate, low, high, n = share.compute(None, runs, "known")
    # Clopper and Pearson's interval of 7 in 10, by the quantiles of beta distributions.
    assert (estimate, n) == (0.7, 10)
    assert (low, high) == pytest.approx((stats.beta.ppf(0.025, 7, 4), stats.beta.ppf(0.975, 8, 3)))
    unknown = pd.concat([runs, runs.tail(1).assign(status="failed")])
    assert np.isnan(share.compute(None, unknown, "known")[0])
