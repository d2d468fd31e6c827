"""Labels of axes: units of losses where sweeps train on several tasks."""

from __future__ import annotations

from lawbook.results.words import label
from lawbook.studies.schema import StudyFile

STUDY = {
    "title": "Units",
    "question": "In what?",
    "task": {"name": "sparse_parity"},
    "model": {"name": "parity_mlp"},
    "sweeps": {
        "bits": {"axes": {"width": [4, 8]}},
        "lines": {
            "set": {"task": {"name": "digits"}, "model": "mlp", "loss": "squared_error"},
            "axes": {"width": [4]},
        },
        "both": {"axes": {"loss": ["cross_entropy", "squared_error"]}},
        "several": {
            "union": [{"axes": {"width": [4]}}, {"axes": {"width": [8]}, "set": {"loss": "squared_error"}}]
        },
    },
}


def test_a_loss_has_the_unit_of_its_sweep_and_none_where_runs_differ() -> None:
    content = StudyFile.model_validate(STUDY)
    assert label("test_loss", content, "bits") == "test loss (nats)"
    assert label("test_loss", content, "lines") == "test loss (squared error)"
    assert {label("test_loss", content, sweep) for sweep in ("both", "several", None)} == {"test loss"}
    assert label("test_error", content, "both") == "test error (share wrong)"
