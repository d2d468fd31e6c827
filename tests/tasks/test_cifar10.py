"""CIFAR-10 in its published format, on a tiny archive: read, refused when damaged, augmented, pruned and trained."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lawbook.errors import LawbookError
from lawbook.report.figures import draw_figure
from lawbook.results.collect import collect_runs
from lawbook.scoring.score import score_pools
from lawbook.storage.tables import write_table
from lawbook.studies import load_study, make_plan
from lawbook.tasks import cifar10
from lawbook.training.shard import train_shard

STUDIES = Path(__file__).parents[2] / "config/studies"
CONFIG = {"samples": 40, "label_noise": 0.0, "augment": "crop_flip", "seed": 0}


def archive(per_file: int, short: int = 0) -> bytes:
    """Return an archive in the published format; each image is a dark square of its class's brightness."""
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]:
            labels = np.arange(per_file) % 10
            pixels = 25 * labels[:, None] + rng.integers(0, 20, (per_file, 3072))
            data = np.concatenate([labels[:, None], pixels], axis=1).astype(np.uint8).tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(data) - short
            tar.addfile(info, io.BytesIO(data[: info.size]))
    return buffer.getvalue()


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Serve a tiny archive from a file, with its own checksum, and return the folder for downloads."""
    served = tmp_path / "served" / "cifar-10-binary.tar.gz"
    served.parent.mkdir()
    served.write_bytes(archive(20))
    monkeypatch.setattr(cifar10, "URL", served.as_uri())
    monkeypatch.setattr(cifar10, "MD5", hashlib.md5(served.read_bytes()).hexdigest())
    monkeypatch.setattr(cifar10, "PER_FILE", 20)
    monkeypatch.setenv(cifar10.FOLDER, str(tmp_path / "downloads"))
    cifar10._examples.cache_clear()
    yield tmp_path / "downloads"
    cifar10._examples.cache_clear()


def test_images_are_read_as_published(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    examples = cifar10.task.examples(CONFIG)
    assert examples.inputs.shape == (120, 32, 32, 3)
    assert examples.inputs.dtype == np.float32
    assert examples.targets[:20].tolist() == [*range(10), *range(10)]
    brightness = examples.inputs.mean(axis=(1, 2, 3))
    assert np.corrcoef(brightness, examples.targets)[0, 1] > 0.99
    splits = cifar10.task.splits(CONFIG)
    assert {name: len(part) for name, part in splits.items()} == {"test": 20, "validation": 10, "pool": 90}
    assert len(np.unique(np.concatenate(list(splits.values())))) == 120
    assert "Downloading" in capsys.readouterr().err
    cifar10._examples.cache_clear()
    cifar10.task.examples(CONFIG)
    assert capsys.readouterr().err == "", "the second time it is there"


def test_another_file_is_refused_and_nothing_is_left(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "MD5", "0" * 32)
    with pytest.raises(
        LawbookError, match=r"its MD5 is .*, and the published one of .* is 0{32}; delete the file"
    ):
        cifar10.task.examples(CONFIG)
    assert list(tiny.iterdir()) == []


def test_no_network_is_one_clear_error(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "URL", "file:///nowhere/cifar-10-binary.tar.gz")
    with pytest.raises(
        LawbookError, match=r"cannot be downloaded .*; download it by other means, put it there as"
    ):
        cifar10.task.examples(CONFIG)
    assert list(tiny.iterdir()) == []


def test_a_short_file_is_one_clear_error(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.mkdir()
    data = archive(20, short=5)
    (tiny / "cifar-10-binary.tar.gz").write_bytes(data)
    monkeypatch.setattr(cifar10, "MD5", hashlib.md5(data).hexdigest())
    with pytest.raises(LawbookError, match=r"data_batch_1.bin holds 61,455 bytes instead of 61,460; delete"):
        cifar10.task.examples(CONFIG)


def test_augmentation_shifts_and_mirrors_as_a_function_of_seed_and_step(tiny: Path) -> None:
    inputs = torch.from_numpy(cifar10.task.examples(CONFIG).inputs[:12]).view(2, 6, 32, 32, 3)
    one = cifar10.task.augment(CONFIG, inputs, [3, 4], 7)
    again = cifar10.task.augment(CONFIG, inputs[1:], [4], 7)
    assert torch.equal(one[1:], again)
    assert not torch.equal(one, cifar10.task.augment(CONFIG, inputs, [3, 4], 8))
    same = cifar10.task.augment(CONFIG | {"augment": "none"}, inputs, [3, 4], 7)
    assert same is inputs
    padded = torch.nn.functional.pad(inputs, (0, 0, 4, 4, 4, 4))
    for image, changed in zip(padded.flatten(0, 1), one.flatten(0, 1), strict=True):
        found = [
            (down, right, mirror)
            for down in range(9)
            for right in range(9)
            for mirror in (False, True)
            if torch.equal(
                image[down : down + 32, right : right + 32].flip(1)
                if mirror
                else image[down : down + 32, right : right + 32],
                changed,
            )
        ]
        assert found, "each is a shift of the padded image, mirrored or not"


def test_a_small_resnet_is_scored_pruned_and_trained(tiny: Path, tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text("""
title: Tiny
question: Does the whole path work?
task: {name: cifar10, augment: crop_flip}
model: {name: resnet18, width: 2}
training: {optimizer: sgd, momentum: 0.9, learning_rate: 0.05, batch_size: 16, steps: 6, schedule: cosine}
pruning: {probes: 2, probe_steps: 3}
sweeps:
  pruned: {axes: {metric: [random, el2n], keep_fraction: [0.5, 1.0]}, set: {samples: 40}}
