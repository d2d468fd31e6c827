"""What the exponents of a text are called, wherever the study tells of them."""

from __future__ import annotations

SYMBOLS = {"beta": "β", "gamma": "γ", "predicted": "γ/2β", "measured": "α_D of training"}
