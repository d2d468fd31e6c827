"""Throughput in a few comparisons: CPU-seconds of both sides in each of several turns, for a page that gathers speeds.

Each turn measures both sides in new processes, one after the other; what counts is the ratio within a turn.
"""

from __future__ import annotations

from typing import NamedTuple

from step_speed import CASES
from sweep_throughput import STEP_BLOCK, lawbook_way, lightning_way, measure, measure_steps


class Turn(NamedTuple):
    """CPU-seconds of one run, or of one step of it, in one turn."""

    peer_s: float
    lawbook_s: float


def sweep_turns(turns: int, runs: int = 256) -> list[Turn]:
    """Return a run of a whole sweep, start-up included: a Lightning process for each, and one process for all."""
    found = []
    for turn in range(turns):
        (peer, _), (lawbook, _) = (measure(way, turn) for way in (lightning_way(), lawbook_way(runs)))
        found.append(Turn(peer.cpu_s, lawbook.cpu_s))
    return found


def stacked_step_turns(turns: int, steps: int = STEP_BLOCK) -> list[Turn]:
    """Return a step of a run of the small perceptron: the bare loop, and a stack of 64 in Lightning."""
    return _step_turns(0, turns, steps)


def widest_step_turns(turns: int, steps: int = STEP_BLOCK) -> list[Turn]:
    """Return a step of a run of the widest perceptron: the bare loop, and the stack that the plan chooses."""
    return _step_turns(len(CASES) - 1, turns, steps)


def _step_turns(case: int, turns: int, steps: int) -> list[Turn]:
    rows = [measure_steps(turn, steps, [case])[0] for turn in range(turns)]
    return [Turn(row["bare_s"], row["stacked_s"]) for row in rows]
