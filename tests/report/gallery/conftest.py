"""A results folder of finished studies for the gallery: their cards are made here, some in words that would act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lawbook.results.card import Card, ClaimCard, CostCard, ExponentCard, write_card
from lawbook.storage.files import write_text

ATTACK = (
    "</script><script>document.title = 'attacked'</script><img src=x onerror=\"document.title='attacked'\">"
)
SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:dc="http://purl.org/dc/elements/1.1/" width="4" height="3">
<metadata><dc:title>A curve</dc:title><dc:description>Seeds 0 to 3</dc:description></metadata>
<script>document.title = 'attacked'</script><path d="M0 0 L4 3"/></svg>"""


def claim(text: str = "α is 0.5 ± 0.1", **other: Any) -> ClaimCard:
    """Return a claim that holds, with these fields otherwise."""
    usual: dict[str, Any] = {
        "text": text, "verdict": "holds", "origin": "preregistered", "source": "", "expected": "0.5 ± 0.1",
        "expected_low": 0.4, "expected_high": 0.6, "estimate": 0.5, "low": 0.45, "high": 0.55, "n": 8, "reason": "",
        "note": "", "scale_there": {}, "scale_here": {},
    }  # fmt: skip
    return ClaimCard.model_validate(usual | other)


def exponent(law: str = "error_by_data", **other: Any) -> ExponentCard:
    """Return an exponent that stands, with these fields otherwise."""
    usual: dict[str, Any] = {
        "law": law, "group": "", "form": "power", "parameter": "alpha", "y": "test_error", "x": "samples",
        "status": "ok", "estimate": 0.5, "low": 0.45, "high": 0.55, "decades": 1.5, "exact": {},
    }  # fmt: skip
    return ExponentCard.model_validate(usual | other)


Finish = Callable[..., Path]
"""Writes what a finished study leaves for the gallery, and returns its folder."""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return a folder for results."""
    return tmp_path / "results"


@pytest.fixture
def finish(results: Path) -> Finish:
    """Return what lays a finished study into the results folder."""

    def finished(
        name: str,
        claims: Sequence[ClaimCard] = (),
        exponents: Sequence[ExponentCard] = (),
        cpu_s: float | None = 100.0,
        **other: Any,
    ) -> Path:
        trained = cpu_s is not None
        cost = CostCard(
            runs=40, cpu_s=cpu_s, flops=2e9 if trained else None, devices=["cpu"] if trained else []
        )
        usual: dict[str, Any] = {
            "study": name, "title": f"Title of {name}", "question": "Is it so?", "topic": "", "answer": ["It is so."],
            "hero": "law_a", "claims": list(claims), "exponents": list(exponents), "cost": cost, "lawbook": "0",
        }  # fmt: skip
        folder = results / name
        write_card(Card.model_validate(usual | other), folder)
        write_text(folder / "thumbnail.svg", SVG)
        write_text(folder / "thumbnail.png", f"picture of {name}")
        return folder

    return finished


@pytest.fixture
def three(finish: Finish, results: Path) -> Path:
    """Return results of three studies, two of one topic, of which one is hostile."""
    finish(
        "digits",
        [
            claim("error falls", verdict="holds", origin="published", source="Hestness 2017",
                  scale_there={"D": 5e4}, scale_here={"D": 1297}),
            claim("floor is low", verdict="fails", origin="exploratory", estimate=-0.2, low=-0.3, high=-0.1),
            claim("never measured", verdict="undecided", estimate=None, low=None, high=None, origin="exact"),
        ],
        [exponent(), exponent("error_by_width", status="refused", estimate=9.0, x="width")],
        topic="Scaling laws",
    )  # fmt: skip
    finish(
        "oracle",
        [claim("ratio is 1", verdict="undecided", origin="exact", estimate=3.0)],
        topic="Scaling laws",
    )
    finish(
        "quanta@quick",
        [claim(ATTACK, source=ATTACK, note=ATTACK, expected=ATTACK)],
        [exponent(y=ATTACK, x=ATTACK, group=f"a={ATTACK}", form=ATTACK)],
        title=ATTACK, question=ATTACK, topic=ATTACK, answer=[ATTACK, ATTACK],
    )  # fmt: skip
    return results
