"""The grammar of formulas: what is read, and that every mistake is one message with a caret under its place."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lawbook.laws.formulas import FormulaError, formula, parse
from lawbook.laws.formulas.text import Tree

COLUMNS = ["N", "D", "lr", "loss", "batch size"]

MISTAKES = [
    # text, the character that the caret stands under, a part of the message
    ("", 0, "empty"),
    ("   ", 3, "empty"),
    ("E + A*N^", 8, "ends"),
    ("E + ", 4, "ends"),
    ("E + A*N^-alpha +", 16, "ends"),
    ("E + A N^-alpha", 6, "no operator before 'N'"),
    ("E + 3N", 5, "no operator"),
    ("(E + A*N^-alpha", 0, "not closed"),
    ("E + A*N^-alpha)", 14, "no partner"),
    ("E + (A*N^-alpha]", 15, "not closed"),
    ("exp(A*N", 3, "not closed"),
    ("E[N + 1", 4, "not closed"),
    ("E + A*sin(N)", 6, "no function"),
    ("E + A*ex(N)", 6, "did you mean 'exp'"),
    ("E + A(N)^2", 4, "for a product"),
    ("(E + A)(N)", 7, "no operator"),
    ("max(N)*A", 0, "two or more"),
    ("A*exp(N, D)", 2, "takes one"),
    ("A*N^-alpha; alpha in [2, 1]", 12, "no room"),
    ("A*N^-alpha; alpha in [0, ", 25, "ends"),
    ("A*N^-alpha; alpha in 0, 1", 21, "'['"),
    ("A*N^-alpha; alpha near 9 10", 25, "no operator"),
    ("A*N^-alpha; alpha in [0, 1] near 3", 12, "outside"),
    ("A*N^-alpha; beta in [0, 1]", 12, "not in the formula"),
    ("A*N^-alpha; N in [0, 1]", 12, "a column"),
    ("E + A*N^-alpha; A in [-inf, 0]", 16, "write - A*"),
    ("A*N^-alpha; alpha", 17, "ends"),
    ("E[rate] + A*N^-alpha", 2, "no column 'rate'"),
    ("loss[lr] = E + A*N^-alpha", 5, "no parameter has the index"),
    ("A*N^-alpha; 3 = 4", 12, "a name should stand"),
    ("A*N^-alpha; q = 1; q = 2", 19, "said twice"),
    ("A*q; q = q + N", 9, "defined by itself"),
    ("A*q; q = p*N; p = q", 18, "defined by itself"),
    ("A*N^-alpha; N = 3", 16, "a column"),
    ("A*N^-alpha; unused = other/2", 26, "no quantity"),
    ("loss = E + A*N = 3", 15, "'='"),
    ("__import__('os').system('ls')", 11, "means nothing here"),
    ("N.__class__", 1, "means nothing here"),
    ("lambda: N", 6, "means nothing here"),
    ("A*N[0][1]", 6, "here"),
    ("A*N; import os", 12, "write import"),
    ("E + A*`model size`^-a", 6, "no column"),
    ("E + A*``^-a", 6, "empty"),
    ("E + `N", 4, "backtick"),
    ("E + A*n^-alpha", 6, "the column N"),
    ("alpha + beta", 6, "no column of the table"),
    ("N^2 + D", 4, "no parameter"),
    ("E + A*N^-alpha*d^2", 15, "table has D"),
    ("A*N/0", 3, "division by 0"),
    ("E + 1e999*N", 4, "too large"),
    ("A*N + B - B", 6, "cancels"),
    ("A*N^inf", 4, "no parameter"),
    ("A*N\x00", 3, "means nothing here"),
    ("A*N\u202e", 3, "means nothing here"),
    ("+".join(["N*a"] * 1500), 4000, "at most"),
    ("(" * 200 + "N" + ")" * 200, 61, "nested"),
    ("a" * 5000, 4000, "at most"),
    ("+".join(f"p{i}*N" for i in range(60)), 230, "parameters"),
]


@pytest.mark.parametrize(("text", "at", "part"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_one_message_with_a_caret_under_it(text: str, at: int, part: str) -> None:
    with pytest.raises(FormulaError) as caught:
        formula(text, COLUMNS)
    message = str(caught.value)
    shown, caret = message.splitlines()[-2:]
    assert part in message
    assert message.startswith("formula: ")
    assert caret.strip() == "^"
    assert caught.value.at == at
    assert len(message.splitlines()) == 3
    assert len(shown) < 160


def written(tree: Tree) -> str:
    """Return a tree with every bracket."""
    if tree.kind in ("number", "name", "column"):
        return tree.value
    parts = [written(part) for part in tree.parts]
    if tree.kind == "minus":
        return f"(-{parts[0]})"
    return f"{tree.value}({', '.join(parts)})" if tree.kind == "call" else f"({tree.kind.join(parts)})"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a - b - c*d/e/f", "((a-b)-(((c*d)/e)/f))"),
        ("-x^2^3", "(-(x^(2^3)))"),
        ("a^-b^c*d", "((a^(-(b^c)))*d)"),
        ("2**-x", "(2^(-x))"),
        ("a*-b", "(a*(-b))"),
        ("A·N²−B", "((A*(N^2))-B)"),
        ("exp(a + b, c)", None),
        ("max(a, b + 1)", "max(a, (b+1))"),
        ("y = A*N^-α", "(A*(N^(-α)))"),
        ("y[domain] = a", "a"),
    ],
)
def test_operators_bind_as_in_mathematics(text: str, meant: str | None) -> None:
    if meant is None:
        with pytest.raises(FormulaError):
            parse(text)
    else:
        assert written(parse(text).body) == meant


def test_a_name_in_backticks_is_a_column() -> None:
    assert formula("E + A*`batch size`^-b", COLUMNS).inputs == ("batch size",)


@given(st.text(alphabet="abND01.+-*/^()[],;= \t`'\"\\αexplogin", max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_law_or_one_message(text: str) -> None:
    with contextlib.suppress(FormulaError):
        assert formula(text, COLUMNS).parameters
