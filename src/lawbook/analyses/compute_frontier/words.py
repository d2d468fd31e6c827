"""How the methods and quantities of a compute-optimal frontier are called in figures, report and claims."""

from __future__ import annotations

from lawbook.analyses.compute_frontier.block import OF_TABLES
from lawbook.results.words import plain

QUANTITIES = {"size": "N*", "samples": "D*", "loss": "L*"}

_NAMES = dict(zip(OF_TABLES, ("isoFLOP by Akima", "isoFLOP by parabola", "envelope of curves"), strict=True))


def method_name(method: str) -> str:
    """Return what a method is called.

    >>> method_name("akima"), method_name("chinchilla_gamma")
    ('isoFLOP by Akima', 'surface of chinchilla gamma')
    """
    return _NAMES.get(method, f"surface of {plain(method)}")
