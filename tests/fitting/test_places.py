"""The places that a law is asked about, in words and as tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.fitting.places import places_of


def test_places_are_numbers_as_people_write_them_and_tables(tmp_path: Path) -> None:
    pd.DataFrame({"D": ["1T", "2T"], "N": [1.0, 2.0], "name": ["a", "b"]}).to_csv(
        tmp_path / "at.csv", index=False
    )
    found = places_of(["D=1.4e12, N=70B", str(tmp_path / "at.csv")], ["N", "D"], "--target")
    assert found is not None
    assert found.to_numpy().tolist() == [[7e10, 1.4e12], [1.0, 1e12], [2.0, 2e12]]
    assert places_of([], ["N"], "--target") is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("N=1,D", "not input=number"),
        ("N=1,E=2", "no input 'E'"),
        ("N=1,N=2", "stands twice"),
        ("N=1,D=many", "is no number"),
        ("N=1", "gives no D"),
        ("nowhere.csv", "no such file"),
    ],
)
def test_a_mistake_names_the_option_or_the_file(text: str, part: str) -> None:
    with pytest.raises(LawbookError, match=part):
        places_of([text], ["N", "D"], "--target")
