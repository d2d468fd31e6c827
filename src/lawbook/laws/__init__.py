"""Scaling laws: fit a law to a table of runs, compare laws, read local slopes.

>>> laws["power_floor"].formula
'y = E + A x^-α'
"""

from lawbook.laws.compare import Comparison, compare
from lawbook.laws.extrapolate import Extrapolation, Rule, extrapolate
from lawbook.laws.fit import fit
from lawbook.laws.fitted import Fit
from lawbook.laws.forms import laws
from lawbook.laws.law import Law
from lawbook.laws.loss import LOSSES, Loss
from lawbook.laws.note import Note, Severity
from lawbook.laws.slopes import local_slopes
from lawbook.laws.uncertainty import Estimate

__all__ = [
    "LOSSES",
    "Comparison",
    "Estimate",
    "Extrapolation",
    "Fit",
    "Law",
    "Loss",
    "Note",
    "Rule",
    "Severity",
    "compare",
    "extrapolate",
    "fit",
    "laws",
    "local_slopes",
]
