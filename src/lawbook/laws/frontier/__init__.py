"""Frontiers: the best model size and data for a budget, the best pool to prune, and envelopes over any choice."""

from lawbook.laws.frontier.beyond_power import Judged, judge, other_forms
from lawbook.laws.frontier.cost import SIX, compute_of
from lawbook.laws.frontier.envelope import Envelope, lower_envelope
from lawbook.laws.frontier.exponent import exponent
from lawbook.laws.frontier.methods import METHODS, frontier
from lawbook.laws.frontier.parametric import parametric
from lawbook.laws.frontier.pareto import Pareto, pareto
from lawbook.laws.frontier.result import Frontier
from lawbook.laws.frontier.runs import noise_between

__all__ = [
    "METHODS",
    "SIX",
    "Envelope",
    "Frontier",
    "Judged",
    "Pareto",
    "compute_of",
    "exponent",
    "frontier",
    "judge",
    "lower_envelope",
    "noise_between",
    "other_forms",
    "parametric",
    "pareto",
]
