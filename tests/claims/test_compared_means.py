"""Quantities that compare two groups of runs: where their laws cross, and the ratio of their means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lawbook.claims.judge import claim_text
from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError
from lawbook.laws import fit
from lawbook.laws.crossing import crossing
from lawbook.studies.claim_block import Claim

STEPS = np.geomspace(100, 1e5, 7)
SIDES = {"below": {"optimizer": "muon"}, "above": {"optimizer": "sgd"}}


def trained(exponents: dict[str, float], seeds: int = 6) -> pd.DataFrame:
    """Return runs of two optimizers whose losses are both 2 at 1,000 steps."""
    rng, rows = np.random.default_rng(0), []
    for optimizer, alpha in exponents.items():
        for seed in range(seeds):
            loss = 2 * (STEPS / 1000) ** -alpha * np.exp(0.02 * rng.standard_normal(len(STEPS)))
            rows.append(
                pd.DataFrame({"optimizer": optimizer, "seed": seed, "steps": STEPS, "test_loss": loss})
            )
    return pd.concat(rows, ignore_index=True).assign(status="ok")


def test_a_crossing_is_that_of_the_two_fits() -> None:
    runs = trained({"sgd": 0.3, "muon": 0.5})
    estimate, low, high, n, why = quantities["crossing"].compute(None, runs, "test_loss", x="steps", **SIDES)
    laws = [
        fit(runs[runs["optimizer"] == name], "power", y="test_loss", x="steps", draws=20)
        for name in ("muon", "sgd")
    ]
    found = crossing(*laws)
    assert (estimate, low, high, n, why) == (found.x, found.low, found.high, len(runs), "")
    assert low < 1000 < high
    other = {"below": SIDES["above"], "above": SIDES["below"]}
    *_, why = quantities["crossing"].compute(None, runs, "test_loss", x="steps", **other)
    assert why == "from there on it is the law at optimizer muon that lies below"


def test_a_crossing_that_is_not_resolved_decides_no_claim() -> None:
    runs = trained({"sgd": 0.4, "muon": 0.4})
    *_, low, high, _, why = quantities["crossing"].compute(None, runs, "test_loss", x="steps", **SIDES)
    assert np.isnan([low, high]).all()
    assert why.startswith("no crossing is resolved: t = ")
    stepped = runs.assign(test_loss=1.0 + (runs["steps"] > 2000))
    *_, why = quantities["crossing"].compute(None, stepped, "test_loss", x="steps", **SIDES)
    assert why.startswith("no power law stands at optimizer muon: ")
    with pytest.raises(LawbookError, match="'samples' is no column"):
        quantities["crossing"].compute(None, runs, "test_loss", x="samples", **SIDES)
    with pytest.raises(LawbookError, match="no runs have optimizer adam; mend the option below"):
        quantities["crossing"].compute(
            None, runs, "test_loss", x="steps", below={"optimizer": "adam"}, above=SIDES["above"]
        )


def test_the_ends_of_a_ratio_are_where_a_paired_test_begins_to_reject() -> None:
    """a - r b of each seed, whose mean is 0 at the true ratio r: p = 0.05 at both ends."""
    rng = np.random.default_rng(0)
    shared = rng.standard_normal(8)
    sides = {"a": 2 + shared + 0.3 * rng.standard_normal(8), "b": 4 + shared + 0.3 * rng.standard_normal(8)}
    runs = pd.concat(
        [pd.DataFrame({"side": name, "seed": range(8), "loss": values}) for name, values in sides.items()]
    )
    of, over = {"side": "a"}, {"side": "b"}
    estimate, low, high, n, why = quantities["mean_ratio"].compute(None, runs, "loss", of=of, over=over)
    assert (n, why) == (16, "")
    assert estimate == pytest.approx(sides["a"].mean() / sides["b"].mean())
    assert low < estimate < high
    for end in (low, high):
        assert stats.ttest_1samp(sides["a"] - end * sides["b"], 0).pvalue == pytest.approx(0.05)


def test_a_ratio_to_what_may_be_0_has_no_interval() -> None:
    runs = pd.DataFrame({"side": ["a"] * 3 + ["b"] * 3, "seed": [0, 1, 2] * 2, "loss": [1, 2, 3, -1, 0.1, 1]})
    of, over = {"side": "a"}, {"side": "b"}
    *_, low, high, _, why = quantities["mean_ratio"].compute(None, runs, "loss", of=of, over=over)
    assert np.isnan([low, high]).all()
    assert why == "the mean of the denominator is not told from 0"
    without = runs.assign(loss=[None, *runs["loss"][1:]])
    assert np.isnan(quantities["mean_ratio"].compute(None, without, "loss", of=of, over=over)[0])
    with pytest.raises(LawbookError, match="no runs have side c"):
        quantities["mean_ratio"].compute(None, runs, "loss", of={"side": "c"}, over=over)
    with pytest.raises(LawbookError, match="0 repeats are on both sides"):
        quantities["mean_ratio"].compute(None, runs.assign(seed=range(6)), "loss", of=of, over=over)
    with pytest.raises(LawbookError, match="sweep a seed"):
        quantities["mean_ratio"].compute(None, runs.drop(columns="seed"), "loss", of=of, over=over)


def test_the_claim_names_both_sides_in_words() -> None:
    claim = Claim(
        quantity="mean_ratio", column="test_loss", options={"of": {"width": 8, "depth": 2}, "over": {"width": 16}},
        expected=1, within=0.1, origin="preregistered",
    )  # fmt: skip
    assert claim_text(claim) == "mean ratio test loss (of width 8 and depth 2, over width 16) is 1 ± 0.1"
