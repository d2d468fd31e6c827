"""Laws written in one line: parsed, its linear part and its derivatives found, and made into a law like any other.

>>> law = formula("E + A*N^-alpha + B/D^beta", ["N", "D", "loss"])
>>> law.linear, law.nonlinear, law.inputs
(('E', 'A', 'B'), ('alpha', 'beta'), ('N', 'D'))
"""

from lawbook.laws.formulas.compiler import formula
from lawbook.laws.formulas.given import columns_in, index_in, is_formula, law_of
from lawbook.laws.formulas.text import FormulaError, parse
from lawbook.laws.formulas.values import columns_read, values_of

__all__ = [
    "FormulaError",
    "columns_in",
    "columns_read",
    "formula",
    "index_in",
    "is_formula",
    "law_of",
    "parse",
    "values_of",
]
