"""Settings of hyperparameters with their neighbours, each of which differs from its setting in one of them alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lawbook.studies.identity import NOT_IDENTITY

NEIGHBOURS = 2
"""Neighbours on each side of a setting: the nearer ones give a derivative, the farther ones its error."""


@dataclass(frozen=True)
class Star:
    """A setting, by the place of its run, and for each hyperparameter the places of runs along it, itself among them.

    They rise with the hyperparameter, as many below the setting as above.
    """

    centre: int
    arms: tuple[tuple[int, ...], ...]


def find_stars(configs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Star]:
    """Return the settings that have two neighbours on each side along every hyperparameter."""
    arms = [_arms(configs, names, name) for name in names]
    return [
        Star(place, tuple(arm[place] for arm in arms))
        for place in range(len(configs))
        if all(place in arm for arm in arms)
    ]


def lacking(configs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Return the first hyperparameter along which no setting has neighbours, else that along which fewest have."""
    return min(names, key=lambda name: len(_arms(configs, names, name)))


def _arms(
    configs: Sequence[Mapping[str, Any]], names: Sequence[str], name: str
) -> dict[int, tuple[int, ...]]:
    """Return the places of the runs along one hyperparameter around each run that has enough, by its place."""
    lines: dict[Hashable, list[int]] = defaultdict(list)
    for place, config in enumerate(configs):
        lines[_others(config, name)].append(place)
    found = {}
    for members in lines.values():
        line = sorted(members, key=lambda place: configs[place][name])
        for i, place in enumerate(line):
            if NEIGHBOURS <= i < len(line) - NEIGHBOURS:
                found[place] = tuple(line[i - NEIGHBOURS : i + NEIGHBOURS + 1])
    return found


def _others(config: Mapping[str, Any], name: str) -> Hashable:
    """Return what a run is besides one hyperparameter."""
    return tuple(
        (axis, None if value != value else value)  # NaN stands for null in a table
        for axis, value in sorted(config.items())
        if axis != name and axis not in NOT_IDENTITY
    )
