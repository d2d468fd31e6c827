"""Named quantities that a claim may be about, one file each: `NAME.py` defines `quantity`.

It is computed from the results and from the runs that the claim's `where` leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.registry import Registry


@dataclass(frozen=True)
class Quantity:
    """What a claim may be about.

    compute: of the results and the runs, and of the claim's column where it is `of_column` (None: where one is named),
    returns estimate, low and high end of the 95 % interval (NaN where there is none), and the number of runs behind
    them, or of cases of several runs where each is one outcome; where these cannot decide a claim, also why. check:
    raises LawbookError for runs, planned or done, that it cannot be computed of, given the columns that are their axes.
    of_crossing: whether the column must say at which step first, or be made of one that does. of: the kind of analysis
    that it is of, if any: `compute` then gets the tables of that analysis, in place of the study's. options: {name:
    what it does} of the keywords that `compute` takes from the claim, those in `needed` always; values: the words that
    an option may be, where they are known beforehand.
    """

    compute: Callable[..., tuple[float, float, float, int] | tuple[float, float, float, int, str]]
    check: Callable[[pd.DataFrame, Sequence[str]], None] | None = None
    of_column: bool | None = False
    of_crossing: bool = False
    of: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    values: Mapping[str, Collection[str]] = field(default_factory=dict)

    def check_options(self, given: Mapping[str, object]) -> None:
        """Raise LawbookError for an option or a value that there is not, and for a needed one that is not given."""
        for option, value in given.items():
            if option not in self.options:
                fix = suggest(option, self.options) if self.options else "this quantity takes none"
                raise LawbookError(f"there is no option {option!r}; {fix}")
            if option in self.values and value not in list(self.values[option]):  # a list has no hash
                raise LawbookError(
                    f"{option} = {value!r} is not known; {suggest(str(value), self.values[option])}"
                )
        for option in self.needed:
            if option not in given:
                raise LawbookError(f"the option {option} is missing; {self.options[option]}")


def analysis_of(quantity: Quantity, analyses: Mapping[str, object], wanted: str | None) -> str:
    """Return the name of the analysis that a quantity is of, by default the only one of its kind.

    analyses: those of its kind in the study, by name; wanted: the one that a claim names. Raises LawbookError if it is
    not there, or not said where there are several.
    """
    if not analyses:
        raise LawbookError(f"the study has no {quantity.of}; add it under analyses")
    if wanted is None and len(analyses) > 1:
        raise LawbookError(f"the study has several {quantity.of}; add analysis: one of {', '.join(analyses)}")
    name = wanted or next(iter(analyses))
    if name not in analyses:
        raise LawbookError(f"there is no {quantity.of} {name!r}; {suggest(name, analyses)}")
    return name


quantities: Registry[Quantity] = Registry("lawbook.claims.quantities", "quantity", "quantity")
