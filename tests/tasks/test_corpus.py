"""The corpus: splits by file name, windows that follow one another, tokens that decode to the text, bad folders."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lawbook.axes import AxisError
from lawbook.errors import LawbookError
from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.studies.check_run import check_config
from lawbook.studies.identity import Run, run_id
from lawbook.studies.plan import shard_digest
from lawbook.tasks import _text
from lawbook.tasks.corpus import task
from lawbook.training.shard import data_digest
from lawbook.training.stack import train_stack

WORDS = [
    "the",
    "sum",
    "of",
    "all",
    "that",
    "is",
    "not",
    "(said)",
    "he:",
    "a = b + c",
    "\n   ",
    "return élan\n",
]


def config(folder: Path | str = "", **fields: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"task": "corpus", "model": "transformer"}
    for axes in (task.axes, models["transformer"].axes, TrainingAxes, PruningAxes, SeedAxes):
        base |= axes.defaults()
    return (
        base | {"folder": str(folder), "vocabulary": 256, "context": 16, "samples": 40, "width": 8} | fields
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of forty files."""
    made, rng = tmp_path_factory.mktemp("texts"), np.random.default_rng(0)
    for i in range(40):
        file = made / f"part {i % 3}" / f"{i}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(" ".join(rng.choice(WORDS, size=60)), encoding="utf-8")
    return made


@pytest.mark.parametrize("vocabulary", [256, 300])
def test_each_target_follows_its_input_and_windows_give_the_text_back(folder: Path, vocabulary: int) -> None:
    one = config(folder, vocabulary=vocabulary)
    examples = task.examples(one)
    assert examples.inputs.shape == examples.targets.shape
    assert examples.inputs.shape[1] == 16
    np.testing.assert_array_equal(examples.inputs[:, 1:], examples.targets[:, :-1])
    test = _text.tokens_of(str(folder), vocabulary)["test"]
    whole = _text.END.join([_text.read_texts(str(folder))[name] for name in test.files]) + _text.END
    assert task.text(one, test.ids.tolist()) == whole
    assert whole.startswith(task.text(one, examples.inputs[:5].ravel().tolist()))
    assert int(examples.inputs.max()) < vocabulary


def test_a_larger_vocabulary_makes_fewer_tokens(folder: Path) -> None:
    counts = [len(_text.tokens_of(str(folder), size)["pool"].ids) for size in (256, 280, 300)]
    assert counts[0] > 1.3 * counts[1] > 1.3 * counts[2]


