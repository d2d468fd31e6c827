"""Is this machine fit for Lawbook? Each check is a function without arguments that returns one `Finding`.

To add one, write the function into a module here and name it in CHECKS.
"""

from __future__ import annotations

from collections.abc import Callable

from lawbook.doctor.finding import Finding
from lawbook.doctor.machine import cores, gpu, memory
from lawbook.doctor.places import clock, free_space, settings, writable
from lawbook.doctor.processor import gradients
from lawbook.doctor.software import lawbook, packages, python, snakemake, torch

CHECKS: tuple[Callable[[], Finding], ...] = (
    lawbook,
    python,
    packages,
    torch,
    snakemake,
    cores,
    memory,
    gpu,
    settings,
    writable,
    free_space,
    clock,
    gradients,
)
"""In the order shown: the first need nothing but what `lawbook --help` needs, the last takes seconds."""

__all__ = ["CHECKS", "Finding"]
