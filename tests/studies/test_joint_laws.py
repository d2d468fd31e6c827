"""The table of joint_laws is what its script writes, and its claims expect what the script plants."""

from __future__ import annotations

import runpy

import pandas as pd
import pytest
from tests.shipped import STUDIES

from lawbook.studies import load_study

planted = runpy.run_path(str(STUDIES / "joint_laws.py"))


def test_the_table_is_what_the_script_writes() -> None:
    given, written = pd.read_csv(STUDIES / "joint_laws.csv"), planted["table"]()
    pd.testing.assert_frame_equal(given, written.astype(given.dtypes.to_dict()), rtol=2e-5)


def test_claims_expect_what_was_planted() -> None:
    additive, levelling, curve = planted["ADDITIVE"], planted["LEVELLING"], planted["CURVE"]
    expected = {
        "additive.chinchilla.alpha": additive.alpha, "additive.chinchilla.beta": additive.beta,
        "additive.chinchilla.E": additive.E, "levelling.rosenfeld.eps_0": levelling["eps_0"],
        "levelling.rosenfeld.alpha": levelling["alpha"], "levelling.rosenfeld.beta": levelling["beta"],
        "learning_curve.bnsl_1.c0": 0, "learning_curve.bnsl_1.c1": curve["alpha"],
        "learning_curve.bnsl_1.a": curve["floor"], "learning_curve.bnsl_1.d1": curve["at"],
    }  # fmt: skip
    claims = load_study(STUDIES / "joint_laws.yaml").content.claims
    told = {claim.value: claim.expected for claim in claims if claim.value is not None}
    assert told == pytest.approx(expected)
