"""Near-duplicates are found among images and in text, and hardly an original is taken for one."""

from __future__ import annotations
