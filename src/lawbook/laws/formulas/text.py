"""The text of a formula: its grammar, and errors that point into it. Nothing is evaluated.

    formula    = [ name [ index ] "=" ] expression { ";" item }
    item       = name [ index ] "=" expression                   a definition
               | name [ index ] "in" "[" number "," number "]" [ "near" number ]    bounds of a parameter, and a start
               | name [ index ] "near" number
    index      = "[" column "]"
    expression = sums, products, quotients and powers (^ or **) of numbers, names, names with an index and function(…)

A power binds tighter than a minus before it and takes one in its exponent: N^-alpha is N^(-alpha). A name in backticks
is a column's, and may hold anything.

>>> parse("loss = E + A*N^-alpha; alpha in [0, 2]").output
'loss'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lawbook.errors import LawbookError, printable, suggest

FUNCTIONS = {
    "exp": 1, "log": 1, "ln": 1, "log2": 1, "log10": 1, "log1p": 1, "sqrt": 1, "abs": 1, "tanh": 1, "sigmoid": 1,
    "softplus": 1, "min": 2, "max": 2,
}  # fmt: skip
"""The functions of formulas, with the least number of arguments; min and max take more."""
_LONGEST, _DEEPEST, _MOST = 4000, 60, 2000
"""Caps on characters, nesting and symbols."""
_ALIKE = str.maketrans({"−": "-", "–": "-", "·": "*", "×": "*", "⋅": "*", "÷": "/", "∞": "inf"})
_TOKEN = re.compile(
    r"(?P<blank>\s+)|(?P<number>(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>(?![⁰¹²³⁴-⁹])[^\W\d](?:(?![⁰¹²³⁴-⁹])\w)*)"
    r"|`(?P<quoted>[^`]*)`|(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?P<mark>\*\*|[-+*/^()\[\],;=])"
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_LEFT = {"+": 10, "-": 10, "*": 20, "/": 20}
_SIGN, _POWER = 25, 30


class FormulaError(LawbookError):
    """A formula that is none, or not one of its table: says what is wrong, with a caret under the place."""

    def __init__(self, text: str, at: int, problem: str) -> None:
        self.text, self.at, self.problem = text, at, problem
        start = max(0, at - 60)
        shown = re.sub(r"\s", " ", text[start : at + 60])
        dots = "…" if start else ""
        caret = " " * (len(dots) + len(printable(shown[: at - start]))) + "^"
        super().__init__(f"formula: {problem}\n  {dots}{printable(shown)}\n  {caret}")


@dataclass(frozen=True)
class Symbol:
    """A piece of the text: kind ('number', 'name', 'quoted', 'mark', 'end'), what it says, where it stands."""

    kind: str
    value: str
    at: int


@dataclass(frozen=True)
class Tree:
    """An expression as written: number, name, column, a mark (+ - * / ^), minus or call, with its parts.

    `value` is the number, the name or the function, `index` what stands in brackets after a name, at `index_at`.
    """

    kind: str
    at: int
    value: str = ""
    index: str = ""
    parts: tuple[Tree, ...] = ()
    index_at: int = 0


@dataclass(frozen=True)
class Bounds:
    """What a formula says of a parameter: its bounds, infinite where open, and a start."""

    low: float = -float("inf")
    high: float = float("inf")
    near: float | None = None
    at: int = 0


@dataclass
class Formula:
    """A formula as written: its text, the column on the left with its index, the expression, and the items."""

    text: str
    output: str = ""
    index: str = ""
    body: Tree = field(default_factory=lambda: Tree("number", 0, "0"))
    definitions: dict[str, Tree] = field(default_factory=dict)
    bounds: dict[str, Bounds] = field(default_factory=dict)
    index_at: int = 0
    said: dict[str, tuple[str, int]] = field(default_factory=dict)
    """The index that a name has where an item begins with it, and its place."""


def parse(text: str) -> Formula:
    """Return a formula's parts. Raises FormulaError, with the place."""
    if len(text) > _LONGEST:
        raise FormulaError(text, _LONGEST, f"{len(text)} characters; at most {_LONGEST}")
    return _Parser(text).formula()


