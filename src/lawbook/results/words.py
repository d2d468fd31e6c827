"""How numbers and names are written for readers: digits that the interval warrants, units on every axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lawbook.studies.schema import StudyFile

LABELS = {
    "alpha": "α of the task frequencies",
    "batch_size": "batch size B (examples)",
    "compute": "compute C (FLOPs)",
    "depth": "depth (layers)",
    "flops": "training compute C (FLOPs)",
    "keep_fraction": "keep fraction",
    "label_noise": "label noise (share of labels)",
    "learning_rate": "learning rate η",
    "modes": "features N",
    "n_params": "parameters N",
    "n_params_non_embedding": "parameters N, embeddings left out",
    "n_train": "training examples kept",
    "n_unique": "distinct training examples",
    "kept": "training examples kept",
    "n_tasks": "tasks",
    "samples": "pool size D (examples)",
    "samples_seen": "samples seen",
    "step": "step",
    "test_learned_half_bit": "tasks learned (loss below 0.5 bit)",
    "test_learned_tenth_bit": "tasks learned (loss below 0.1 bit)",
    "steps": "steps",
    "weight_decay": "weight decay λ",
    "width": "width (units)",
}

SYMBOLS = {"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ"}
"""Greek parameters, as the papers write them; others go by their own name."""


def text_of(value: object) -> str:
    """Write one value of an axis, as it stands in the name of a group.

    >>> text_of(64.0), text_of(None), text_of("el2n"), text_of(3)
    ('64', 'none', 'el2n', '3')
    """
    if value is None or value != value:  # NaN
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def symbol(parameter: str) -> str:
    """Return the symbol of a law's parameter.

    >>> symbol("alpha"), symbol("E"), symbol("alpha[web]")
    ('α', 'E', 'α[web]')
    """
    name, bracket, value = parameter.partition("[")
    return SYMBOLS.get(name, name) + bracket + value


def plain(name: str) -> str:
    """Return a name as words.

    >>> plain("test_error")
    'test error'
    """
    return name.replace("_", " ")


FIRST_UNITS = {"step": "steps", "samples_seen": "samples", "flops": "FLOPs"}
"""What a derived column is counted in that says where a level is first reached."""


def label(column: str, content: StudyFile | None = None, sweep: str | None = None) -> str:
    """Return the axis label of a column, with its unit; a loss has the unit of the sweep's tasks, if they have one.

    Without a sweep, that of all the study's. A column that says where a level is first reached is counted in what it
    was reached by.
    """
    if column.endswith("_loss") or column == "loss":
        units = set() if content is None else _units(content, sweep)
        return f"{plain(column)} ({units.pop()})" if len(units) == 1 else plain(column)
    if column.endswith("_error") or column == "error":
        return f"{plain(column)} (share wrong)"
    if content is not None and (derived := content.columns.get(column)) is not None and derived.first:
        return f"{plain(column)} ({FIRST_UNITS[derived.first]})"
    return LABELS.get(column, plain(column))


def _units(content: StudyFile, sweep: str | None) -> set[str]:
    """Return the units of the losses of a sweep's runs; of all runs without one; none of a table, which has no task."""
    if content.task is None:
        return set()
    # Only here, so that who writes numbers alone need not load them.
    from lawbook.tasks import tasks
    from lawbook.training.losses import losses

    units = set()
    for block in [content.sweeps[sweep]] if sweep in content.sweeps else content.sweeps.values():
        for grid in block.grids:
            task = grid.set.get("task", content.task.name)
            own = tasks[task["name"] if isinstance(task, dict) else task].loss
            varied = grid.axes.get("loss", [grid.set.get("loss", content.training.loss)])
            names = varied if isinstance(varied, list) else list(losses)
            units |= {losses[name or own].unit for name in names}
    return units


def name_of(column: str) -> str:
    """Return what a column holds, in words and without its unit.

    >>> name_of("samples"), name_of("n_params_non_embedding"), name_of("momentum")
    ('pool size D', 'parameters N', 'momentum')
    """
    return LABELS.get(column, plain(column)).partition(" (")[0].partition(",")[0]


def letter(column: str) -> str:
    """Return the symbol of a column for a formula, else its name if that is one word.

    >>> letter("samples"), letter("width"), letter("learning_rate"), letter("n_train")
    ('D', 'width', 'η', 'x')
    """
    *_, last = words = name_of(column).split()
    return last if len(last) == 1 or len(words) == 1 else "x"


