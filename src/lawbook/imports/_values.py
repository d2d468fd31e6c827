"""Values as services and loggers write them, made plain: flat keys, numbers, bounded in size."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from lawbook.errors import printable
from lawbook.imports import Curve, Run, UnreadableError, Value

MOST_VALUES, DEEPEST, LONGEST_TEXT, LARGEST_YAML = 20_000, 20, 10_000, 1 << 20
"""Values and levels of the configuration of one run, characters of one value, and bytes of its file."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_SIZE = re.compile(r"(\d+(?:\.\d*)?|\.\d+) ?([kmbt])", re.IGNORECASE)
_MAGNITUDES = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_INT64 = 2**63


def flatten(nested: Mapping[Any, Any], what: str = "configuration") -> dict[str, Value]:
    """Return nested keys as dotted ones. Raises UnreadableError for what is deeper or longer than a run needs.

    >>> flatten({"model": {"width": 64, "layers": [1, 2]}, "seed": 0})
    {'model.width': 64, 'model.layers': '[1, 2]', 'seed': 0}
    """
    counted = _Counted(what)
    return dict(_flat(nested, "", 0, counted))


class _Counted:
    """How many values of one run were met; aliases in YAML make few lines many values."""

    def __init__(self, what: str) -> None:
        self.what, self.values = what, 0

    def check(self, depth: int) -> None:
        self.values += 1
        if self.values > MOST_VALUES:
            raise UnreadableError(f"its {self.what} holds more than {MOST_VALUES:,} values")
        if depth > DEEPEST:
            raise UnreadableError(f"its {self.what} is nested deeper than {DEEPEST} levels")


def _flat(
    nested: Mapping[Any, Any], prefix: str, depth: int, counted: _Counted
) -> Iterator[tuple[str, Value]]:
    for key, value in nested.items():
        counted.check(depth)
        name = prefix + one_line(str(key))[:LONGEST_TEXT]
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.", depth + 1, counted)
        elif isinstance(value, list | tuple | set):
            yield name, json.dumps(_copied(value, depth + 1, counted))[:LONGEST_TEXT]
        else:
            yield name, plain(value)


def _copied(value: Any, depth: int, counted: _Counted) -> Any:
    """Return the values inside a list, plain."""
    counted.check(depth)
    if isinstance(value, Mapping):
        return {str(key): _copied(inner, depth + 1, counted) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_copied(inner, depth + 1, counted) for inner in value]
    return plain(value)


def one_line(text: str) -> str:
    r"""Return a text with all that could steer a terminal, or end a line, written out.

    >>> one_line("a" + chr(10) + "b")
    'a\\nb'
    """
    return printable(text).replace("\n", "\\n")


def plain(value: Any) -> Value:
    """Return one value as text, a number, a truth value or None; an integer beyond 64 bits as a float.

    >>> plain(10**30), plain(True), plain(1 + 2j)
    (1e+30, True, '(1+2j)')
    """
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        if -_INT64 <= value < _INT64:
            return value
        if value.bit_length() < 1024:
            return float(value)
        return math.inf if value > 0 else -math.inf
    return str(value)[:LONGEST_TEXT]


def number(value: Value) -> int | float | None:
    """Return a value as a number, also where it is written as text, as MLflow writes them; None if it is none.

    >>> number("3e-4"), number("12"), number("1_000"), number(True)
    (0.0003, 12, None, None)
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.fullmatch(text):
            return int(text)
        return float(text) if len(text) < 400 and _NUMBER.fullmatch(text) else None
    return value


def quantity(value: Value) -> int | float | None:
    """Return a value as a number, also where it is written as people write sizes; None if it is none.

    >>> quantity("1.4B"), quantity("300 M"), quantity("7B-chat"), quantity("3e-4")
    (1400000000, 300000000, None, 0.0003)
    """
    size = _SIZE.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 400 else None
    if size is None:
        return number(value)
    found = float(size[1]) * _MAGNITUDES[size[2].lower()]
    return round(found) if found < 2**53 else found


def is_finite(value: Value) -> bool:
    """Tell whether a value is a finite number, or a size as people write it."""
    found = quantity(value)
    return found is not None and math.isfinite(found)


def merged(points: Iterable[tuple[int, Mapping[str, Value]]]) -> Curve:
    """Return a curve from what was logged, in its order: of a metric logged twice at a step, the later value."""
    curve: dict[int, dict[str, Value]] = {}
    for step, values in points:
        curve.setdefault(step, {}).update(values)
    return dict(sorted(curve.items()))


def last_values(curve: Curve) -> dict[str, Value]:
    """Return each metric of a curve at the last step at which it was logged."""
    return {metric: value for step in sorted(curve) for metric, value in curve[step].items()}


def run_with_curve(name: str, config: Mapping[str, Value], curve: Curve, state: str = "") -> Run:
    """Return a run of which the whole curve is known, called by its name."""
    return Run(name, name, state, config, last_values(curve), curve=lambda _: curve)


class _PlainLoader(yaml.SafeLoader):
    """YAML's safe loader, to which a tag that names a Python object says nothing: no object is made of it."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave merge keys as they are: by them, few lines become many keys."""


def _untagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


_PlainLoader.add_multi_constructor("", _untagged)


def yaml_mapping(content: bytes, file: str) -> dict[Any, Any]:
    """Return the keys and values of YAML that a logger wrote. Raises UnreadableError naming the file."""
    if len(content) > LARGEST_YAML:
        raise UnreadableError(f"{file} is larger than {LARGEST_YAML:,} bytes")
    try:
        found = yaml.load(content.decode("utf-8"), _PlainLoader)
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        told = " ".join(str(error).split()) or "nested too deeply"
        raise UnreadableError(f"{file} is not YAML ({told[:200]})") from None
    if found is not None and not isinstance(found, dict):
        raise UnreadableError(f"{file} holds no keys")
    return found or {}


def json_value(text: str) -> Any:
    """Return the value of a JSON text. Raises ValueError for what is none; a gigantic integer is a float."""
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= 18 else float(digits)
