"""The table of modular sums for networks whose weights are written down: no network that learns vectors reads it."""

from __future__ import annotations

from lawbook.tasks.modular_addition import ModularAddition


class ModularTable(ModularAddition):
    """The examples of `modular_addition`, as a kind of inputs of their own: pairs of residues."""

    inputs = "residues"


task = ModularTable()
