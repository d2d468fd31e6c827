"""Which studies the gallery runs by itself: of each its preset `quick`, else the study where that is quick."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lawbook.results.words import number
from lawbook.studies import Plan, find_study, load_study
from lawbook.studies.cost import run_cost
from lawbook.studies.presets import MARK
from lawbook.studies.source import awaits_table
from lawbook.studies.study import preset_names

PRESET = "quick"
LIMIT_S = 240.0
"""Predicted seconds of one core up to which a study without that preset is quick: two minutes on two cores."""

DOWNLOADED = frozenset({"cifar10"})
"""Tasks whose examples come over the network."""


@dataclass(frozen=True)
class QuickStudies:
    """The studies to run, by name, STUDY@quick or STUDY; and why each of the others is left out."""

    plans: Mapping[str, Plan]
    left_out: Mapping[str, str]


def quick_studies(studies: Iterable[str], folder: str | Path, plan_of: Callable[[str], Plan]) -> QuickStudies:
    """Return which of some studies, by name without a preset, are quick.

    plan_of: gives the plan of a study, or of a preset. Raises what it raises.
    """
    plans: dict[str, Plan] = {}
    left_out: dict[str, str] = {}
    for study in studies:
        file = find_study(study, folder)
        if awaits_table(load_study(file)):
            left_out[study] = "its table is not here"
            continue
        has_preset = PRESET in preset_names(file)
        name = f"{study}{MARK}{PRESET}" if has_preset else study
        plan = plan_of(name)
        if reason := _why_not(plan):
            left_out[study] = reason
        else:
            plans[name] = plan
    return QuickStudies(plans, left_out)


def predicted_seconds(plan: Plan) -> float:
    """Return the seconds that training a study is predicted to take on one core, its probes included."""
    probes = [probe for pool in plan.pools for probe in pool.every_probe]
    return sum(run_cost(run.config).seconds for run in (*plan.runs, *probes))


def _why_not(plan: Plan) -> str:
    """Say why a study is not quick; '' if it is."""
    configs = [run.config for run in plan.runs]
    if any(config["task"] in DOWNLOADED for config in configs):
        return "its data are downloaded"
    if any(config["device"] != "cpu" for config in configs):
        return "it trains on a GPU"
    seconds = predicted_seconds(plan)
    if seconds > LIMIT_S:
        return f"it has no preset {PRESET} and takes about {number(round(seconds))} s of one core"
    return ""