""")
    plan = make_plan(load_study(file))
    scores, scorings = score_pools(plan.pools, cache=tmp_path / "cache", code="1")
    assert sorted(scorings["metric"]) == ["disputed", "el2n"]
    for shard, runs in plan.shards.items():
        curves, outcomes = train_shard(runs, shard=shard, cache=tmp_path / "cache", code="1", scores=scores)
        assert (outcomes["status"] == "ok").all()
        assert set(outcomes["n_train"]) <= {20, 40}
        assert curves["value"].notna().all()


@pytest.mark.slow
def test_the_shipped_study_runs_from_download_to_figures(tiny: Path, tmp_path: Path) -> None:
    """Every metric and selector of the study on 20 images: less of everything, and nothing else changed."""
    text = (STUDIES / "cifar10_pruning.yaml").read_text()
    for long, short in (
        ("name: cifar10,", "name: cifar10, samples: 20,"), ("width: 64", "width: 2"), ("epochs: 200", "epochs: 1"),
        ("batch_size: 128, steps: 70312, device: cuda", "batch_size: 4, steps: 3, evaluations: 2"),
        ("probes: 10, probe_steps: 7031, trajectory_steps: 70312", "probes: 2, probe_steps: 2, trajectory_steps: 3"),
        ("0.2, 0.3, 0.5, 0.7, 0.9, 1.0", "0.5, 1.0"), ("[0.1, 0.2, 0.3, 0.5, 0.7]", "[0.1]"), ("count: 3", "count: 2"),
        ("[0.1, 0.3, 0.5, 0.7, 1.0]", "[0.1, 0.5, 1.0]"), ("[0.1, 0.3, 0.5, 0.7]", "[0.1, 0.5]"),
    ):  # fmt: skip
        assert long in text
        text = text.replace(long, short)
    (tmp_path / "tiny.yaml").write_text(text)
    plan = make_plan(load_study(tmp_path / "tiny.yaml"))
    (tmp_path / "shards").mkdir()
    cache, files = tmp_path / "cache", []
    scores, scorings = score_pools(plan.pools, cache=cache, code="1")
    assert set(scorings["metric"]) == {"el2n", "forgetting", "aum", "prototypes_self", "disputed"}
    for shard, runs in plan.shards.items():
        curves, outcomes = train_shard(runs, shard=shard, cache=cache, code="1", scores=scores)
        files.append(tmp_path / f"shards/{shard}.parquet")
        write_table(curves, files[-1], "curves")
        write_table(outcomes, files[-1].with_suffix(".runs.parquet"))
    runs, _ = collect_runs(plan, files)
    assert (runs["status"] == "ok").all()
    kept = (runs["keep_fraction"] * runs["samples"]).round()
    assert (runs["n_train"] == kept).all()
    in_passes = runs[runs["epochs"] == 1]
    assert (in_passes["steps"] == (in_passes["n_train"] / 4).round().clip(lower=1)).all(), (
        "one pass over what is kept"
    )
    write_table(runs, tmp_path / "runs.parquet", roles=plan.roles)
    write_table(scores, tmp_path / "scores.parquet", "scores")
    write_table(scorings, tmp_path / "scorings.parquet", "scorings")
    for block in plan.study.content.figures[:3]:
        draw_figure(block, tmp_path, plan.study.content, tmp_path / "figures")
    shown = pd.read_csv(tmp_path / "figures/gallery_equal_epochs.csv")
    assert set(shown["metric"]) == {"el2n", "forgetting", "aum", "prototypes_self"}
    against_random = pd.read_csv(tmp_path / "figures/metrics_equal_epochs.csv")
    assert "aum, strata, −10 % hardest" in set(against_random["selection"])
    assert (against_random["n_pairs"] == 2).all()


def test_the_study_is_planned_without_a_download(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cifar10, "URL", "file:///nowhere")
    monkeypatch.setenv(cifar10.FOLDER, str(tmp_path))
    plan = make_plan(load_study(STUDIES / "cifar10_pruning.yaml"))
    assert {run.config["device"] for run in plan.runs} == {"cuda"}
    assert plan.pools
    assert list(tmp_path.iterdir()) == []
