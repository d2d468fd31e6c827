"""Pruning: metrics score the examples of a pool (high = hard), selection keeps a part of it."""

from lawbook.pruning.metrics import metrics
from lawbook.pruning.selection import keep_order, select

__all__ = ["keep_order", "metrics", "select"]
