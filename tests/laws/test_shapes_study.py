"""The table of the study `shapes` is what its script writes, and its claims expect what was planted."""

from __future__ import annotations

import importlib.util
import io

import numpy as np
import pandas as pd
import pytest
from tests.shipped import STUDIES

from lawbook.laws import fit
from lawbook.studies.yaml_file import read_yaml

SPEC = importlib.util.spec_from_file_location("shapes", STUDIES / "shapes.py")
assert SPEC is not None
assert SPEC.loader is not None
shapes = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(shapes)
SHIPPED = pd.read_csv(STUDIES / "shapes.csv")


def test_the_table_is_what_the_script_writes() -> None:
    written = pd.read_csv(io.StringIO(shapes.table().to_csv(index=False)))
    pd.testing.assert_frame_equal(written, SHIPPED, rtol=1e-6)  # a logarithm may differ in its last digits


def test_the_noise_is_that_which_is_planted() -> None:
    rows = SHIPPED.dropna(subset=["y"])
    noise = np.log(rows["y"] / rows["exact"])
    assert noise.std() == pytest.approx(shapes.NOISE, rel=4 / (2 * len(rows)) ** 0.5)
    assert rows.groupby(["family", "curve"]).size().eq(shapes.POINTS).all()


def test_claims_expect_what_was_planted() -> None:
    quanta = SHIPPED[(SHIPPED["family"] == "quanta") & (SHIPPED["curve"] == 0)]
    exact = fit(quanta, "power", y="exact", x="x", cluster=None, draws=20)
    planted = {
        "broken.bnsl_1.d1": shapes.BREAK["d1"],
        "broken.bnsl_1.c0": shapes.BREAK["c0"],
        "broken_ends.formula.late": shapes.BREAK["c0"] + shapes.BREAK["c1"],
        "inverse.power.alpha": -0.1,
        "quanta.power.alpha": round(exact.estimates["alpha"].value, 4),
        **{f"answers_of_{length}.power.alpha": 0.25 for length in shapes.LENGTHS},
    }
    claims = [claim for claim in read_yaml(STUDIES / "shapes.yaml")["claims"] if "expected" in claim]
    assert {claim["value"] for claim in claims} == set(planted)
    for claim in claims:
        assert claim["expected"] == pytest.approx(planted[claim["value"]]), claim
    assert shapes.TURN["c0"] > 0 > shapes.TURN["c0"] + shapes.TURN["c1"]