def test_splits_are_of_whole_files_and_a_new_file_moves_no_other(folder: Path) -> None:
    one = config(folder)
    splits = task.splits(one)
    assert not set(splits["pool"]) & (set(splits["test"]) | set(splits["validation"]))
    for split, windows in splits.items():
        for window in windows[:: max(1, len(windows) // 20)]:
            assert _text.split_of(task.file_of(one, int(window), 3)) == split
    assert {_text.split_of(f"part 0/{i}.txt") for i in range(200)} == {"test", "validation", "pool"}


def test_a_targets_file_is_the_one_that_its_token_came_from(folder: Path) -> None:
    one = config(folder)
    pool = _text.tokens_of(str(folder), 256)["pool"]
    windows = task.splits(one)["pool"]
    ends = [(w, p) for w in range(len(windows)) for p in range(16) if pool.ids[16 * w + p + 1] == 0][:5]
    for number, (w, p) in enumerate(ends):
        assert task.file_of(one, int(windows[w]), p) == pool.files[number]


def test_python_s_own_library_is_read_without_its_tests() -> None:
    texts = _text.read_texts("")
    assert "argparse.py" in texts
    assert len(texts) > 300
    assert not [name for name in texts if {"test", "tests", "site-packages"} & set(name.split("/"))]
    assert task.outside(config()) == ""


def test_a_changed_folder_changes_the_shard_and_the_data_but_no_run(tmp_path: Path, folder: Path) -> None:
    texts = _text.read_texts(str(folder))
    digests = []
    for change in ("", "one more sentence"):
        _text.read_texts.cache_clear()
        for name, text in texts.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text + change, encoding="utf-8")
        one = config(tmp_path)
        digests.append((shard_digest([Run(run_id(one), one)]), run_id(one)))
    assert digests[0][0] != digests[1][0]
    assert digests[0][1] == digests[1][1]
    assert len(data_digest(config(folder))) == 16
    assert data_digest(config(folder)) != data_digest(config(folder, vocabulary=300))


@pytest.mark.parametrize("vocabulary", [256, 300])
def test_a_stacked_run_of_text_is_the_run_alone_and_learns(folder: Path, vocabulary: int) -> None:
    fields = {"dtype": "float64", "steps": 30, "batch_size": 8, "evaluations": 3, "vocabulary": vocabulary}
    configs = [
        config(folder, seed=seed, learning_rate=1e-2, samples=20 + seed, **fields) for seed in range(3)
    ]
    together = train_stack(configs)
    assert together.source.n_train == [20, 21, 22]
    for place, one in enumerate(configs):
        alone = train_stack([one])
        torch.testing.assert_close(alone.stacked[0], together.stacked[place], rtol=0, atol=1e-12)
    losses = together.curve[30]["train/loss"], together.curve[1]["train/loss"]
    assert all(late < early - 0.5 for late, early in zip(*losses, strict=True))


def test_the_recorded_loss_is_the_mean_over_tokens(folder: Path) -> None:
    one = config(folder, steps=1, evaluations=1)
    trained = train_stack([one])
    examples, test = task.examples(one), task.splits(one)["test"]
    with torch.no_grad():
        outputs = trained(torch.from_numpy(examples.inputs[test])[None])[0]
    targets = torch.from_numpy(examples.targets[test])
    loss = torch.nn.functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())
    assert trained.curve[1]["test/loss"][0] == pytest.approx(float(loss), rel=1e-5)
    wrong = (outputs.argmax(-1) != targets).float().mean()
    assert trained.curve[1]["test/error"][0] == pytest.approx(float(wrong), rel=1e-6)
    assert task.n_eval(one) == targets.numel()


def refusal(one: dict[str, Any]) -> str:
    with pytest.raises(AxisError) as refused:
        check_config(one)
    return str(refused.value)


def test_a_folder_without_text_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    assert "there is no such folder; name one that holds text" in refusal(config(tmp_path / "nowhere"))
    assert "it holds no text; name a folder" in refusal(config(tmp_path))
    _text.read_texts.cache_clear()
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    assert "none of its 1 files is text in UTF-8" in refusal(config(tmp_path))


def test_binary_files_are_left_out_with_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "b.bin").write_bytes(b"wo\x00rds")
    (tmp_path / "c.bin").write_bytes(b"\xff\xfe")
    (tmp_path / ".hidden").write_bytes(b"\xff\xfe")
    with caplog.at_level(logging.WARNING):
        assert list(_text.read_texts(str(tmp_path))) == ["a.txt"]
        _text.read_texts(str(tmp_path))
    assert [r.getMessage().partition(": ")[2] for r in caplog.records] == [
        "2 of 3 files are no text in UTF-8 and left out, b.bin first"
    ]


def test_what_the_text_is_too_short_for_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LawbookError, match=r"vocabulary = 5000: the pool's text makes \d+ tokens at most"):
        task.examples(config(folder, vocabulary=5000))
    with pytest.raises(LawbookError, match=r"samples = 9000000: the text has [\d,]+ windows of 16 tokens"):
        task.splits(config(folder, samples=9_000_000))
    with pytest.raises(LawbookError, match="context = 60000: the text of the split 'test' is shorter"):
        task.splits(config(folder, context=60_000))
    (tmp_path / "only.txt").write_text("words " * 50)
    with pytest.raises(LawbookError, match="the names of its 1 files put none into the split 'test'"):
        task.examples(config(tmp_path))
    assert "are not pruned" in refusal(config(folder, keep_fraction=0.5))
