"""The weights that add modulo p: exactly with even phases, by half the units' chance with random ones."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.axes import AxisError
from lawbook.models.cosine_network import model
from lawbook.tasks.modular_table import task
from lawbook.theory.modular_addition import EVEN_PHASES


def config(modulus: int, width: int, phases: str, seed: int = 0) -> dict[str, object]:
    return {
        "task": "modular_table", "modulus": modulus, "samples": 1, "width": width, "phases": phases, "seed": seed
    }  # fmt: skip


def outputs(of: dict[str, object]) -> np.ndarray:
    examples = task.examples(of)
    return model.outputs(
        of, model.solve(of, examples.inputs.astype(float), examples.targets), examples.inputs
    )


@pytest.mark.parametrize("modulus", [3, 7, 23, 31])
def test_even_phases_give_the_table_exactly(modulus: int) -> None:
    of = config(modulus, 3 * (modulus - 1), "even")
    hot = np.eye(modulus)[task.examples(of).targets]
    np.testing.assert_allclose(outputs(of), EVEN_PHASES / 4 * (modulus * hot - 1), atol=1e-10)


def test_random_phases_cancel_as_the_width_grows() -> None:
    targets = task.examples(config(31, 32, "random")).targets
    right = {
        width: np.mean(
            [
                (outputs(config(31, width, "random", seed)).argmax(1) == targets).mean()
                for seed in range(4)
            ]
        )
        for width in (32, 64, 256)
    }  # fmt: skip
    assert 0.7 < right[32] < 0.95 < right[64] < 1.0 == right[256]


def test_another_width_of_even_phases_and_too_small_a_modulus_are_one_clear_error() -> None:
    with pytest.raises(AxisError, match="phases cancel among 6 units of each frequency; write 18"):
        model.shapes(config(7, 20, "even"), 14, 7)
    with pytest.raises(AxisError, match="modulus = 2: there is no frequency above 0; write 3 or more"):
        model.shapes(config(2, 20, "random"), 4, 2)
