"""What an option of a quantity may be is known when a study is planned: another value is one message."""

from __future__ import annotations

import inspect

import pytest

from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError

WORDS = [(name, option) for name in sorted(quantities) for option in sorted(quantities[name].values)]


@pytest.mark.parametrize("name", sorted(quantities))
def test_options_are_the_keywords_that_a_quantity_takes(name: str) -> None:
    quantity = quantities[name]
    taken = list(inspect.signature(quantity.compute).parameters)[2 + (quantity.of_column is not False) :]
    assert sorted(taken) == sorted(quantity.options)
    assert {*quantity.needed, *quantity.values} <= set(quantity.options)


@pytest.mark.parametrize(("name", "option"), WORDS)
def test_a_value_that_there_is_not_is_one_message(name: str, option: str) -> None:
    quantity = quantities[name]
    needed = {one: next(iter(quantity.values.get(one, ("1",)))) for one in quantity.needed}
    for value in quantity.values[option]:
        quantity.check_options(needed | {option: value})
    with pytest.raises(LawbookError, match=f"{option} = '{value}x' is not known; did you mean '{value}'"):
        quantity.check_options(needed | {option: f"{value}x"})
    with pytest.raises(LawbookError, match=f"{option} = .* is not known"):
        quantity.check_options(needed | {option: [value]})
