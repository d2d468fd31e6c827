"""The optional parts of Lawbook: which modules each brings, and what is said where one of them is missing."""

from __future__ import annotations

from importlib.util import find_spec

EXTRAS = {"train": ("torch", "pytorch_lightning", "tokenizers"), "workflow": ("snakemake",)}
"""Modules by the extra of the package that brings them."""

INSTALL = f"pip install 'lawbook[{','.join(EXTRAS)}]'"


def lacking(module: str) -> str | None:
    """Say what to install for a module that was not found; None if it belongs to no extra.

    >>> lacking("torch.nn")
    "torch is not installed, and this needs it; pip install 'lawbook[train,workflow]'"
    """
    name = module.partition(".")[0]
    if not any(name in modules for modules in EXTRAS.values()):
        return None
    return f"{name} is not installed, and this needs it; {INSTALL}"


def need(module: str) -> None:
    """Raise ModuleNotFoundError if a module is missing that another process will import."""
    if find_spec(module) is None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)
