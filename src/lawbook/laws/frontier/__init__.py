"""Frontiers: the best model size and data for a budget, and the best pool to prune."""

from lawbook.laws.frontier.beyond_power import Judged, judge, other_forms
from lawbook.laws.frontier.cost import SIX, compute_of, rule_of
from lawbook.laws.frontier.exponent import exponent
from lawbook.laws.frontier.methods import METHODS, frontier
from lawbook.laws.frontier.parametric import parametric
from lawbook.laws.frontier.pareto import Pareto, pareto
from lawbook.laws.frontier.result import Frontier
from lawbook.laws.frontier.runs import noise_between

__all__ = [
    "METHODS",
    "SIX",
    "Frontier",
    "Judged",
    "Pareto",
    "compute_of",
    "exponent",
    "frontier",
    "judge",
    "noise_between",
    "other_forms",
    "parametric",
    "pareto",
    "rule_of",
]
