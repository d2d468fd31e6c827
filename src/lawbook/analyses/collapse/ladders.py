"""The learning curves of one case of a collapse by size, read on ladders t* ∝ N^γ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lawbook.analyses.collapse.block import CollapseBlock
from lawbook.errors import LawbookError
from lawbook.laws.collapse import on_curve
from lawbook.laws.law import Array
from lawbook.laws.note import Note, warning
from lawbook.results.evaluations import examples_of
from lawbook.results.words import plain
from lawbook.storage.status import RunStatus

_EXPONENTS = 81
_ROUNDING = 0.005
"""Whole steps miss t* by this share at most, where a ladder has a hundred steps or more."""


@dataclass(frozen=True)
class SizeCurves:
    """The curves of one size: `ends` (J,) the times of its trainings, and of each the times (k,) and losses (S, k)."""

    ends: Array
    times: tuple[Array, ...]
    losses: tuple[Array, ...]

    def at_end_of(self, ladder: Array, shares: Array, along: bool) -> tuple[Array, Array]:
        """Return the losses (S, G, X) at shares of trainings of the times (G,), and (S, G) at their ends.

        Between trainings they are interpolated; `along` the curve, if each evaluation is the end of one. NaN outside.
        """
        if along:
            (times,), (losses,) = self.times, self.losses
            wanted = np.multiply.outer(ladder, np.append(shares, 1.0))
            found = on_curve(times, losses, wanted.ravel()).reshape(-1, *wanted.shape)
            return found[..., :-1], found[..., -1]
        each = [
            on_curve(times / end, losses, np.append(shares, 1.0))
            for end, times, losses in zip(self.ends, self.times, self.losses, strict=True)
        ]
        stacked = np.stack(each, axis=-1)  # (S, X + 1, J)
        close = np.where(ladder < self.ends[0], self.ends[0], np.minimum(ladder, self.ends[-1]))
        if len(self.ends) == 1:
            found = np.repeat(stacked, len(ladder), axis=-1)
        else:
            flat = on_curve(self.ends, stacked.reshape(-1, len(self.ends)), close)
            found = flat.reshape(*stacked.shape[:-1], -1)
        found = np.where(np.abs(close / ladder - 1) <= _ROUNDING, found, np.nan).swapaxes(1, 2)
        return found[..., :-1], found[..., -1]


@dataclass(frozen=True)
class Case:
    """The curves of each size, rising, of one case, over the same seeds; `anchor` is t* of the smallest."""

    sizes: Array
    curves: tuple[SizeCurves, ...]
    anchor: float
    along: bool
    seeds: int
    runs: int

    @property
    def single(self) -> bool:
        """Tell whether each size was trained for one time alone, so that there is one ladder."""
        return not self.along and all(len(each.ends) == 1 for each in self.curves)

    def exponents(self, wanted: tuple[float, float] | None) -> Array:
        """Return the exponents that are tried (G,): of those wanted, what all sizes were trained for; perhaps none."""
        low, high = (0.0, np.inf) if self.along else (-np.inf, np.inf)
        for size, each in zip(self.sizes[1:], self.curves[1:], strict=True):
            first, last = np.log(each.ends[[0, -1]] / self.anchor) / np.log(size / self.sizes[0])
            low, high = low if self.along else max(low, first), min(high, last)
        if wanted is not None:
            low, high = max(low, wanted[0]), min(high, wanted[1])
        return np.linspace(low, high, _EXPONENTS) if low < high else np.empty(0)

    def ladders(self, exponents: Array, shares: Array) -> tuple[Array, Array]:
        """Return the losses (S, N, G, X) at shares of training on each ladder, and (S, N, G) at its ends."""
        found = [
            each.at_end_of(self.anchor * (size / self.sizes[0]) ** exponents, shares, self.along)
            for size, each in zip(self.sizes, self.curves, strict=True)
        ]
        at, end = zip(*found, strict=True)
        return np.stack(at, axis=1), np.stack(end, axis=1)

    def ladder(self, exponent: float | None, shares: Array) -> tuple[Array, Array]:
        """Return the losses (S, N, X) and (S, N) of one ladder; None is that of each size's only training."""
        if exponent is not None:
            at, end = self.ladders(np.array([exponent]), shares)
            return at[:, :, 0], end[:, :, 0]
        found = [each.at_end_of(each.ends, shares, False) for each in self.curves]
        return np.stack([at[:, 0] for at, _ in found], axis=1), np.stack([e[:, 0] for _, e in found], axis=1)


def gather(block: CollapseBlock, rows: pd.DataFrame) -> tuple[Case, list[Note]]:
    """Return the curves of one case by size, over the seeds that every training has."""
    if block.time == "step":
        share, whole = rows["step"] / rows["steps"], rows["steps"]
    else:
        examples = examples_of(rows)
        share = rows["samples_seen"] / examples
        whole = examples if block.time == "samples_seen" else rows["flops"] / share
    table = pd.DataFrame(
        {
            "size": rows[block.size].astype(float), "end": whole.astype(float), "seed": rows["seed"],
            "run": rows["run_id"], "time": share * whole, "y": rows[block.y].astype(float), "status": rows["status"],
        }
    )  # fmt: skip
    lost = table.loc[(table["status"] != RunStatus.OK) | table["y"].isna(), "seed"].unique()
    trainings = table[["size", "end"]].drop_duplicates()
    counts = table.groupby("seed")["run"].nunique()
    if len(counts) and counts.max() > len(trainings):
        raise LawbookError(
            f"runs of one {plain(block.size)}, seed and training time differ in another axis; "
            "name it under by, or choose one of its values under where"
        )
    kept = [seed for seed, n in counts.items() if n == len(trainings) and seed not in lost]
    notes = []
    if len(kept) < len(counts):
        n = len(counts) - len(kept)
        notes.append(
            warning("seeds_left_out", f"{n} seeds lack a size, or have a run that was lost", seeds=n)
        )
    table = table[table["seed"].isin(kept)].sort_values(["size", "end", "seed", "time"])
    curves = []
    for _, of_size in table.groupby("size"):
        ends, times, losses = [], [], []
        for end in of_size["end"].unique():
            wide = (
                of_size[of_size["end"] == end]
                .pivot_table(index="seed", columns="time", values="y")
                .dropna(axis=1)
            )
            ends.append(end)
            times.append(wide.columns.to_numpy(dtype=float))
            losses.append(wide.to_numpy(dtype=float))
        if block.at == "every":
            ends, times, losses = ends[-1:], times[-1:], losses[-1:]
        curves.append(SizeCurves(np.array(ends), tuple(times), tuple(losses)))
    sizes = np.sort(table["size"].unique())
    anchor = block.anchor or (float(curves[0].ends[-1]) if curves else np.nan)
    along = block.at == "every"
    return Case(sizes, tuple(curves), anchor, along, len(kept), table["run"].nunique()), notes
