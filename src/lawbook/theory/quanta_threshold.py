"""Tasks learned by the threshold rule of `lawbook.theory.quanta`, beside trained networks."""

from __future__ import annotations

from lawbook.theory._learning import LearningCurve

exact_curve = LearningCurve("threshold")