def number(value: Any, digits: int = 3) -> str:
    """Write one number with so many significant digits; – if there is none.

    >>> [number(v) for v in (1297, 0.04321, 1.2345e-7, -0.5, None, float("nan"), 2500000.0)]
    ['1,297', '0.0432', '1.23e−7', '−0.5', '–', '–', '2,500,000']
    """
    if value is None or value != value:  # NaN
        return "–"
    value = float(value)
    if math.isinf(value):
        text = f"{value}"
    elif value.is_integer() and abs(value) < 1e7:
        text = f"{value:,.0f}"
    elif 1e-4 <= abs(value) < 1e6:
        places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = _scientific(value, digits - 1)
    return text.replace("-", "−")


def _scientific(value: float, places: int) -> str:
    mantissa, exponent = f"{value:.{places}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def measured(estimate: Any, low: Any, high: Any) -> str:
    """Write an estimate with its interval, to two digits of the interval's half width.

    >>> measured(0.41234, 0.3812, 0.4467), measured(0.41234, None, None)
    ('0.412 [0.381, 0.447]', '0.412')
    >>> measured(51234.5, 50000.1, 52468.9), measured(1.234e-6, 1.1e-6, 1.4e-6)
    ('51,234 [50,000, 52,469]', '1.23e−6 [1.10e−6, 1.40e−6]')
    """
    numbers = [math.nan if v is None else float(v) for v in (estimate, low, high)]
    if not all(map(math.isfinite, numbers)) or not numbers[2] > numbers[1]:
        return number(estimate)
    size, half = max(map(abs, numbers)), (numbers[2] - numbers[1]) / 2
    places = 1 - math.floor(math.log10(half))
    if size < 1e-3 or size >= 1e6:
        significant = max(0, math.floor(math.log10(size)) + places)
        texts = [_scientific(v, significant) for v in numbers]
    else:
        texts = [f"{v:,.{min(max(0, places), 8)}f}" for v in numbers]
    shown = "{} [{}, {}]".format(*texts)
    return shown.replace("-", "−")


def span(low: Any, high: Any, decades: Any = None) -> str:
    """Write a range with its width in decades.

    >>> span(32, 1297)
    '32–1,297 (1.6 decades)'
    """
    if low is None or high is None or low != low or high != high:
        return "–"
    if decades is None or decades != decades:
        decades = math.log10(high / low) if low > 0 else math.nan
    width = f" ({decades:.1f} decades)" if decades == decades else ""
    return f"{number(low)}–{number(high)}{width}"


def fitted_range(row: Mapping[Any, Any], named: bool = True) -> str:
    """Write the range over which a row of the table 'fits' was fitted, after the name of x; of several inputs, each."""
    if isinstance(row["ranges"], str):
        return plain(row["ranges"])
    text = span(row["x_low"], row["x_high"], row["decades"])
    return f"{plain(row['x'])} {text}" if named else text


def conditions(where: Mapping[str, Any]) -> str:
    """Write axis values as words; three whole numbers in a row, or more, as the first and the last.

    >>> conditions({"keep_fraction": 0.5, "metric": "el2n"})
    'keep fraction 0.5, metric el2n'
    >>> conditions({"seed": [0, 1, 2, 3], "width": [16, 32, 64]})
    'seed 0 to 3, width 16 or 32 or 64'
    """
    return ", ".join(f"{plain(axis)} {_values(value)}" for axis, value in where.items())


def _values(value: Any) -> str:
    if isinstance(value, Mapping):
        return enumerate_words(f"{plain(axis)} {_values(one)}" for axis, one in value.items())
    if not isinstance(value, list | tuple):
        return text_of(value)
    whole = len(value) > 2 and all(type(one) is int for one in value)
    if whole and list(value) == list(range(value[0], value[-1] + 1)):
        return f"{text_of(value[0])} to {text_of(value[-1])}"
    return " or ".join(map(text_of, value))


def enumerate_words(words: Iterable[str]) -> str:
    """Join words with commas and 'and'.

    >>> enumerate_words(["fold", "seed"]), enumerate_words(["a", "b", "c"])
    ('fold and seed', 'a, b and c')
    """
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last


def count(n: int, noun: str) -> str:
    """Write a count with its noun.

    >>> count(1, "run"), count(2, "run"), count(1200, "run")
    ('1 run', '2 runs', '1,200 runs')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
