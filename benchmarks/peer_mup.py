"""Peer of the 288 runs of a figure on muP: one run as a process of its own, by Lightning or by a bare loop.

    python benchmarks/peer_mup.py lightning FOLDER WIDTH SEED RATE

FOLDER holds what `mup_record.py` wrote there: windows of tokens, and the initial weights of each width and seed. It
evaluates the windows that the stacks evaluate, those for validation, after training, and prints the loss on them.
Nothing here imports Lawbook.
"""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from peer_nanogpt import Shape
from peer_transformer import Transformer
from torch import Tensor

STEPS, DEPTH, HEADS, CONTEXT, VOCABULARY, BATCH_SIZE = 122, 2, 2, 16, 256, 8
BETAS, DECAY, CLIP = (0.9, 0.95), 0.1, 1.0


def shape_of(width: int) -> Shape:
    """Return the shape of a width."""
    return Shape(width, DEPTH, HEADS, CONTEXT, VOCABULARY, BATCH_SIZE)


def begun(folder: Path, width: int, seed: int) -> tuple[Transformer, dict[str, Tensor]]:
    """Return the network of a width and seed before training, and the windows of tokens."""
    network = Transformer(shape_of(width))
    network.load_state_dict(torch.load(folder / f"weights_{width}_{seed}.pt", weights_only=True))
    torch.manual_seed(seed)
    with np.load(folder / "windows.npz") as file:
        return network, {name: torch.from_numpy(file[name]) for name in file.files}


def optimizer_of(network: Transformer, rate: float) -> torch.optim.AdamW:
    """Return a fused AdamW."""
    return torch.optim.AdamW(network.parameters(), lr=rate, betas=BETAS, weight_decay=DECAY, fused=True)


def bare(folder: Path, width: int, seed: int, rate: float) -> float:
    """Train by a loop, and return the validation loss."""
    network, windows = begun(folder, width, seed)
    optimizer = optimizer_of(network, rate)
    for _ in range(STEPS):
        picks = torch.randint(len(windows["train_inputs"]), (BATCH_SIZE,))
        loss = network.loss(windows["train_inputs"][picks], windows["train_targets"][picks])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
    with torch.no_grad():
        return float(network.loss(windows["validation_inputs"], windows["validation_targets"]))


def lightning(folder: Path, width: int, seed: int, rate: float) -> float:
    """Train as the Lightning manual would write it, with a CSV logger and a checkpoint; return the validation loss."""
    import pytorch_lightning as pl
    from pytorch_lightning.callbacks import ModelCheckpoint
    from pytorch_lightning.loggers import CSVLogger
    from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler, TensorDataset

    warnings.filterwarnings("ignore", module="pytorch_lightning")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

    class Language(pl.LightningModule):
        def __init__(self, network: Transformer) -> None:
            super().__init__()
            self.network = network

        def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
            loss = self.network.loss(*batch)
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
            self.log("validation_loss", self.network.loss(*batch))

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return optimizer_of(self.network, rate)

    network, windows = begun(folder, width, seed)

    def loader(split: str, size: int) -> DataLoader:
        data = TensorDataset(windows[f"{split}_inputs"], windows[f"{split}_targets"])
        sampler = RandomSampler(data) if split == "train" else SequentialSampler(data)
        return DataLoader(data, sampler=BatchSampler(sampler, size, drop_last=False), batch_size=None)

    own = folder / f"lightning_{width}_{seed}_{rate}"
    trainer = pl.Trainer(
        max_steps=STEPS,
        accelerator="cpu",
        devices=1,
        gradient_clip_val=CLIP,
        logger=CSVLogger(own, name=""),
        callbacks=[ModelCheckpoint(own / "checkpoints", every_n_train_steps=STEPS)],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module = Language(network)
    trainer.fit(module, loader("train", BATCH_SIZE))
    validated = trainer.validate(module, loader("validation", 1 << 12), verbose=False)
    return float(validated[-1]["validation_loss"])


if __name__ == "__main__":
    torch.set_num_threads(1)
    way = {"bare": bare, "lightning": lightning}[sys.argv[1]]
    print(way(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