def _symbols(text: str) -> Iterator[Symbol]:
    plain, at = text.translate(_ALIKE), 0
    while at < len(plain):
        found = _TOKEN.match(plain, at)
        if found is None:
            what = (
                "a backtick without its partner" if plain[at] == "`" else f"{plain[at]!r} means nothing here"
            )
            raise FormulaError(text, at, what)
        kind, value = found.lastgroup or "", found[found.lastgroup or 0]
        if kind == "number":
            yield Symbol("number", value.replace("_", ""), at)
        elif kind == "quoted":
            if not value.strip() or printable(value) != value:
                raise FormulaError(text, at, "a name in backticks is empty or has an unseen character")
            yield Symbol("quoted", value, at)
        elif kind == "raised":
            yield from (Symbol("mark", "^", at), Symbol("number", value.translate(_RAISED), at))
        elif kind == "mark":
            yield Symbol("mark", "^" if value == "**" else value, at)
        elif kind == "name":
            yield Symbol("name", value, at)
        at = found.end()
    yield Symbol("end", "", len(text))


class _Parser:
    """Precedence climbing over the symbols of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.symbols = list(_symbols(text))
        if len(self.symbols) > _MOST:
            raise FormulaError(text, self.symbols[_MOST].at, f"more than {_MOST} symbols")
        self.position = 0

    @property
    def now(self) -> Symbol:
        return self.symbols[self.position]

    def fail(self, problem: str, at: int | None = None) -> FormulaError:
        return FormulaError(self.text, self.now.at if at is None else at, problem)

    def take(self) -> Symbol:
        symbol = self.now
        self.position += symbol.kind != "end"
        return symbol

    def sees(self, value: str) -> bool:
        return self.now.kind in ("mark", "name") and self.now.value == value

    def expect(self, value: str, where: str) -> None:
        if not self.sees(value):
            raise self.fail(f"{self.named()} where {value!r} should stand, {where}")
        self.take()

    def named(self) -> str:
        return "it ends" if self.now.kind == "end" else repr(self.now.value)

    def formula(self) -> Formula:
        found = Formula(self.text)
        if self.now.kind == "end":
            raise self.fail("it is empty; write one such as E + A*N^-alpha")
        self.left_side(found)
        found.body = self.expression(0, 0)
        while self.sees(";"):
            self.take()
            if self.now.kind != "end":
                self.item(found)
        if self.now.kind != "end":
            raise self.after()
        return found

    def left_side(self, found: Formula) -> None:
        """Take `y =` or `y[index] =` where one stands."""
        start = self.position
        if self.now.kind not in ("name", "quoted"):
            return
        name, index, at = self.take().value, "", 0
        if self.sees("["):
            self.take()
            index, at = self.now.value, self.take().at
            if self.sees("]"):
                self.take()
        if self.sees("="):
            self.take()
            found.output, found.index, found.index_at = name, index, at
        else:
            self.position = start

    def index(self) -> tuple[str, int]:
        """Take `[column]` where it stands, and return the column and its place."""
        if not self.sees("["):
            return "", 0
        self.take()
        index = self.take()
        if index.kind not in ("name", "number", "quoted"):
            raise self.fail("an index is a column that names groups of rows", index.at)
        if not self.sees("]"):
            raise self.unclosed("[", index.at)
        self.take()
        return index.value, index.at

    def item(self, found: Formula) -> None:
        if self.now.kind != "name":
            raise self.fail(
                f"{self.named()} after ';', where a name should stand: name = …, or name in [low, high]"
            )
        at, name = self.now.at, self.take().value
        if name in found.definitions or name in found.bounds:
            raise self.fail(f"{name} is said twice", at)
        if self.sees("["):
            found.said[name] = self.index()
        if self.sees("="):
            self.take()
            found.definitions[name] = self.expression(0, 0)
        elif self.sees("in") or self.sees("near"):
            found.bounds[name] = self.bounds(at)
        else:
            raise self.fail(f"{self.named()} after {name}; write {name} = … or {name} in [low, high]")

    def bounds(self, at: int) -> Bounds:
        low, high, near = -float("inf"), float("inf"), None
        if self.sees("in"):
            self.take()
            self.expect("[", "before the bounds")
            low = self.number()
            self.expect(",", "between the bounds")
            high = self.number()
            self.expect("]", "after the bounds")
            if not low < high:
                raise self.fail(f"the bounds {low:g} and {high:g} leave no room", at)
        if self.sees("near"):
            self.take()
            near = self.number()
            if not low <= near <= high:
                raise self.fail(f"{near:g} lies outside [{low:g}, {high:g}]", at)
        return Bounds(low, high, near, at)

    def number(self) -> float:
        sign = 1.0
        while self.sees("-") or self.sees("+"):
            sign = -sign if self.take().value == "-" else sign
        if self.sees("inf"):
            self.take()
            return sign * float("inf")
        if self.now.kind != "number":
            raise self.fail(f"{self.named()} where a number should stand")
        return sign * float(self.take().value)

    def expression(self, least: int, depth: int) -> Tree:
        """Return the expression up to a mark that binds less than `least`."""
        if depth > _DEEPEST:
            raise self.fail(f"nested more than {_DEEPEST} deep")
        left = self.operand(depth)
        while self.now.kind == "mark":
            at, mark = self.now.at, self.now.value
            if mark == "^" and least <= _POWER:
                self.take()
                # From the right: a^b^c is a^(b^c); a minus may stand before the exponent.
                left = Tree("^", at, parts=(left, self.expression(_POWER, depth + 1)))
            elif _LEFT.get(mark, -1) > least or (least == 0 and mark in _LEFT):
                self.take()
                left = Tree(mark, at, parts=(left, self.expression(_LEFT[mark], depth + 1)))
            else:
                break
        if self.now.kind in ("number", "name", "quoted") and not (self.sees("in") or self.sees("near")):
            raise self.after()
        return left

    def after(self) -> FormulaError:
        """Return the error of something that stands where an operator should."""
        if self.sees("="):
            return self.fail(
                "a second '='; put a definition behind ';'" if ";" not in self.text else "'=' here"
            )
        if self.now.kind in ("number", "name", "quoted"):
            return self.fail(f"no operator before {self.named()}; write * for a product")
        if self.sees("("):
            return self.fail("no operator before '('; write * for a product")
        return self.fail(
            f"{self.named()} has no partner" if self.now.value in ")]" else f"{self.named()} here"
        )

    def operand(self, depth: int) -> Tree:
        at = self.now.at
        if self.sees("-") and self.now.kind == "mark":
            self.take()
            return Tree("minus", at, parts=(self.expression(_SIGN, depth + 1),))
        if self.sees("+") and self.now.kind == "mark":
            self.take()
            return self.expression(_SIGN, depth + 1)
        if self.sees("("):
            self.take()
            inside = self.expression(0, depth + 1)
            if not self.sees(")"):
                raise self.unclosed("(", at)
            self.take()
            self.no_call("a bracket")
            return inside
        symbol = self.take()
        if symbol.kind == "number":
            if float(symbol.value) == float("inf"):
                raise self.fail(f"{symbol.value} is too large for a number", at)
            return Tree("number", at, symbol.value)
        if symbol.kind == "quoted":
            return Tree("column", at, symbol.value)
        if symbol.kind != "name":
            self.position -= symbol.kind != "end"
            before = self.symbols[self.position - 1].value if self.position else ""
            raise self.fail(
                f"{self.named()} where a number or a name should stand{f', after {before!r}' if before else ''}"
            )
        if self.sees("("):
            return self.call(symbol, depth)
        index, index_at = self.index()
        return Tree("name", at, symbol.value, index=index, index_at=index_at)

    def no_call(self, what: str) -> None:
        if self.sees("("):
            raise self.fail(f"no operator between {what} and '('; write * for a product")

    def unclosed(self, mark: str, at: int) -> FormulaError:
        if self.now.kind in ("number", "name", "quoted"):
            return self.after()
        if self.now.kind == "end":
            return self.fail(f"{mark!r} is not closed", at)
        return self.fail(f"{self.named()} while {mark!r} is not closed")

    def call(self, symbol: Symbol, depth: int) -> Tree:
        name = symbol.value
        if name not in FUNCTIONS:
            close = suggest(name, FUNCTIONS)
            fix = close if "mean" in close else f"functions: {', '.join(FUNCTIONS)}"
            raise self.fail(f"{name!r} is no function; {fix}, or write {name}*(…) for a product", symbol.at)
        opened = self.take().at
        parts = [self.expression(0, depth + 1)]
        while self.sees(","):
            self.take()
            parts.append(self.expression(0, depth + 1))
        if not self.sees(")"):
            raise self.unclosed("(", opened)
        self.take()
        self.no_call(f"{name}(…)")
        least = FUNCTIONS[name]
        if len(parts) < least or (least == 1 and len(parts) > 1):
            raise self.fail(
                f"{name} takes {'two or more' if least > 1 else 'one'}, not {len(parts)}", symbol.at
            )
        return Tree("call", symbol.at, name, parts=tuple(parts))
