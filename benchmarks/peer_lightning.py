"""Peer: an ordinary Lightning process that trains one run, with a CSV logger and a checkpoint at the end."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler, TensorDataset
from workload import BATCH_SIZE, N_TEST, STEPS, begun_model, load_digits, one_thread, peer_main, seed_and_rate


class Classifier(pl.LightningModule):
    """The small classifier as the Lightning manual would write it."""

    def __init__(self, model: nn.Sequential, rate: float) -> None:
        super().__init__()
        self.model, self.rate = model, rate

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the mean cross-entropy of a batch, and log it."""
        loss = cross_entropy(self.model(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def test_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Log the share of wrongly classified images."""
        self.log("test_error", (self.model(batch[0]).argmax(-1) != batch[1]).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return a fused AdamW."""
        return torch.optim.AdamW(self.parameters(), lr=self.rate, weight_decay=0.0, fused=True)


def _loader(inputs: Tensor, labels: Tensor, batch_size: int, shuffle: bool) -> DataLoader:
    """Return a loader that takes a batch by one indexing, the fast way: the peer is not to be slowed by it."""
    data = TensorDataset(inputs, labels)
    sampler = RandomSampler(data) if shuffle else SequentialSampler(data)
    return DataLoader(data, sampler=BatchSampler(sampler, batch_size, drop_last=shuffle), batch_size=None)


def train_one(run: int, folder: Path) -> list[dict[str, float]]:
    """Train the run of this number."""
    one_thread()
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    seed, rate = seed_and_rate(run)
    torch.manual_seed(seed)
    digits = load_digits(folder)
    trainer = pl.Trainer(
        max_steps=STEPS,
        accelerator="cpu",
        devices=1,
        logger=CSVLogger(folder, name=""),
        callbacks=[ModelCheckpoint(folder / "checkpoints", every_n_train_steps=STEPS)],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module = Classifier(begun_model(folder, seed), rate)
    trainer.fit(module, _loader(digits.train_inputs, digits.train_labels, BATCH_SIZE, shuffle=True))
    test = _loader(digits.test_inputs, digits.test_labels, N_TEST, shuffle=False)
    error = trainer.test(module, test, verbose=False)[0]["test_error"]
    return [{"run": run, "seed": seed, "learning_rate": rate, "test_error": error}]


if __name__ == "__main__":
    peer_main(train_one, __doc__ or "")
