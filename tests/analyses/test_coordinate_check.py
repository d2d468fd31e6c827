"""The coordinate check: planted powers come back, layer by layer, and what cannot be compared is refused or named."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lawbook.analyses.coordinate_check.answer import answer
from lawbook.analyses.coordinate_check.block import TABLES, CoordinateCheckBlock
from lawbook.analyses.coordinate_check.compute import check_tables
from lawbook.analyses.coordinate_check.notices import notices
from lawbook.analyses.coordinate_check.quantities.coordinate_slope import coordinate_slope
from lawbook.analyses.coordinate_check.section import check_table
from lawbook.errors import LawbookError
from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table

POWERS = {"standard": (0.0, 0.5, 1.0), "mup": (0.0, 0.0, 0.0)}


def planted(powers=POWERS, noise=0.02, layers=lambda _: 3):
    """Return runs of five widths and four seeds, and curves in which layer i moves as step · width^powers[i]."""
    rng = np.random.default_rng(0)
    runs, curves = [], []
    for parametrization, exponents in powers.items():
        for width in (16, 32, 64, 128, 256):
            for seed in range(4):
                run_id = f"{parametrization}-{width}-{seed}"
                runs.append(
                    {"run_id": run_id, "parametrization": parametrization, "width": width, "seed": seed,
                     "learning_rate": 0.001, "sweeps": "all", "status": "ok"}
                )  # fmt: skip
                for step in (0, 1, 5):
                    n = layers(width)
                    value = (
                        0.1
                        * step
                        * width ** np.array(exponents[-n:])
                        * np.exp(noise * rng.standard_normal(n))
                    )
                    curves.append(
                        pd.DataFrame(
                            {"run_id": run_id, "step": step, "split": None, "metric": "activation_change",
                             "index": np.arange(float(n)), "value": value}
                        )
                    )  # fmt: skip
    return pd.DataFrame(runs), pd.concat(curves, ignore_index=True)


BLOCK = CoordinateCheckBlock(sweep="all", by=["parametrization"])


def test_planted_powers_come_back_within_their_intervals():
    tables = check_tables(BLOCK, *planted())
    slopes = tables["slopes"].set_index(["case", "layer"])
    assert len(slopes) == 6
    for parametrization, exponents in POWERS.items():
        for layer, exponent in zip(("hidden 1", "hidden 2", "outputs"), exponents, strict=True):
            row = slopes.loc[(f"parametrization={parametrization}", layer)]
            assert row["slope"] == pytest.approx(exponent, abs=0.03)
            assert row["low"] - 0.01 < exponent < row["high"] + 0.01
            assert (row["step"], row["n_seeds"], row["n_sizes"], row["status"]) == (5, 4, 5, "ok")
    changes = tables["changes"]
    assert len(changes) == 30
    assert ((changes["low"] < changes["value"]) & (changes["value"] < changes["high"])).all()
    exact = check_tables(BLOCK, *planted(noise=0.0))["slopes"]
    np.testing.assert_allclose(
        exact.sort_values(["case", "place"])["slope"], [0, 0, 0, 0, 0.5, 1], atol=1e-12
    )


def test_of_networks_of_several_depths_the_ends_are_compared():
    powers = {"standard": (0.0, 0.25, 0.5, 1.0)}
    runs, curves = planted(powers, noise=0.0, layers=lambda width: 3 if width < 64 else 4)
    slopes = check_tables(CoordinateCheckBlock(sweep="all"), runs, curves)["slopes"].set_index("layer")[
        "slope"
    ]
    assert list(slopes.index) == ["first hidden", "last hidden", "outputs"]
    assert slopes["last hidden"] == pytest.approx(0.5)
    assert slopes["outputs"] == pytest.approx(1.0)


def test_what_cannot_be_compared_is_refused_or_named():
    runs, curves = planted()
    with pytest.raises(LawbookError, match="step 3 was not measured in every run; write one of: 1, 5"):
        check_tables(BLOCK.model_copy(update={"step": 3}), runs, curves)
    with pytest.raises(LawbookError, match="several runs have one width and seed"):
        check_tables(CoordinateCheckBlock(sweep="all"), runs, curves)
    with pytest.raises(LawbookError, match="no vector 'nothing'"):
        check_tables(BLOCK.model_copy(update={"y": "nothing"}), runs, curves)
    still = curves.assign(value=curves["value"].where(curves["index"] != 2, 0.0))
    slopes = check_tables(BLOCK, runs, still)["slopes"].set_index("layer")
    assert set(slopes.loc["outputs", "status"]) == {"refused"}
    assert "is 0 at some size" in slopes.loc["outputs", "notes"].iloc[0]
    assert set(slopes.loc["hidden 1", "status"]) == {"ok"}
    one = check_tables(BLOCK, runs[runs["width"] == 16], curves)["slopes"]
    assert "1 value of width give" in one["notes"].iloc[0]


def test_claims_and_pages(tmp_path):
    runs, curves = planted()
    for name, table in check_tables(BLOCK, runs, curves).items():
        write_table(conform(table, TABLES[name]), tmp_path / "coordinate_check" / "one" / f"{name}.parquet")
    results = Results(tmp_path)
    found = results.analysis("coordinate_check", "one")
    standard = runs[runs["parametrization"] == "standard"]
    value, low, high, n_runs = coordinate_slope(found, standard, "outputs")
    assert (round(value, 1), n_runs) == (1.0, 20)
    assert low < value < high
    with pytest.raises(LawbookError, match="layer = 'output'"):
        coordinate_slope(found, standard, "output")
    with pytest.raises(LawbookError, match="one parametrization"):
        coordinate_slope(found, runs, "outputs")
    content = SimpleNamespace(analyses=SimpleNamespace(of={"coordinate_check": {"one": BLOCK}}.__getitem__))
    (said,) = answer(content, results)
    assert "at parametrization standard (outputs)" in said
    assert not list(notices(content, results))
    table = check_table("one", BLOCK, found)
    assert table.columns == ("case", "hidden 1", "hidden 2", "outputs", "seeds")
    assert len(table.rows) == 2
