"""The figure of estimates draws means with their intervals over what they estimate, and refuses what is no number."""

from __future__ import annotations

import numpy as np
import pytest
from tests.report.test_general_figures import drawn

from lawbook.errors import LawbookError


def test_each_column_has_its_means_over_what_it_estimates(planted):
    shown = drawn(
        planted, "estimates", "rates", x="learning_rate", columns=["test_loss", "sharpness"], by="momentum"
    )
    assert set(shown.data["column"]) == {"test_loss", "sharpness"}
    axes = shown.figure.axes[0]
    dashed = next(line for line in axes.lines if line.get_linestyle() == "--")
    assert (np.asarray(dashed.get_xdata()) == np.asarray(dashed.get_ydata())).all()
    rows = shown.data[shown.data["column"] == "sharpness"]
    assert ((rows["low"] <= rows["y"]) & (rows["y"] <= rows["high"])).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["test_loss"]}, "write x: COLUMN"),
        ({"x": "learning_rate", "columns": "test_loss"}, "write a list of 1 to 7 columns"),
        ({"x": "learning_rate", "columns": ["test_los"]}, "did you mean 'test_loss'"),
        ({"x": "learning_rate", "columns": ["test_loss"], "by": "widht"}, "is no axis"),
    ],
)
def test_what_cannot_be_drawn_is_named(planted, options, message):
    with pytest.raises(LawbookError, match=message):
        drawn(planted, "estimates", "rates", **options)
