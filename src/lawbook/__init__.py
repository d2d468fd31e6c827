"""Lawbook: scaling-law studies that anyone can rerun and believe."""

from importlib.metadata import version

__version__ = version("lawbook")
